"""Tables of text and numbers: reading, splitting, and turning them into features (lesson 06)."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import argparse
import io
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from course.text import ascii_only, counted, listed, quoted

if TYPE_CHECKING:  # most lessons can spare it: the functions import it when they run
    import pandas as pd

LARGEST_SCALED = 1e30  # standard deviations


class TableError(ValueError):
    """A table cannot be used; the message is one sentence: what came, what to do."""


@contextmanager
def exit_on_bad_input() -> Iterator[None]:
    """Turn a TableError, or a file that fails, into one line on stderr and exit code 2.

    Any other error is a fault of the program and keeps its traceback.

    >>> with exit_on_bad_input():
    ...     table = "is read here"
    """
    try:
        yield
    except (TableError, OSError) as error:
        print(ascii_only(f"Error: {error}"), file=sys.stderr)
        raise SystemExit(2) from error


# ---- Reading -------------------------------------------------------------------------------------


def table_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read `--csv FILE --target COLUMN --predict NEW.csv`; an option that is not given is None.

    Args:
        arguments: the words of the command line; None takes those of the running program, or none
            in a notebook, where they belong to the notebook's kernel.

    Raises:
        SystemExit: the options do not fit together (exit code 2, after a line that says why), or
            they ask for help.

    >>> table_options(["--csv", "songs.csv", "--target", "genre"]).target
    'genre'
    """
    if arguments is None:
        in_a_notebook = sys.argv[0].endswith("kernel_launcher.py")
        arguments = [] if in_a_notebook else sys.argv[1:]
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
        _check_options(options)
    return options


def _check_options(options: argparse.Namespace) -> None:
    both = "give both, or none for the lesson's own data."
    if options.csv is None and options.target is not None:
        raise TableError(f"--target came without --csv FILE; {both}")
    if options.target is None and options.csv is not None:
        raise TableError(f"--csv came without --target COLUMN; {both}")
    if options.predict is not None and options.csv is None:
        raise TableError(
            "--predict came without --csv FILE --target COLUMN; "
            "name the table to learn from as well."
        )


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV file and keep every value as the text it is: no type is guessed.

    Args:
        path: a UTF-8 file whose first line names the columns; commas, semicolons or tabs between
            the values, whichever the first line holds most of. An empty cell, `?` and pandas' own
            marks (NA, nan, null, ...) are missing.

    Returns:
        At least one row, numbered from 1; every value a `str` or missing. A column without a name
        is called "".

    Raises:
        TableError: there is no such file, or it is not such a table.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "songs.csv")
    ...     with path.open("w") as file:
    ...         print("id,genre", "007,jazz", sep=chr(10), file=file)
    ...     table = read_table(path)
    >>> table.loc[1, "id"]
    '007'
    """
    import pandas as pd

    shown = ascii(str(path))
    text = _text_of(Path(path), shown)
    first_line = text.lstrip().partition("\n")[0]
    if not first_line:
        raise TableError(
            f"{shown} is empty; expected a line with the names of the columns, and rows below it."
        )
    layout: dict[str, Any] = {
        "sep": max(",;\t", key=first_line.count),
        "header": None,
        "dtype": str,
        "skipinitialspace": True,
    }
    try:
        head = pd.read_csv(io.StringIO(text), nrows=1, keep_default_na=False, **layout)
        whole = pd.read_csv(io.StringIO(text), na_values=["?"], **layout)
        names = head.loc[0].str.strip()
        table = whole.set_axis(names.to_list(), axis=1).iloc[1:]
    except ValueError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ")
        reason = " ".join(reason.split()).rstrip(".")
        raise TableError(
            f"{shown} is no table ({reason}); "
            "check its quotes, and that no row is longer than the first."
        ) from None
    twice = names[names.duplicated() & (names != "")]
    if len(twice) > 0:
        raise TableError(
            f"{shown} has two columns {quoted(twice.iloc[0])}; give each column a name of its own."
        )
    if table.empty:
        raise TableError(
            f"{shown} holds the names of columns but no row below them; expected at least one row."
        )
    return table


def _text_of(path: Path, shown: str) -> str:
    """Return the text of a file, or raise an error that calls it as `shown`."""
    again = "save the table again as CSV with the encoding UTF-8."
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TableError(f"There is no file {shown}; expected the path of a CSV file.") from None
    except OSError as error:
        reason = "it is a folder" if path.is_dir() else error.strerror
        raise TableError(
            f"Cannot read {shown} ({reason}); expected the path of a CSV file."
        ) from None
    except UnicodeDecodeError as error:
        raise TableError(f"{shown} is not UTF-8 text (byte {error.start + 1}); {again}") from None
    if "\0" in text:
        raise TableError(f"{shown} is not text but binary data; {again}")
    return text


# ---- Splitting -----------------------------------------------------------------------------------


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

    scikit-learn's `train_test_split` refuses tables in which a part would be smaller than the
    number of classes; this gives each part at least one row of each class.

    Args:
        y: labels `[N]`, at least three of each class.
        share: of each class for the test set, and as much for the validation set; below 0.5.
        seed: None shuffles in a new way every time.

    Returns:
        The positions of the rows of the three parts, in random order.

    Raises:
        ValueError: a class has fewer than three rows, or `share` is out of range.

    >>> train, validation, test = split_rows(np.array([0] * 10 + [1] * 10), seed=0)
    >>> len(train), len(validation), len(test)
    (12, 4, 4)
    """
    if not 0 < share < 0.5:
        raise ValueError(f"share is {share}; expected a number between 0 and 0.5.")
    labels, counts = np.unique(y, return_counts=True)
    needed = "expected at least three rows of each class, one for each part."
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


