"""Checks of arguments: what came, what was expected, how to fix it, in one sentence.

A `TypeError` where the type is wrong (a list of words in place of numbers), a `ValueError` where the value is.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence, Sized
from numbers import Integral, Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor, nn

from course.text import counted, first_line


def check_points(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return X as float64 `[N, 2]` and y as int64 `[N]`, or raise an error that says what is wrong."""
    X = check_features(X, "X")
    y = as_numbers(y, "y")
    if y.ndim != 1:
        fix = " A column [N, 1] becomes [N] by squeeze(1)." if y.shape == (len(X), 1) else ""
        raise ValueError(
            f"y has the shape {show_shape(y)}; expected [N], one label per point.{fix}"
        )
    if len(X) != len(y):
        points = counted(len(X), "point")
        labels = counted(len(y), "label")
        raise ValueError(
            f"X holds {points} and y {labels}; expected as many of one as of the other."
        )
    if (y != np.round(y)).any() or y.min() < 0 or y.max() >= 2**31:
        raise ValueError(
            f"y holds labels from {y.min():g} to {y.max():g}, not all of them whole numbers from 0 up; "
            "expected class numbers 0 to K - 1."
        )
    return X, y.astype(np.int64)


def check_features(X: Any, name: str) -> np.ndarray:
    """Return features as float64 `[N, 2]`, at least one row, or raise an error."""
    X = as_numbers(X, name)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) == 0:
        raise ValueError(
            f"{name} has the shape {show_shape(X)}; expected [N, 2], two features per point, at least one point."
        )
    largest = np.abs(X).max()
    if largest > 1e30:
        raise ValueError(
            f"{name} holds the value {largest:.3g}; expected features below 1e30, best near 1."
        )
    return X


def check_label_shapes(y_true: Any, y_pred: Any) -> None:
    """Refuse labels of two shapes, which would broadcast, and none at all."""
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true has the shape {show_shape(y_true)} and y_pred {show_shape(y_pred)}; they must be equal. "
            "A column [N, 1] becomes [N] by squeeze(1)."
        )
    if 0 in y_true.shape:
        raise ValueError("y_true and y_pred are empty; accuracy needs at least one label.")


def check_model(model: Any) -> None:
    """Refuse what is not a network."""
    if isinstance(model, type) and issubclass(model, nn.Module):
        raise TypeError(
            f"model is the class {model.__name__} itself; expected a network, as {model.__name__}() builds."
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
    order = "the order is X_train, X_test, y_train, y_test, as train_test_split returns them."
    tensors = {"X_train": X_train, "X_test": X_test, "y_train": y_train, "y_test": y_test}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name} is of the type {type(tensor).__name__}; expected a tensor, and {order}"
            )
        if tensor.ndim == 0:
            raise ValueError(
                f"{name} holds one number without rows; expected a row per sample, and {order}"
            )
    if X_train.shape[1:] != X_test.shape[1:]:
        raise ValueError(
            f"X_train has the shape {show_shape(X_train)} and X_test {show_shape(X_test)}; "
            f"expected as many features in both, and {order}"
        )
    for part, X, y in (("train", X_train, y_train), ("test", X_test, y_test)):
        if len(X) != len(y):
            raise ValueError(
                f"X_{part} has {counted(len(X), 'row')} and y_{part} {counted(len(y), 'label')}; "
                f"expected one label per row, and {order}"
            )


def check_class_names(names: Any, n_classes: int) -> list[str]:
    """Return K names; None gives `class 0`, `class 1`, ..."""
    if names is None:
        return [f"class {k}" for k in range(n_classes)]
    if isinstance(names, str) or not isinstance(names, Sized) or not isinstance(names, Iterable):
        raise TypeError(
            f"class_names is {names!r} of the type {type(names).__name__}; expected {counted(n_classes, 'name')} in a list."
        )
    if len(names) != n_classes:
        raise ValueError(
            f"class_names is {names!r}; expected {counted(n_classes, 'name')}, one per class."
        )
    return [str(name) for name in names]


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
    if not all(isinstance(ax, Axes) for ax in found):
        raise TypeError(
            f"axes hold something of another type than matplotlib's Axes; expected {counted(count, 'Axes', 'Axes')}."
        )
    if len(found) != count:
        raise ValueError(
            f"got {len(found)} axes for {counted(count, 'panel')}; expected one matplotlib Axes per panel."
        )
    return found


