"""Images that were mistaken, weights as images, and several labels per point."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from torch import Tensor, nn

from course import checks, drawing
from course.drawing import CLASS_COLORS
from course.predicting import logits_of_points


def plot_mistakes(
    images: Tensor,
    y: Tensor,
    preds: Tensor,
    probs: Tensor,
    wrong: Sequence[int],
    class_names: Sequence[str],
) -> Figure:
    """Draw a confusion matrix, and beside it mistakes as images with what was said and how surely.

    Args:
        images: `[N, H, W]`.
        y: true labels `[N]`.
        preds: predicted labels `[N]`.
        probs: the probability of each predicted label, `[N]`.
        wrong: positions of the mistakes to show, at most twelve.
        class_names: a name per class.

    >>> import torch
    >>> y = torch.tensor([0, 1])
    >>> fig = plot_mistakes(torch.ones(2, 8, 8), y, y, torch.ones(2), [], ["zero", "one"])
    >>> len(fig.axes)
    2
    """
    from sklearn.metrics import ConfusionMatrixDisplay  # here: it takes long to import

    size = (9.5, 4.8)
    fig, axes = plt.subplots(1, 2, figsize=size, layout="constrained", width_ratios=(5, 4))
    ConfusionMatrixDisplay.from_predictions(
        y,
        preds,
        labels=range(len(class_names)),
        display_labels=class_names,
        ax=axes[0],
        colorbar=False,
        cmap="Blues",
    )
    captions = []
    for i in wrong:
        true_name = class_names[int(y[i])]
        guess = class_names[int(preds[i])]
        captions.append(f"{true_name} as {guess}\n{probs[i]:.0%}")
    drawing.plot_images(images[list(wrong)], axes[1], columns=4, labels=captions)
    return fig


def plot_weights(weights: Tensor, class_names: Sequence[str]) -> Figure:
    """Draw the weights of a linear model as images, one per class, five in a row.

    Args:
        weights: `[K, H, W]`; orange above 0, blue below.
        class_names: K names.

    >>> import torch
    >>> fig = plot_weights(torch.ones(2, 8, 8), ["zero", "one"])
    >>> len(fig.axes)
    1
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    drawing.plot_images(weights, ax, columns=5, labels=class_names, signed=True)
    return fig


def plot_labels_and_discs(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    thresholds: Sequence[float],
    names: Sequence[str],
    discs: Sequence[tuple[tuple[float, float], float]],
) -> Figure:
    """Draw one panel per label: where the model gives it, where it truly lies, and points.

    Shading shows the model's probability of the label, the black line where it is the threshold,
    the dashed line the border of the true disc.

    Args:
        model: takes points `[M, 2]`, returns one logit per label, `[M, L]`.
        X: points `[N, 2]`, on any device.
        y: zeros and ones `[N, L]`.
        thresholds: L probabilities from which on the model gives a label.
        names: L names.
        discs: L pairs of center and radius.

    Returns:
        A new figure. A panel's title says for how many of the points the label is right.

    Raises:
        ValueError: there is not one threshold, name and disc per label.

    >>> import torch
    >>> model = nn.Linear(2, 1)
    >>> X = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    >>> y = torch.tensor([[0.0], [1.0]])
    >>> fig = plot_labels_and_discs(model, X, y, [0.5], ["rock"], [((1.0, 1.0), 0.5)])
    >>> len(fig.axes)
    1
    """
    points = checks.check_features(X, "X")
    truth = y.numpy(force=True)
    n_labels = truth.shape[1]
    if not len(thresholds) == len(names) == len(discs) == n_labels:
        raise ValueError(
            f"{len(thresholds)} thresholds, {len(names)} names and {len(discs)} discs "
            f"for {n_labels} labels; expected one of each per label."
        )
    xx, yy = drawing.grid_around(points)
    grid = np.column_stack([xx.ravel(), yy.ravel()])
    probs = logits_of_points(model, np.concatenate([grid, points])).sigmoid().numpy()
    fig, axes = drawing.panels_side_by_side(n_labels)
    for label, ax in enumerate(axes):
        threshold = float(thresholds[label])
        on_grid = probs[: len(grid), label].reshape(xx.shape)
        at_points = probs[len(grid) :, label] >= threshold
        right = 100 * (at_points == truth[:, label]).mean()
        drawing.shade_two_classes(ax, xx, yy, on_grid, threshold)
        _draw_label_points(ax, points, truth[:, label])
        center, radius = discs[label]
        x1, x2 = center
        circle = Circle((x1, x2), radius, fill=False, linestyle=(0, (4, 3)), linewidth=2.2)
        circle.set_edgecolor(CLASS_COLORS[2])
        ax.add_patch(circle)
        drawing.frame(ax, xx, yy)
        ax.set_title(f"{names[label]}, from {threshold:.2f} on\n{right:.1f}% right")
        ax.label_outer()
    _label_legend(fig)
    return fig


def _draw_label_points(ax: Axes, points: np.ndarray, has_label: np.ndarray) -> None:
    """Draw points without the label in blue, then those with it in orange."""
    for value in (0, 1):
        rows = points[has_label == value]
        x1, x2 = rows.T
        ax.scatter(x1, x2, s=14, color=CLASS_COLORS[value], edgecolors="white", linewidths=0.4)


def _label_legend(fig: Figure) -> None:
    """Put the legend of `plot_labels_and_discs` below the panels."""
    handles = [
        Line2D([], [], color=CLASS_COLORS[1], label="has the tag", marker="o", linestyle=""),
        Line2D([], [], color=CLASS_COLORS[0], label="does not", marker="o", linestyle=""),
        Line2D([], [], color="black", linewidth=1.2, label="the network's boundary"),
        Line2D([], [], color=CLASS_COLORS[2], linewidth=2.2, linestyle="--", label="true disc"),
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=4)