# ---- Features ------------------------------------------------------------------------------------


def fit_preprocessing(table: pd.DataFrame, max_categories: int = 50) -> dict[str, dict]:
    """Find out all that `preprocess` has to know, from the training set alone.

    Args:
        table: the features of the training set.
        max_categories: text with more different values than this is left out.

    Returns:
        Plain dicts, lists, strings and floats, which `torch.load(weights_only=True)` reads:
        `numbers` maps a column in which every value is a number to [mean, standard deviation];
        `categories` maps a column of text to the sorted list of its values;
        `left_out` maps a column that is not used to the reason: it has no name, no text occurs in
        it twice, or it holds more than `max_categories` different texts.

    Raises:
        TableError: a column has no value, or infinite ones, or no column is left.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": ["1", "3"], "colour": ["red", "red"]})
    >>> preprocessing = fit_preprocessing(table)
    >>> preprocessing["numbers"], preprocessing["categories"]
    ({'size': [2.0, 1.0]}, {'colour': ['red']})
    """
    import pandas as pd

    numbers: dict[str, list[float]] = {}
    categories: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    for name, column in table.items():
        present = column.dropna()
        if name == "":
            left_out[name] = "it has no name"
            continue
        if present.empty:
            raise TableError(
                f"The column {quoted(name)} has no value in the {len(table)} rows of the "
                "training part; remove it."
            )
        values = pd.to_numeric(present, errors="coerce").to_numpy(dtype=float)
        is_text = np.isnan(values)
        if not is_text.any():
            numbers[name] = _mean_and_spread(name, values)
            continue
        texts = sorted(set(present.map(str)))
        if len(texts) > max_categories or len(texts) == len(present):
            example = quoted(present[is_text].iloc[0])
            left_out[name] = (
                f"text with {len(texts)} different values in {len(present)} rows, such as {example}"
            )
        else:
            categories[name] = texts
    if not numbers and not categories:
        reason = "the table has none"
        for name in left_out:
            reason = f"{quoted(name)}: {left_out[name]}"
            break
        raise TableError(
            f"No column is left to learn from ({reason}); "
            "expected numbers, or text that occurs more than once."
        )
    return {"numbers": numbers, "categories": categories, "left_out": left_out}