def check_history(history: Any, panels: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the curves `train_loss`, `test_loss` and so on of the panels `loss` and `acc`, all of one length."""
    needed = []
    for metric in panels:
        needed += [f"train_{metric}", f"test_{metric}"]
    missing = [name for name in needed if name not in history]
    if missing:
        found = ", ".join(map(str, history)) or "nothing"
        raise ValueError(f"history has {found}; expected {', '.join(missing)} too.")
    curves = {name: as_number_array(history[name], f"history[{name!r}]") for name in needed}
    shapes = {name: show_shape(curve) for name, curve in curves.items()}
    first = curves[needed[0]]
    if len(set(shapes.values())) > 1 or first.ndim != 1 or first.size == 0:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"the lists of history have the shapes {found}; expected one number per epoch in each of them."
        )
    return curves


def as_labels(values: Any, name: str) -> np.ndarray:
    """Return tensor or array as array of whole numbers, or raise an error."""
    array = as_number_array(values, name)
    if array.dtype.kind == "f" and not (
        np.isfinite(array).all() and (array == np.rint(array)).all()
    ):
        raise ValueError(
            f"{name} holds values that are not whole numbers, so they are not labels; "
            "logits become labels by logits_to_labels(logits)."
        )
    return array


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Return tensor or array as float64 array of finite numbers, or raise an error."""
    with np.errstate(
        over="ignore"
    ):  # a long double beyond float64 becomes infinite and is refused below
        array = as_number_array(values, name).astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values; expected finite numbers.")
    return array


def as_number_array(values: Any, name: str) -> np.ndarray:
    """Return a tensor (any device, dtype, grad) or array-like as array of real numbers, or raise an error."""
    try:
        if isinstance(values, Tensor):
            # double, because NumPy has no bfloat16
            array = (values.double() if values.is_floating_point() else values).numpy(force=True)
        else:
            array = np.asarray(values)
    except Exception as error:  # whatever the array protocol of a foreign object raises
        raise TypeError(
            f"{name} is of the type {type(values).__name__} and cannot be read as numbers ({first_line(error)}); "
            "expected a tensor or an array with values, all rows of one length."
        ) from error
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind in "SUT" or (
        array.size > 0 and all(isinstance(value, str) for value in array.flat)
    ):
        raise TypeError(
            f"{name} holds text; expected numbers (text labels become numbers by LabelEncoder)."
        )
    raise TypeError(f"{name} holds values of the dtype {array.dtype}; expected numbers.")


def named_items(values: Any, name: str) -> list[tuple[str, Any]]:
    """Return the items of a mapping whose keys are text, or raise an error."""
    if not isinstance(values, Mapping):
        raise TypeError(
            f"{name} is of the type {type(values).__name__}; expected a mapping whose keys are names."
        )
    for key in values:
        if not isinstance(key, str):
            raise TypeError(
                f"{name} has the key {key!r} of the type {type(key).__name__}; expected names as keys."
            )
    return list(values.items())


def as_finite_list(values: Any, name: str) -> list[float | int]:
    """Return a list of plain finite numbers, or raise an error."""
    if not isinstance(values, Iterable):
        raise TypeError(
            f"{name} is of the type {type(values).__name__}; expected a list of numbers, one per epoch."
        )
    return [as_finite(value, f"{name}[{position}]") for position, value in enumerate(values)]


def as_finite(value: Any, name: str) -> float | int:
    """Return a plain finite int or float, or raise an error."""
    if isinstance(value, np.generic):
        value = value.item()
    shown = " ".join(repr(value).split())[:60]  # the repr of a tensor has many lines
    if isinstance(value, bool) or not isinstance(value, Real):
        kind = type(value).__name__
        raise TypeError(
            f"{name} is {shown} of the type {kind}; expected a finite number (of a tensor: its .item())."
        )
    if not abs(value) <= sys.float_info.max:
        raise ValueError(f"{name} is {shown}; expected a finite number.")
    return value if isinstance(value, int) else float(value)


def show_shape(values: Any) -> str:
    """Return a shape as `[800, 2]`."""
    return str(list(values.shape))
