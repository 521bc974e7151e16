"""Tables of text and numbers: reading, splitting, and turning them into features (lesson 06)."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import argparse
import io
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course.text import listed, quoted

if TYPE_CHECKING:  # most lessons can spare it: the functions import it when they run
    import pandas as pd


class TableError(ValueError):
    """A table cannot be used; the message says in one sentence what came, what was expected and how to mend it."""


@contextmanager
def exit_on_bad_input():
    """Turn a TableError, or a file that cannot be read or written, into one line on stderr and exit code 2.

    Any other error is a fault of the program and keeps its traceback.
    """
    try:
        yield
    except (TableError, OSError) as error:
        print(f"Error: {error}".encode("ascii", "backslashreplace").decode(), file=sys.stderr)
        raise SystemExit(2) from error


def table_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options `--csv FILE --target COLUMN --predict NEW.csv`; an option that is not given is None.

    Args:
        arguments: the words of the command line; None takes those of the running program, or none in a notebook, where
            they belong to the notebook's kernel.

    Raises:
        SystemExit: the options do not fit together (exit code 2, after a line that says why), or they ask for help.
    """
    if arguments is None:
        arguments = [] if sys.argv[0].endswith("kernel_launcher.py") else sys.argv[1:]
    parser = argparse.ArgumentParser(
        description="Train a network on a table, test it and save it; predict new rows."
    )
    parser.add_argument(
        "--csv", metavar="FILE", help="table to learn from (default: the lesson's own data)"
    )
    parser.add_argument(
        "--target", metavar="COLUMN", help="the column of FILE that holds the classes"
    )
    parser.add_argument(
        "--predict", metavar="NEW.csv", help="table with the same columns, to predict"
    )
    options = parser.parse_args(arguments)
    with exit_on_bad_input():
        if (options.csv is None) != (options.target is None):
            given, lacking = (
                ("--csv", "--target COLUMN")
                if options.target is None
                else ("--target", "--csv FILE")
            )
            raise TableError(
                f"{given} came without {lacking}; give both, or none for the lesson's own data."
            )
        if options.predict is not None and options.csv is None:
            raise TableError(
                "--predict came without --csv FILE --target COLUMN; name the table to learn from as well."
            )
    return options


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV file and keep every value as the text it is: 007 stays 007, and no type is guessed.

    Args:
        path: a UTF-8 file whose first line names the columns; commas, semicolons or tabs between the values, whichever
            the first line holds most of. An empty cell, `?` and pandas' own marks (NA, nan, null, ...) are missing.

    Returns:
        At least one row, numbered from 1; every value a `str` or missing. A column without a name is called "".

    Raises:
        TableError: there is no such file, or it is no such table.
    """
    import pandas as pd

    shown = ascii(str(path))
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TableError(f"There is no file {shown}; expected the path of a CSV file.") from None
    except OSError as error:
        reason = "it is a folder" if Path(path).is_dir() else error.strerror
        raise TableError(
            f"Cannot read {shown} ({reason}); expected the path of a CSV file."
        ) from None
    except UnicodeDecodeError as error:
        raise TableError(
            f"{shown} is not UTF-8 text (byte {error.start + 1}); save the table again as CSV with the encoding UTF-8."
        ) from None
    if "\0" in text:
        raise TableError(
            f"{shown} is not text but binary data; save the table again as CSV with the encoding UTF-8."
        )
    first_line = text.lstrip().partition("\n")[0]
    if not first_line:
        raise TableError(
            f"{shown} is empty; expected a line with the names of the columns, and rows below it."
        )
    layout = {
        "sep": max(",;\t", key=first_line.count),
        "header": None,
        "dtype": str,
        "skipinitialspace": True,
    }
    try:
        names = (
            pd.read_csv(io.StringIO(text), nrows=1, keep_default_na=False, **layout)
            .iloc[0]
            .str.strip()
        )
        table = pd.read_csv(io.StringIO(text), na_values=["?"], **layout).set_axis(
            names.to_list(), axis=1
        )[1:]
    except ValueError as error:
        reason = " ".join(
            str(error).removeprefix("Error tokenizing data. C error: ").split()
        ).rstrip(".")
        raise TableError(
            f"{shown} is no table ({reason}); check its quotes, and that no row is longer than the first."
        ) from None
    twice = names[names.duplicated() & (names != "")]
    if len(twice):
        raise TableError(
            f"{shown} has two columns {quoted(twice.iloc[0])}; give each column a name of its own."
        )
    if table.empty:
        raise TableError(
            f"{shown} holds the names of columns but no row below them; expected at least one row."
        )
    return table


def split_target(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Take the labels out of a table; rows without a label are left out.

    Args:
        table: features and labels, N rows with a label.
        target: the name of the column with the labels: text, whole numbers or truth values.

    Returns:
        The features, the labels `[N]` int64 from 0 to K - 1, and the names of the K classes,
        sorted: by value if all are numbers, else as text.

    Raises:
        TableError: there is no such column, no other column, only one class, or a class with fewer than three rows.
    """
    import pandas as pd

    if target == "" or target not in table:
        raise TableError(
            f"There is no column {quoted(target)}; the target must be one of {listed(table.columns)}."
        )
    if table.shape[1] == 1:
        raise TableError(
            f"The table has no column beside the target {quoted(target)}; expected something to predict it from."
        )
    table = table.dropna(subset=target)
    labels = table[target].map(str)
    counts = labels.value_counts()
    if len(counts) < 2:
        found = f"only the class {quoted(counts.index[0])}" if len(counts) else "no value"
        raise TableError(
            f"The target {quoted(target)} has {found}; expected two classes or more to tell apart."
        )
    if counts.min() < 3:
        raise TableError(
            f"The target {quoted(target)} has {len(counts)} classes, but fewer than 3 rows of "
            f"{listed(counts.index[counts < 3])}; training, validation and test need one each: "
            "add rows, or join or remove such classes."
        )
    try:
        class_names = sorted(counts.index, key=float)
    except ValueError:
        class_names = sorted(counts.index)
    return (
        table.drop(columns=target),
        pd.Index(class_names).get_indexer(labels).astype(np.int64),
        class_names,
    )