def _mean_and_spread(name: str, values: np.ndarray) -> list[float]:
    """Return mean and standard deviation of a column; 1 in place of a spread of 0."""
    with np.errstate(all="ignore"):  # what is too large becomes infinite, and is refused
        mean = float(values.mean())
        spread = float(values.std())
    if not math.isfinite(spread):
        largest = values[np.abs(values).argmax()]
        raise TableError(
            f"The column {quoted(name)} holds {largest}; expected numbers below 1e150."
        )
    # the spread of a constant column is 0, or what rounding left of it
    is_constant = spread <= 1e-12 * abs(mean)
    return [mean, 1.0 if is_constant else spread]


def preprocess(
    table: pd.DataFrame, preprocessing: Mapping[str, Mapping], strict: bool = False
) -> Tensor:
    """Turn a table into features: numbers scaled, then one 0/1 feature per value of a text column.

    Args:
        table: at least the columns that the training set had, in any order, N rows.
        preprocessing: what `fit_preprocessing` found out.
        strict: refuse unknown values, which are texts that the training set does not hold, and
            text among numbers.

    Returns:
        `[N, F]` float32. (number - mean) / standard deviation; 1 where the text has that value,
        else 0. A missing value (and, unless strict, an unknown one) is 0 in all its features: the
        mean, or none of the texts.

    Raises:
        TableError: a column is missing, a number is too large, or with `strict` a value is unknown.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": ["1", "3"], "colour": ["red", "red"]})
    >>> preprocess(table, fit_preprocessing(table))
    tensor([[-1.,  1.],
            [ 1.,  1.]])
    """
    numbers = preprocessing["numbers"]
    categories = preprocessing["categories"]
    lacking = [name for name in [*numbers, *categories] if name not in table]
    if lacking:
        raise TableError(
            f"The table to predict lacks the column {listed(lacking)}, which the training part "
            "has; add it (its cells may be empty)."
        )
    n_texts = sum(len(known) for known in categories.values())
    X = torch.zeros(len(table), len(numbers) + n_texts)
    position = 0
    for name, (mean, spread) in numbers.items():
        X[:, position] = _scaled(table[name], mean, spread, strict)
        position += 1
    for name, known in categories.items():
        places = _places(table[name], known, strict)
        rows = np.flatnonzero(places >= 0)
        X[rows, position + places[rows]] = 1
        position += len(known)
    return X


def _scaled(column: pd.Series, mean: float, spread: float, strict: bool) -> Tensor:
    """Return a column of numbers, `[N]`; what is missing or text is 0, the mean."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    with np.errstate(over="ignore"):
        scaled = (values - mean) / spread
    _refuse(column, np.abs(scaled) > LARGEST_SCALED, f"numbers near {mean:.6g}")
    if strict:
        _refuse(column, np.isnan(values) & column.notna(), "only numbers")
    return torch.from_numpy(np.nan_to_num(scaled))


def _places(column: pd.Series, known: Sequence[str], strict: bool) -> np.ndarray:
    """Return the place of each text among the known ones, `[N]`; -1 for missing and unknown."""
    import pandas as pd

    texts = column.map(str, na_action="ignore")
    places = pd.Index(known).get_indexer(texts)
    if strict:
        _refuse(column, (places < 0) & texts.notna(), f"only {listed(known)}")
    return places


def _refuse(column: pd.Series, wrong: Any, expected: str) -> None:
    """Raise a TableError that names the first of the wrong values, if there is one."""
    if np.any(wrong):
        first = column[np.asarray(wrong)].head(1)
        value = quoted(first.iloc[0])
        row = first.index[0]
        raise TableError(
            f"The column {quoted(column.name)} holds {value} in row {row}, "
            f"where the training part has {expected}; correct it or leave the cell empty."
        )
