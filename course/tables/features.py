"""Turning columns of numbers and text into features for a network."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from course.tables.errors import TableError
from course.text import listed, quoted

if TYPE_CHECKING:  # pandas takes long to import: the functions import it when they run
    import pandas as pd

LARGEST_SCALED = 1e30  # standard deviations


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
        it twice, or it holds more than `max_categories` different texts. A number that only names
        or counts the rows is not recognised: leave such a column out before.

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
                "training set; remove it."
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
            f"The table to predict lacks the column {listed(lacking)}, which the training set "
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
            f"where the training set has {expected}; correct it or leave the cell empty."
        )
