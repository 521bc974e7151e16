"""Taking the labels out of a table, and dealing its rows out to three sets."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

from typing import TYPE_CHECKING

import numpy as np

from course.tables.errors import TableError
from course.text import counted, listed, quoted

if TYPE_CHECKING:  # pandas takes long to import: the functions import it when they run
    import pandas as pd


def split_target(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Take the labels out of a table; rows without a label are left out.

    Args:
        table: features and labels, N rows with a label.
        target: the name of the column with the labels: text, whole numbers or truth values.

    Returns:
        The features, the labels `[N]` int64 from 0 to K - 1, and the names of the K classes,
        sorted: by value if all are numbers, else as text.

    Raises:
        TableError: there is no such column, no other column, only one class, or a class with
            fewer than three rows.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": range(6), "kind": ["small"] * 3 + ["large"] * 3})
    >>> features, y, class_names = split_target(table, "kind")
    >>> class_names, y.tolist()
    (['large', 'small'], [1, 1, 1, 0, 0, 0])
    """
    import pandas as pd

    if target == "" or target not in table:
        raise TableError(
            f"There is no column {quoted(target)}; "
            f"the target must be one of {listed(table.columns)}."
        )
    if table.shape[1] == 1:
        raise TableError(
            f"The table has no column beside the target {quoted(target)}; "
            "expected something to predict it from."
        )
    table = table.dropna(subset=target)
    labels = table[target].map(str)
    counts = labels.value_counts()
    if len(counts) < 2:
        found = f"only the class {quoted(counts.index[0])}" if len(counts) == 1 else "no value"
        raise TableError(
            f"The target {quoted(target)} has {found}; expected two classes or more to tell apart."
        )
    if counts.min() < 3:
        rare = counts.index[counts < 3]
        raise TableError(
            f"The target {quoted(target)} has {len(counts)} classes, but fewer than 3 rows of "
            f"{listed(rare)}; training, validation and test need one each: "
            "add rows, or join or remove such classes."
        )
    try:
        class_names = sorted(counts.index, key=float)
    except ValueError:  # not all of them are numbers
        class_names = sorted(counts.index)
    y = pd.Index(class_names).get_indexer(labels).astype(np.int64)
    return table.drop(columns=target), y, class_names


def split_rows(
    y: np.ndarray, share: float = 0.2, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split rows at random into training, validation and test set, class by class (stratified).

    scikit-learn's `train_test_split` refuses tables in which a set would be smaller than the
    number of classes; this gives each set at least one row of each class.

    Args:
        y: labels `[N]`, at least three of each class.
        share: of each class for the test set, and as much for the validation set; below 0.5.
        seed: None shuffles in a new way every time.

    Returns:
        The positions of the rows of the three sets, in random order.

    Raises:
        ValueError: a class has fewer than three rows, or `share` is out of range.

    >>> train, validation, test = split_rows(np.array([0] * 10 + [1] * 10), seed=0)
    >>> len(train), len(validation), len(test)
    (12, 4, 4)
    """
    if not 0 < share < 0.5:
        raise ValueError(f"share is {share}; expected a number between 0 and 0.5.")
    labels, counts = np.unique(y, return_counts=True)
    needed = "expected at least three rows of each class, one for each set."
    if len(labels) == 0:
        raise ValueError(f"y is empty; {needed}")
    if counts.min() < 3:
        rarest = counts.argmin()
        found = counted(counts[rarest], "row")
        raise ValueError(f"the class {labels[rarest]} has {found}; {needed}")
    rng = np.random.default_rng(seed)
    train, validation, test = [], [], []
    for label in labels:
        rows = rng.permutation(np.flatnonzero(y == label))
        held_out = max(1, round(share * len(rows)))
        held_out = min(held_out, (len(rows) - 1) // 2)  # one row at least stays to train on
        train.append(rows[: len(rows) - 2 * held_out])
        validation.append(rows[len(rows) - 2 * held_out : len(rows) - held_out])
        test.append(rows[len(rows) - held_out :])
    return (
        rng.permutation(np.concatenate(train)),
        rng.permutation(np.concatenate(validation)),
        rng.permutation(np.concatenate(test)),
    )
