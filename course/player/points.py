"""The points that a page or a film shows, and the part of the plane around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course.player.recorder import Recorder, UnsupportedError

ROWS_TO_TRY = 64  # that a recording is compared with its network on


@dataclass(frozen=True)
class Points:
    """Features `[N, 2]` and labels `[N]` or `[N, L]`, all float64."""

    X_train: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray

    @property
    def has_questions(self) -> bool:
        """Tell whether the labels answer yes-or-no questions; if not, each point has one class."""
        return self.y_train.ndim == 2

    @property
    def limits(self) -> list[float]:
        """Return x1 from, x1 to, x2 from, x2 to of a map that holds all points."""
        return limits(np.concatenate([self.X_train, self.X_test]))


def take_points(data: Sequence[Any]) -> Points:
    """Return `X_train, X_test, y_train, y_test`, tensors or arrays, as Points.

    Raises:
        UnsupportedError: there are not four parts, or their shapes do not fit each other.
    """
    if len(data) != 4:
        raise UnsupportedError(
            f"the data have {len(data)} parts; expected X_train, X_test, y_train, y_test."
        )
    points = Points(*map(to_array, data))
    for X, y in ((points.X_train, points.y_train), (points.X_test, points.y_test)):
        if X.ndim != 2 or X.shape[1] != 2 or y.ndim not in (1, 2) or len(X) != len(y):
            shapes = ", ".join(str(list(part.shape)) for part in data)
            raise UnsupportedError(
                f"the data have the shapes {shapes}; expected X [N, 2] and y [N] or [N, L]."
            )
    return points


def to_array(values: Any) -> np.ndarray:
    """Return a tensor on any device, or an array, as float64 array."""
    if isinstance(values, Tensor):
        values = values.numpy(force=True)
    return np.asarray(values, dtype=np.float64)


def limits(X: np.ndarray) -> list[float]:
    """Return x1 from, x1 to, x2 from, x2 to: the range of points `[N, 2]` and a tenth more.

    Both features have the same scale, except where that would waste three quarters of the map.
    """
    low = X.min(axis=0)
    high = X.max(axis=0)
    middle = (low + high) / 2
    smallest = 1e-3 + 1e-3 * np.abs(high)  # where all points have the same value
    half = np.maximum(0.6 * (high - low), smallest)
    if half.max() < 4 * half.min():
        half[:] = half.max()
    edges = np.column_stack([middle - half, middle + half])  # a row per feature
    return edges.ravel().tolist()


def points_to_try(recorder: Recorder, X: np.ndarray) -> Tensor:
    """Return some points, and some far away, as the recorder's model takes them."""
    near = X[:ROWS_TO_TRY]
    both = np.concatenate([near, 10 * near])
    example = next(recorder.model.parameters(), torch.empty(0))
    return torch.as_tensor(both, dtype=example.dtype, device=example.device)
