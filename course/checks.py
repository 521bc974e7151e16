"""Checks of arguments: what came, what was expected, how to fix it, in one sentence.

A `TypeError` where the type is wrong (a list of words in place of numbers), a `ValueError` where
the value is. Shapes: N points, K classes.
"""

import sys
from collections.abc import Iterable, Mapping, Sized
from numbers import Integral, Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor, nn

from course.text import counted, first_line

LARGEST_FEATURE = 1e30  # float32 ends at 3e38, and a network multiplies
LARGEST_LABEL = 2**31
FOUR_TENSORS = "the order is X_train, X_test, y_train, y_test, as train_test_split returns them."


# ---- Points, logits and labels -------------------------------------------------------------------


def check_points(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return X as float64 `[N, 2]` and y as int64 `[N]`, or raise an error."""
    X = check_features(X, "X")
    y = as_numbers(y, "y")
    if y.ndim != 1:
        is_column = y.shape == (len(X), 1)
        fix = " A column [N, 1] becomes [N] by squeeze(1)." if is_column else ""
        raise ValueError(
            f"y has the shape {show_shape(y)}; expected [N], one label per point.{fix}"
        )
    if len(X) != len(y):
        points = counted(len(X), "point")
        labels = counted(len(y), "label")
        raise ValueError(
            f"X holds {points} and y {labels}; expected as many of one as of the other."
        )
    is_whole = y == np.round(y)
    if not is_whole.all() or y.min() < 0 or y.max() >= LARGEST_LABEL:
        raise ValueError(
            f"y holds labels from {y.min():g} to {y.max():g}, not all of them whole numbers "
            "from 0 up; expected class numbers 0 to K - 1."
        )
    return X, y.astype(np.int64)


def check_features(X: Any, name: str) -> np.ndarray:
    """Return features as float64 `[N, 2]`, at least one row, or raise an error."""
    X = as_numbers(X, name)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) == 0:
        raise ValueError(
            f"{name} has the shape {show_shape(X)}; "
            "expected [N, 2], two features per point, at least one point."
        )
    largest = np.abs(X).max()
    if largest > LARGEST_FEATURE:
        raise ValueError(
            f"{name} holds the value {largest:.3g}; expected features below 1e30, best near 1."
        )
    return X


def check_highest_label(y: np.ndarray, n_classes: int) -> None:
    """Refuse labels that a model of K outputs cannot tell apart."""
    if y.max() >= n_classes:
        raise ValueError(
            f"y holds the label {y.max()}, but the model's output tells {n_classes} classes "
            f"apart; labels must be whole numbers from 0 to {n_classes - 1}."
        )


def check_logits(logits: Any) -> None:
    """Refuse what is not a tensor `[N]`, `[N, 1]` or `[N, K]`."""
    if not isinstance(logits, Tensor):
        kind = type(logits).__name__
        raise TypeError(f"logits are of the type {kind}; expected a tensor [N], [N, 1] or [N, K].")
    if logits.ndim not in (1, 2) or (logits.ndim == 2 and logits.shape[1] == 0):
        raise ValueError(
            f"logits have the shape {show_shape(logits)}; expected [N], [N, 1] or [N, K]."
        )


def check_label_pair(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return true and predicted labels as arrays of one shape, or raise an error."""
    y_true = as_labels(y_true, "y_true")
    y_pred = as_labels(y_pred, "y_pred")
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true has the shape {show_shape(y_true)} and y_pred {show_shape(y_pred)}; "
            "they must be equal. A column [N, 1] becomes [N] by squeeze(1)."
        )
    if y_true.size == 0:
        raise ValueError("y_true and y_pred are empty; accuracy needs at least one label.")
    return y_true, y_pred


def check_class_names(names: Any, n_classes: int) -> list[str]:
    """Return K names; None gives `class 0`, `class 1`, ..."""
    if names is None:
        return [f"class {k}" for k in range(n_classes)]
    expected = counted(n_classes, "name")
    if isinstance(names, str) or not isinstance(names, Sized) or not isinstance(names, Iterable):
        raise TypeError(
            f"class_names is {names!r} of the type {type(names).__name__}; "
            f"expected {expected} in a list."
        )
    if len(names) != n_classes:
        raise ValueError(f"class_names is {names!r}; expected {expected}, one per class.")
    return [str(name) for name in names]


# ---- Training ------------------------------------------------------------------------------------


