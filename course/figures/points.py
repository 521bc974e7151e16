"""Points in the plane, what an untrained network makes of them, and from logits to a map."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from course import checks, drawing
from course.drawing import CLASS_COLORS

BLUE_WHITE_ORANGE = LinearSegmentedColormap.from_list(
    "class 0 to class 1", [CLASS_COLORS[0], "white", CLASS_COLORS[1]]
)


def plot_points(
    X: Any, y: Any, ax: Axes | None = None, *, class_names: Sequence[str] | None = None
) -> Axes:
    """Draw points in the plane, each in the colour of its class.

    Args:
        X: features `[N, 2]`, tensor on any device or array.
        y: labels `[N]`, whole numbers from 0 up.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        class_names: a name per class for the legend; None writes "class 0", "class 1", ...

    Returns:
        The axes that were drawn into.

    Raises:
        TypeError: X or y holds no numbers.
        ValueError: X or y has another shape, or a label is not a whole number from 0 up.

    >>> ax = plot_points([[0, 1], [1, 0], [1, 1]], [0, 1, 1], class_names=["left", "right"])
    >>> ax.get_xlabel()
    '$x_1$'
    """
    X, y = checks.check_points(X, y)
    names = checks.check_class_names(class_names, y.max() + 1)
    ax = drawing.own_axes(ax)
    for k in np.unique(y):
        x1, x2 = X[y == k].T
        name = drawing.legend_name(names[k])
        ax.scatter(x1, x2, s=12, color=drawing.class_colors(len(names))[k], label=name)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return ax


def plot_logits(
    logits: Any, y: Any, ax: Axes | None = None, *, class_names: Sequence[str] | None = None
) -> Axes:
    """Draw the logits of a binary classifier as rows of dots, one row per class, with a line at 0.

    Each dot is moved up or down a little, so that dots of equal logits do not hide each other.

    Args:
        logits: one logit per sample, `[N]`, tensor on any device or array.
        y: labels `[N]`, 0 or 1.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        class_names: two names for the rows; None writes "class 0" and "class 1".

    Returns:
        The axes that were drawn into.

    Raises:
        TypeError: logits or y holds no numbers.
        ValueError: the two differ in length, or the names are not two.

    >>> ax = plot_logits([-1.5, 0.2, 2.0], [0, 1, 1])
    >>> ax.get_xlabel()
    'logit'
    """
    logits, y = checks.check_pair(logits, y, "logits and labels")
    names = checks.check_class_names(class_names, 2)
    ax = drawing.own_axes(ax)
    ax.axvline(0, color="black", linewidth=1.2)
    for k in (0, 1):
        row = logits[y == k]
        height = k + 0.15 * np.linspace(-1, 1, 7)[np.arange(len(row)) % 7]
        ax.scatter(row, height, s=12, color=CLASS_COLORS[k])
    ax.set(xlabel="logit", yticks=[0, 1], yticklabels=names, ylim=(-0.5, 1.5))
    for text, color in zip(ax.get_yticklabels(), CLASS_COLORS, strict=False):
        text.set_color(color)
    return ax


def plot_stages(grid: Any, logits: Any, probs: Any, preds: Any) -> Figure:
    """Draw what a binary classifier says on a grid: logits, probabilities and labels.

    The black line, where the logit is 0, is the decision boundary.

    Args:
        grid: points `[n * n, 2]`, as `torch.cartesian_prod(ticks, ticks)` makes them of n ticks.
        logits: one logit per point, `[n * n]`.
        probs: P(class 1) of each point, `[n * n]`.
        preds: label of each point, 0 or 1, `[n * n]`.

    Returns:
        A new figure.

    Raises:
        TypeError: an argument holds no numbers.
        ValueError: the grid is not a square of points, or there is not one value per point.

    >>> import torch
    >>> ticks = torch.linspace(-1, 1, 5)
    >>> grid = torch.cartesian_prod(ticks, ticks)
    >>> logits = grid.sum(dim=1)
    >>> fig = plot_stages(grid, logits, torch.sigmoid(logits), logits >= 0)
    >>> len(fig.axes)
    3
    """
    grid = checks.check_features(grid, "grid")
    n = round(len(grid) ** 0.5)
    if n * n != len(grid):
        raise ValueError(
            f"grid has {len(grid)} points; expected n * n, as torch.cartesian_prod makes them."
        )
    # cartesian_prod lets the second number run first: row i holds the points of the i-th x1
    xx = grid[:, 0].reshape(n, n)
    yy = grid[:, 1].reshape(n, n)
    limit = np.abs(checks.as_numbers(logits, "logits")).max()
    ranges = {"logits": (-limit, limit), "probabilities": (0, 1), "labels": (0, 1)}
    fig, axes = plt.subplots(1, 3, figsize=(9, 3.8), sharey=True, layout="constrained")
    heights = {}
    for ax, name, values in zip(axes, ranges, (logits, probs, preds), strict=True):
        values = checks.as_numbers(values, name)
        if values.shape != (n * n,):
            raise ValueError(
                f"{name} have the shape {checks.show_shape(values)}; "
                f"expected [{n * n}], one value per point."
            )
        heights[name] = values.reshape(n, n)
        low, high = ranges[name]
        ax.pcolormesh(xx, yy, heights[name], cmap=BLUE_WHITE_ORANGE, vmin=low, vmax=high)
        drawing.draw_zero_line(ax, xx, yy, heights["logits"])
        ax.set(title=f"{name}\n{values.min():.3g} to {values.max():.3g}", aspect="equal")
        ax.set(xlabel="$x_1$")
    axes[0].set(ylabel="$x_2$")
    return fig