def split_rows(
    y: np.ndarray, share: float = 0.2, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split rows at random into training, validation and test part, class by class (stratified).

    scikit-learn's `train_test_split` refuses tables in which a part would be smaller than the number of classes; this
    gives each part at least one row of each class.

    Args:
        y: labels `[N]`, at least three of each class.
        share: of each class for the test part, and as much for the validation part; below 0.5.
        seed: None shuffles in a new way every time.

    Returns:
        The positions of the rows of the three parts, in random order.

    Raises:
        ValueError: a class has fewer than three rows, or `share` is out of range.
    """
    labels, counts = np.unique(y, return_counts=True)
    if not 0 < share < 0.5:
        raise ValueError(f"share is {share}; expected a number between 0 and 0.5.")
    if not len(labels) or counts.min() < 3:
        found = (
            f"the class {labels[counts.argmin()]} has {counts.min()} rows"
            if len(labels)
            else "y is empty"
        )
        raise ValueError(f"{found}; expected at least three rows of each class, one for each part.")
    rng = np.random.default_rng(seed)
    parts = [], [], []
    for label in labels:
        rows = rng.permutation(np.flatnonzero(y == label))
        held_out = min(max(1, round(share * len(rows))), (len(rows) - 1) // 2)
        for part, chosen in zip(
            parts, np.split(rows, [len(rows) - 2 * held_out, len(rows) - held_out]), strict=True
        ):
            part.append(chosen)
    return tuple(rng.permutation(np.concatenate(part)) for part in parts)


def fit_preprocessing(table: pd.DataFrame, max_categories: int = 50) -> dict[str, dict]:
    """Find out all that `preprocess` has to know, from the training part alone.

    Args:
        table: the features of the training part.
        max_categories: text with more different values than this is left out.

    Returns:
        Plain dicts, lists, strings and floats, which `torch.load(weights_only=True)` reads:
        `numbers` maps a column in which every value is a number to [mean, standard deviation];
        `categories` maps a column of text to the sorted list of its values;
        `left_out` maps a column that is not used to the reason: it has no name, no text occurs in it twice, or it holds
        more than `max_categories` different texts. Such columns count rows or name them.

    Raises:
        TableError: a column has no value, or infinite ones, or no column is left.
    """
    import pandas as pd

    numbers, categories, left_out = {}, {}, {}
    for name, column in table.items():
        present = column.dropna()
        if name == "":
            left_out[name] = "it has no name"
            continue
        if present.empty:
            raise TableError(
                f"The column {quoted(name)} has no value in the {len(table)} rows of the training part; remove it."
            )
        values = pd.to_numeric(present, errors="coerce").to_numpy(dtype=float)
        if not np.isnan(values).any():
            with np.errstate(all="ignore"):
                mean, std = float(values.mean()), float(values.std())
            if not math.isfinite(std):
                raise TableError(
                    f"The column {quoted(name)} holds {values[np.abs(values).argmax()]}; expected numbers below 1e150."
                )
            # the spread of a constant column is 0, or what rounding left of it
            numbers[name] = [mean, std if std > 1e-12 * abs(mean) else 1.0]
            continue
        texts = sorted(set(present.map(str)))
        if len(texts) > max_categories or len(texts) == len(present):
            example = present[np.isnan(values)].iloc[0]
            left_out[name] = (
                f"text with {len(texts)} different values in {len(present)} rows, such as {quoted(example)}"
            )
        else:
            categories[name] = texts
    if not numbers and not categories:
        reasons = [f"{quoted(name)}: {reason}" for name, reason in left_out.items()] or [
            "the table has none"
        ]
        raise TableError(
            f"No column is left to learn from ({reasons[0]}); expected numbers, or text that occurs more than once."
        )
    return {"numbers": numbers, "categories": categories, "left_out": left_out}


def preprocess(
    table: pd.DataFrame, preprocessing: Mapping[str, Mapping], strict: bool = False
) -> Tensor:
    """Turn a table into features: numbers scaled, then one 0/1 feature for each value of each text column (one-hot).

    Args:
        table: at least the columns that the training part had, in any order, N rows.
        preprocessing: what `fit_preprocessing` found out.
        strict: refuse unknown values, which are texts that the training part does not hold, and text among numbers.

    Returns:
        `[N, F]` float32. (number - mean) / standard deviation; 1 where the text has that value, else 0. A missing value
        (and, unless strict, an unknown one) is 0 in all its features: the mean, or none of the texts.

    Raises:
        TableError: a column is missing, a number is too large, or with `strict` a value is unknown.
    """
    import pandas as pd

    numbers, categories = preprocessing["numbers"], preprocessing["categories"]
    lacking = [name for name in [*numbers, *categories] if name not in table]
    if lacking:
        raise TableError(
            f"The table to predict lacks the column {listed(lacking)}, which the training part has; "
            "add it (its cells may be empty)."
        )
    X = torch.zeros(len(table), len(numbers) + sum(map(len, categories.values())))
    for position, (name, (mean, std)) in enumerate(numbers.items()):
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
        with np.errstate(over="ignore"):
            scaled = (values - mean) / std
        _refuse(table[name], np.abs(scaled) > 1e30, f"numbers near {mean:.6g}")
        if strict:
            _refuse(table[name], np.isnan(values) & table[name].notna(), "only numbers")
        X[:, position] = torch.from_numpy(np.nan_to_num(scaled))
    position = len(numbers)
    for name, known in categories.items():
        texts = table[name].map(str, na_action="ignore")
        found = pd.Index(known).get_indexer(texts)  # [N], -1 for missing and unknown
        if strict:
            _refuse(table[name], (found < 0) & texts.notna(), f"only {listed(known)}")
        rows = np.flatnonzero(found >= 0)
        X[rows, position + found[rows]] = 1
        position += len(known)
    return X


def _refuse(column: pd.Series, wrong, expected: str) -> None:
    """Raise a TableError that names the first wrong value of a column, if there is one."""
    if np.any(wrong):
        first = column[np.asarray(wrong)].iloc[[0]]
        raise TableError(
            f"The column {quoted(column.name)} holds {quoted(first.iloc[0])} in row {first.index[0]}, "
            f"where the training part has {expected}; correct it or leave the cell empty."
        )