def check_model(model: Any) -> None:
    """Refuse what is not a network."""
    if isinstance(model, type) and issubclass(model, nn.Module):
        name = model.__name__
        raise TypeError(
            f"model is the class {name} itself; expected a network, as {name}(...) builds."
        )
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is of the type {type(model).__name__}; expected a torch.nn.Module.")


def check_count(value: Any, least: int, name: str) -> None:
    """Refuse what is not a whole number of at least `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(
            f"{name} is {value!r} of the type {type(value).__name__}; expected a whole number."
        )
    if value < least:
        raise ValueError(f"{name} is {value}; expected a whole number of at least {least}.")


def check_tensors(X_train: Any, X_test: Any, y_train: Any, y_test: Any) -> None:
    """Refuse tensors that do not belong together, above all those that came in another order."""
    tensors = {"X_train": X_train, "X_test": X_test, "y_train": y_train, "y_test": y_test}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise TypeError(f"{name} is of the type {kind}; expected a tensor, and {FOUR_TENSORS}")
        if tensor.ndim == 0:
            raise ValueError(
                f"{name} is a single number; expected one row per sample, and {FOUR_TENSORS}"
            )
    if X_train.shape[1:] != X_test.shape[1:]:
        raise ValueError(
            f"X_train has the shape {show_shape(X_train)} and X_test {show_shape(X_test)}; "
            f"expected as many features in both, and {FOUR_TENSORS}"
        )
    _check_rows("train", X_train, y_train)
    _check_rows("test", X_test, y_test)


def _check_rows(part: str, X: Tensor, y: Tensor) -> None:
    if len(X) != len(y):
        rows = counted(len(X), "row")
        labels = counted(len(y), "label")
        raise ValueError(
            f"X_{part} has {rows} and y_{part} {labels}; "
            f"expected one label per row, and {FOUR_TENSORS}"
        )


# ---- What is drawn and what is saved -------------------------------------------------------------


def check_pair(xs: Any, ys: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one feature and one value per point, both float64 `[N]`, or raise an error."""
    xs = as_numbers(xs, f"the feature of the {name}")
    ys = as_numbers(ys, f"the values of the {name}")
    # [N], [N, 1] and [1, N] hold one number per point
    one_each = max(xs.shape, default=0) == xs.size and max(ys.shape, default=0) == ys.size
    if xs.size != ys.size or not one_each:
        shapes = f"{show_shape(xs)} and {show_shape(ys)}"
        raise ValueError(
            f"the {name} have the shapes {shapes}; expected one feature and one value per point."
        )
    return xs.ravel(), ys.ravel()


def check_axes(axes: Any, count: int) -> list[Axes]:
    """Return a list of as many axes as there are panels, or raise an error."""
    found = list(np.ravel(axes))
    expected = counted(count, "Axes", "Axes")
    if not all(isinstance(ax, Axes) for ax in found):
        raise TypeError(
            "axes hold something of another type than matplotlib's Axes; "
            f"expected {expected} in a list."
        )
    if len(found) != count:
        panels = counted(count, "panel")
        raise ValueError(
            f"got {len(found)} axes for {panels}; expected one matplotlib Axes per panel."
        )
    return found


def check_history(history: Any) -> dict[str, np.ndarray]:
    """Return the curves of the losses and, where there is one, of the accuracy, of one length."""
    if not isinstance(history, Mapping):
        kind = type(history).__name__
        raise TypeError(f"history is of the type {kind}; expected a mapping as fit returns it.")
    needed = ["train_loss", "test_loss"]
    if "train_acc" in history or "test_acc" in history:
        needed += ["train_acc", "test_acc"]
    missing = [name for name in needed if name not in history]
    if missing:
        found = ", ".join(map(str, history)) or "nothing"
        raise ValueError(f"history has {found}; expected {', '.join(missing)} too.")
    curves = {name: as_number_array(history[name], f"history[{name!r}]") for name in needed}
    n_epochs = curves["train_loss"].size
    if n_epochs == 0 or any(curve.shape != (n_epochs,) for curve in curves.values()):
        found = ", ".join(f"{name} {show_shape(curve)}" for name, curve in curves.items())
        raise ValueError(
            f"the lists of history have the shapes {found}; "
            "expected one number per epoch in each of them."
        )
    return curves


