"""Curves of loss and accuracy as SVG paths, with round numbers for their axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.ticker import MaxNLocator

History = Mapping[str, Sequence[float]]  # as `fit` returns it: one entry per epoch
Tick = tuple[float, str]  # its place from 0 to 100, its number

SETS = ("test", "val", "train")
METRICS = {"loss": "loss", "acc": "accuracy in %"}  # part of a history's key -> label of the axis
COLUMNS = 300  # of a curve that are drawn apart, more than it has pixels
HEIGHT = 300  # units from the bottom of a curve's frame to its top
NARROWEST = 10  # percent on the axis of accuracy: of a constant one the scale would tell nothing


@dataclass(frozen=True)
class Plot:
    """One frame of curves over the epochs, as the template draws it."""

    label: str
    x: list[Tick]
    y: list[Tick]
    last: int  # epoch at the right end
    size: str  # width and height of the frame: epochs and HEIGHT
    levels: list[float]  # of the lines to compare with, from the top
    curves: dict[str, str]  # set -> SVG path


def draw_curves(history: History, last: int, references: Mapping[str, float]) -> list[Plot]:
    """Return a plot of loss and one of accuracy, as far as the history holds them.

    Args:
        history: lists named `train_loss`, `val_acc` and so on, one entry per epoch.
        last: the last epoch to draw.
        references: levels of accuracy in percent, by name.
    """
    plots = []
    for metric, label in METRICS.items():
        curves = {}
        for part in SETS:
            if f"{part}_{metric}" in history:
                values = np.asarray(history[f"{part}_{metric}"], dtype=float)
                curves[part] = values[: last + 1]
        levels = list(references.values()) if metric == "acc" else []
        if curves:
            plots.append(_plot(label, curves, levels, max(1, last)))
    return plots


def _plot(label: str, curves: dict[str, np.ndarray], levels: list[float], last: int) -> Plot:
    """Return curves and levels, scaled so that all of them can be seen."""
    values = np.concatenate([*curves.values(), levels])
    finite = values[np.isfinite(values)]
    low = min(finite, default=0.0)
    high = max(finite, default=1.0)
    if label == METRICS["acc"]:
        low = min(low, high - NARROWEST)
    margin = 0.06 * (high - low) or 0.1
    low -= margin
    high += margin
    heights = {part: _from_top(curve, low, high) for part, curve in curves.items()}
    return Plot(
        label=label,
        x=ticks(0, last),
        y=ticks(low, high),
        last=last,
        size=f"{last} {HEIGHT}",
        levels=[round(float(level), 1) for level in _from_top(levels, low, high)],
        curves={part: svg_path(curve) for part, curve in heights.items()},
    )


def _from_top(values: np.ndarray | list[float], low: float, high: float) -> np.ndarray:
    """Return values between `low` and `high` as distances from the top of a frame."""
    return HEIGHT * (high - np.asarray(values)) / (high - low)


def svg_path(heights: np.ndarray) -> str:
    """Return a curve as an SVG path, given its distance from the top at each epoch.

    Many epochs can share a column: of them it keeps the lowest and the highest. NaN is left out.
    """
    finite = np.flatnonzero(np.isfinite(heights))
    kept = set()
    for column in np.array_split(finite, min(len(finite), COLUMNS) or 1):
        if len(column):
            kept.add(int(column[np.argmin(heights[column])]))
            kept.add(int(column[np.argmax(heights[column])]))
    points = [(epoch, round(float(heights[epoch]))) for epoch in sorted(kept)]
    commands = [f"M{x} {y}" for x, y in points[:1]]
    for (x0, y0), (x1, y1) in pairwise(points):
        commands.append(f"l{x1 - x0} {y1 - y0}")
    return "".join(commands)


def ticks(low: float, high: float) -> list[Tick]:
    """Return round numbers between two ends, each with its place from 0 to 100."""
    numbers = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = [number for number in numbers if low <= number <= high]
    return [(_percent_of_way(number, low, high), f"{number:g}") for number in inside]


def _percent_of_way(number: float, low: float, high: float) -> float:
    return round(100 * (number - low) / (high - low), 2)