def check_references(references: Any, curves: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the named levels of accuracy; there must be an accuracy to compare with them."""
    levels = {}
    for name, level in (references or {}).items():
        levels[name] = as_finite(level, f"references[{name!r}]")
    if levels and "train_acc" not in curves:
        raise ValueError(
            "references are levels of accuracy, but history has no train_acc and test_acc; "
            "expected both."
        )
    return levels


def check_results(results: Any) -> dict[str, float | int]:
    """Return results by name as plain finite numbers, or raise an error."""
    numbers = {}
    for key, value in _named_items(results, "results"):
        numbers[key] = as_finite(value, f"results[{key!r}]")
    return numbers


def check_histories(histories: Any) -> dict[str, dict[str, list[float | int]]]:
    """Return the histories of runs by name as lists of plain finite numbers, or raise an error."""
    runs: dict[str, dict[str, list[float | int]]] = {}
    for run, history in _named_items(histories, "histories"):
        runs[run] = {}
        for key, values in _named_items(history, f"histories[{run!r}]"):
            runs[run][key] = _as_finite_list(values, f"histories[{run!r}][{key!r}]")
    return runs


# ---- Numbers -------------------------------------------------------------------------------------


def as_labels(values: Any, name: str) -> np.ndarray:
    """Return tensor or array as array of whole numbers, or raise an error."""
    array = as_number_array(values, name)
    if array.dtype.kind != "f":
        return array
    is_label = np.isfinite(array) & (array == np.rint(array))
    if not is_label.all():
        raise ValueError(
            f"{name} holds values that are not whole numbers, so they are not labels; "
            "logits become labels by logits_to_labels(logits)."
        )
    return array


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Return tensor or array as float64 array of finite numbers, or raise an error."""
    array = as_number_array(values, name)
    with np.errstate(over="ignore"):  # beyond float64 it becomes infinite, which is refused below
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values; expected finite numbers.")
    return array


def as_number_array(values: Any, name: str) -> np.ndarray:
    """Return a tensor (any device, dtype, grad) or an array as array of real numbers, or raise."""
    try:
        array = _as_array(values)
    except Exception as error:  # whatever the array protocol of a foreign object raises
        kind = type(values).__name__
        raise TypeError(
            f"{name} is of the type {kind} and cannot be read as numbers ({first_line(error)}); "
            "expected a tensor or an array with values, all rows of one length."
        ) from error
    if array.dtype.kind in "biuf":  # bool, integer, unsigned, floating
        return array
    is_text = array.dtype.kind in "SUT"
    if array.dtype.kind == "O" and array.size > 0:
        is_text = all(isinstance(value, str) for value in array.flat)
    if is_text:
        raise TypeError(
            f"{name} holds text; expected numbers (text labels become numbers by LabelEncoder)."
        )
    raise TypeError(f"{name} holds values of the dtype {array.dtype}; expected numbers.")


def _as_array(values: Any) -> np.ndarray:
    if not isinstance(values, Tensor):
        return np.asarray(values)
    if values.is_floating_point():
        values = values.double()  # because NumPy has no bfloat16
    return values.numpy(force=True)


def _named_items(values: Any, name: str) -> list[tuple[str, Any]]:
    """Return the items of a mapping whose keys are text, or raise an error."""
    if not isinstance(values, Mapping):
        kind = type(values).__name__
        raise TypeError(f"{name} is of the type {kind}; expected a mapping whose keys are names.")
    for key in values:
        if not isinstance(key, str):
            kind = type(key).__name__
            raise TypeError(f"{name} has the key {key!r} of the type {kind}; expected a name.")
    return list(values.items())


def _as_finite_list(values: Any, name: str) -> list[float | int]:
    """Return a list of plain finite numbers, or raise an error."""
    if not isinstance(values, Iterable):
        kind = type(values).__name__
        raise TypeError(f"{name} is of the type {kind}; expected a list of numbers, one per epoch.")
    numbers = []
    for position, value in enumerate(values):
        numbers.append(as_finite(value, f"{name}[{position}]"))
    return numbers


def as_finite(value: Any, name: str) -> float | int:
    """Return a plain finite int or float, or raise an error."""
    if isinstance(value, np.generic):
        value = value.item()
    shown = " ".join(repr(value).split())[:60]  # the repr of a tensor has many lines
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number:
        kind = type(value).__name__
        raise TypeError(
            f"{name} is {shown} of the type {kind}; "
            "expected a finite number (of a tensor: its .item())."
        )
    is_finite = abs(value) <= sys.float_info.max  # not so for NaN, nor for 10**400
    if not is_finite:
        raise ValueError(f"{name} is {shown}; expected a finite number.")
    return value if isinstance(value, int) else float(value)


def show_shape(values: Any) -> str:
    """Return a shape as `[800, 2]`."""
    return str(list(values.shape))
