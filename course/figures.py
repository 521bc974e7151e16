"""What lessons draw and do not teach, each as one named function."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from torch import Tensor, nn

from course import checks, drawing
from course.drawing import CLASS_COLORS
from course.predicting import logits_of_points

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


PANEL_WIDTH = 3.3  # inches

RUN_COLORS = ("black", CLASS_COLORS[1], CLASS_COLORS[0])

RUN_STYLES = ("-", "-", "--")  # the third lets one see a line that it lies on

MOST_RINGS = 39  # more rings than this hide the points and the boundary


def plot_losses_with_floors(
    losses: Mapping[str, Sequence[float]], floors: Mapping[str, float]
) -> Figure:
    """Draw several losses by epoch, and a dashed line for the level below which one cannot fall.

    Args:
        losses: a loss per epoch for the name of each run, at most five runs. The first is black.
        floors: the level for some of these names; its line has the colour of the run.

    Returns:
        A figure with one panel; the loss reaches from 0 to 1.5.

    >>> losses = {"plain": [1.4, 0.2], "floored": [1.4, 0.8]}
    >>> fig = plot_losses_with_floors(losses, {"floored": 0.7})
    >>> [line.get_label() for line in fig.axes[0].lines]
    ['plain', 'floored', '_floor of floored']
    """
    colors = ["black", *CLASS_COLORS]
    fig, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for name, color in zip(losses, colors, strict=False):
        ax.plot(losses[name], color=color, label=name)
        if name in floors:
            level = floors[name]
            hidden = f"_floor of {name}"  # a name with "_" is not in the legend
            ax.axhline(level, color=color, linewidth=1, linestyle="--", label=hidden)
            place = ax.get_yaxis_transform()
            ax.text(1.01, level, f"floor {level:.3f}", transform=place, va="center", color=color)
    ax.set(xlabel="epoch", ylabel="training loss", ylim=(0, 1.5))
    ax.margins(x=0)
    fig.legend(loc="outside lower center", ncols=2, fontsize=10)
    return fig


def share_legend(fig: Figure | SubFigure) -> None:
    """Put one legend below the figure in place of one below each panel.

    Rings around wrong points stay where there are at most 39; more of them would hide the points.

    >>> import matplotlib.pyplot as plt
    >>> fig, axes = plt.subplots(1, 2)
    >>> for ax in axes:
    ...     line = ax.plot([1, 2], label="train")
    >>> share_legend(fig)
    >>> len(fig.legends)
    1
    """
    entries = {}
    wrong = "wrong"
    for ax in fig.axes:
        legend = ax.get_legend()
        if legend is not None:
            legend.remove()
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            if isinstance(handle, PathCollection) and label.startswith("wrong"):
                rings = len(np.asarray(handle.get_offsets()))
                if rings > MOST_RINGS:
                    handle.remove()
                    wrong = "wrong (where few)"
                    continue
                if rings == 0:
                    continue
                label = "wrong"
            entries[label] = handle
    names = [wrong if name == "wrong" else name for name in entries]
    fig.legend(list(entries.values()), names, loc="outside lower center", ncols=len(names))


def compare_curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    metric: str,
    ax: Axes,
    references: Mapping[str, float] | None = None,
) -> None:
    """Draw one metric of several runs by epoch, each run's name at the end of its curve.

    It is the last panel of a figure that compares models: all panels get one legend below them.
    Rings around wrong points stay where there are at most 39; more would hide the points.

    Args:
        histories: for the name of each run its lists, one entry per epoch, as `fit` returns them.
        metric: what is drawn in black, "test_acc", "val_loss" and so on; of the training set, grey.
        ax: axes to draw into.
        references: named levels, drawn as thin lines.

    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> compare_curves({"V1": {"train_loss": [0.9, 0.5], "test_loss": [0.8, 0.6]}}, "test_loss", ax)
    >>> ax.get_ylabel()
    'loss'
    """
    part, _, kind = metric.partition("_")
    names = {"test": "test", "val": "validation"}
    for number, (name, history) in enumerate(histories.items()):
        curve = history[metric]
        train_label = "train" if number == 0 else None  # one entry in the legend for all runs
        label = names[part] if number == 0 else None
        ax.plot(history[f"train_{kind}"], color="0.6", label=train_label)
        ax.plot(curve, color="black", label=label)
        end = (len(curve) - 1, curve[-1])
        ax.annotate(name, end, xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    ax.margins(x=0.1)  # room for the names
    ax.set(xlabel="epoch", ylabel="accuracy in %" if kind == "acc" else "loss")
    drawing.draw_references(ax, references or {})
    share_legend(ax.figure)


def plot_recipes(
    accuracies: Mapping[str, Sequence[float]], references: Mapping[str, float], ax: Axes
) -> None:
    """Draw a row of dots for each recipe, one dot per seed; the worst seed is filled in orange.

    Args:
        accuracies: for the name of each recipe the accuracy in percent of each of its seeds.
        references: named levels in percent, drawn as thin lines.
        ax: axes to draw into.

    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> plot_recipes({"SGD": [50.0, 63.0], "Adam": [99.5, 100.0]}, {"chance 50": 50}, ax)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['SGD', 'Adam']
    """
    for row, accs in enumerate(accuracies.values()):
        spread = np.linspace(-0.15, 0.15, len(accs))  # equal accuracies stay visible
        ax.scatter(sorted(accs), row + spread, s=30, facecolors="white", edgecolors="black")
        ax.scatter(min(accs), row + spread[0], s=30, color=CLASS_COLORS[1], label="worst seed")
    for name, level in references.items():
        ax.axvline(level, color="0.45", linewidth=0.8, linestyle="--", zorder=1)
        place = ax.get_xaxis_transform()
        ax.text(level, 1.02, name, transform=place, ha="center", fontsize=9, color="0.3")
    ax.set_yticks(range(len(accuracies)), list(accuracies))
    ax.set_xlabel("validation accuracy in %; orange: the worst seed")
    ax.invert_yaxis()
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)


def plot_relu_units(weights: Tensor, biases: Tensor, X: Tensor, y: Tensor, ax: Axes) -> None:
    """Shade the sum of ReLU units over the plane, with points on it: white is 0, darker is more.

    Args:
        weights: two weights per unit, `[U, 2]`.
        biases: `[U]`.
        X: points, `[N, 2]`, on any device.
        y: their labels, 0 or 1, `[N]`.
        ax: axes to draw into.

    >>> import matplotlib.pyplot as plt
    >>> import torch
    >>> fig, ax = plt.subplots()
    >>> weights = torch.tensor([[1.0, 0.0]])
    >>> X = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    >>> plot_relu_units(weights, torch.tensor([-0.5]), X, torch.tensor([0, 1]), ax)
    >>> ax.get_xlabel()
    '$x_1$'
    """
    points = X.numpy(force=True)
    reach = 1.5 * np.abs(points).max()  # so far that the corners of a triangle around them show
    xx, yy = drawing.grid_around(np.array([[-reach, -reach], [reach, reach]]))
    grid = np.stack([xx, yy], axis=-1)  # [H, W, 2]
    sums = grid @ weights.numpy(force=True).T + biases.numpy(force=True)  # [H, W, U], before ReLU
    total = np.maximum(sums, 0).sum(axis=-1)
    highest = total.max()
    if highest > 0:
        levels = np.linspace(1e-6 * highest, highest, 9)  # what lies below the first stays white
        ax.contourf(xx, yy, total, levels=levels, cmap="Greys", vmin=-0.3 * highest, alpha=0.6)
    for unit in range(len(weights)):
        ax.contour(xx, yy, sums[..., unit], levels=[0], colors="black", linewidths=1.2)
    labels = y.numpy(force=True).astype(int)
    drawing.scatter_classes(ax, points, labels, ["class 0", "class 1"], ringed=None)
    drawing.frame(ax, xx, yy)
    drawing.legend_below(ax, columns=2)


def plot_confusion_matrix(
    y_true: Any, y_pred: Any, ax: Axes | None = None, *, class_names: Sequence[str] | None = None
) -> Axes:
    """Draw the confusion matrix: a row per true class, a column per predicted class.

    What is right stands on the diagonal, in green; what is wrong stands beside it, in orange.
    A darker box holds a larger share of its row.

    Args:
        y_true: true labels `[N]`, whole numbers from 0 up.
        y_pred: predicted labels `[N]`.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        class_names: a name per class; None writes "class 0", "class 1", ...

    Returns:
        The axes that were drawn into.

    Raises:
        TypeError: labels that are not numbers.
        ValueError: labels that are not whole numbers, different shapes, or too few names.

    >>> ax = plot_confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '0', '2']
    """
    y_true, y_pred = checks.check_label_pair(y_true, y_pred)
    y_true = y_true.astype(int)
    y_pred = y_pred.astype(int)
    n_classes = max(y_true.max(), y_pred.max(), 1) + 1
    if class_names is not None:
        n_classes = max(n_classes, len(class_names))
    names = checks.check_class_names(class_names, n_classes)
    ax = drawing.own_axes(ax)
    for row in range(n_classes):
        row_preds = y_pred[y_true == row]
        for column in range(n_classes):
            count = int((row_preds == column).sum())
            share = count / max(1, len(row_preds))
            color = CLASS_COLORS[2] if row == column else CLASS_COLORS[1]
            box = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=color, alpha=0.75 * share)
            ax.add_patch(box)
            ax.text(column, row, str(count), ha="center", va="center", fontsize=13)
    places = range(n_classes)
    ax.set(xticks=places, xticklabels=names, xlabel="called")
    ax.set(yticks=places, yticklabels=names, ylabel="truth")
    ax.set(xlim=(-0.5, n_classes - 0.5), ylim=(n_classes - 0.5, -0.5), aspect="equal")
    return ax


def plot_class_scores(
    scores: Mapping[str, float], averages: Mapping[str, float], ax: Axes | None = None
) -> Axes:
    """Draw a bar per class, from 0 to 1, and a dashed line per average, named beside the axes.

    Args:
        scores: a number from 0 to 1 for each class's name, such as its F1.
        averages: a number from 0 to 1 for each average's name, such as "macro".
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.

    Returns:
        The axes that were drawn into.

    >>> ax = plot_class_scores({"cat": 0.9, "dog": 0.5}, {"macro": 0.7})
    >>> len(ax.patches), len(ax.lines)
    (2, 1)
    """
    ax = drawing.own_axes(ax)
    colors = drawing.class_colors(len(scores))
    bars = ax.bar(list(scores), list(scores.values()), color=colors, width=0.6, alpha=0.8)
    ax.bar_label(bars, fmt="%.2f", label_type="center")  # away from lines near the top
    ax.set(ylim=(0, 1))
    levels = {}
    for name, value in averages.items():
        levels[f"{name} {value:.2f}"] = value
    drawing.draw_references(ax, levels)
    return ax


def plot_calibration(
    y_true: Any, probs: Mapping[str, Any], ax: Axes | None = None, *, n_bins: int = 5
) -> Axes:
    """Draw the share of class 1 in each bin of probabilities against their mean.

    Honest probabilities lie on the dashed diagonal; a bin without samples has no point.

    Args:
        y_true: true labels `[N]`, 0 or 1.
        probs: P(class 1) of each sample, `[N]`, for the name of each model.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        n_bins: bins of equal width between 0 and 1.

    Returns:
        The axes that were drawn into.

    >>> ax = plot_calibration([0, 0, 1, 1], {"model": [0.1, 0.3, 0.6, 0.9]}, n_bins=2)
    >>> ax.get_xlabel()
    'promised: mean probability'
    """
    from sklearn.calibration import calibration_curve

    y_true = checks.as_labels(y_true, "y_true")
    ax = drawing.own_axes(ax)
    ax.plot([0, 1], [0, 1], color="0.45", linestyle="--", linewidth=0.8, label="honest")
    for (name, values), color in zip(probs.items(), drawing.class_colors(len(probs)), strict=True):
        values = checks.as_numbers(values, name)
        happened, promised = calibration_curve(y_true, values, n_bins=n_bins)
        ax.plot(promised, happened, marker="o", color=color, label=name)
    ax.set(xlabel="promised: mean probability", ylabel="happened: share of class 1")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    drawing.legend_below(ax, columns=3)
    return ax


def plot_threshold_curves(
    y_true: Any, probs: Any, axes: Sequence[Axes], *, thresholds: Sequence[float] = (0.5,)
) -> None:
    """Draw the ROC curve and the precision-recall curve of a binary classifier.

    Each named threshold is a dot; dashed lines show what guessing gets.

    Args:
        y_true: true labels `[N]`, 0 or 1, of both kinds.
        probs: P(class 1) of each sample, `[N]`.
        axes: two axes, for the ROC curve and for the precision-recall curve.
        thresholds: probabilities whose points are marked on both curves.

    >>> _, axes = plt.subplots(1, 2)
    >>> plot_threshold_curves([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], axes)
    >>> [ax.get_ylabel() for ax in axes]
    ['recall', 'precision']
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    y_true = checks.as_labels(y_true, "y_true")
    probs = checks.as_numbers(probs, "probs")
    alarm_rates, roc_recalls, _ = roc_curve(y_true, probs)
    precisions, recalls, _ = precision_recall_curve(y_true, probs)
    positive = y_true == 1
    roc_ax, precision_ax = axes
    guessing: dict[str, Any] = {
        "color": "0.45",
        "linestyle": "--",
        "linewidth": 0.8,
        "label": "guessing",
    }
    roc_ax.plot(alarm_rates, roc_recalls, color="black", label="network")
    roc_ax.plot([0, 1], [0, 1], **guessing)
    precision_ax.plot(recalls, precisions, color="black", label="network")
    precision_ax.plot([0, 1], [positive.mean()] * 2, **guessing)
    for threshold, color in zip(thresholds, drawing.class_colors(len(thresholds)), strict=True):
        called = probs >= threshold
        hits = (called & positive).sum()
        recall = hits / positive.sum()
        alarm_rate = (called & ~positive).sum() / (~positive).sum()
        style: dict[str, Any] = {"marker": "o", "linestyle": "", "color": color}
        roc_ax.plot(alarm_rate, recall, label=f"threshold {threshold:.2f}", **style)
        if called.any():
            precision_ax.plot(recall, hits / called.sum(), **style)
    roc_ax.set(title="ROC curve", xlabel="false alarm rate", ylabel="recall")
    precision_ax.set(title="precision-recall curve", xlabel="recall", ylabel="precision")
    for ax in axes:
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    roc_ax.legend(loc="lower right", fontsize=9)


class Box(NamedTuple):
    """A place for a text, in epochs from left to right and in losses from bottom to top."""

    left: float
    right: float
    bottom: float
    top: float


def plot_loss_panels(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    floors: Mapping[str, float] | None = None,
    top: float = 1.2,
    ylabel: str = "test loss",
) -> Figure:
    """Draw losses by epoch in panels side by side; the name of each run stands at its curve.

    Args:
        panels: for the title of each panel its runs, at most three, and for each run a loss per
            epoch. The first run of a panel is black, the third is dashed.
        floors: the level below which a run cannot fall, by the run's name; drawn as a dotted line.
        top: the losses reach from 0 to this; what is above it is cut off.
        ylabel: what the losses are.

    Returns:
        A figure with one panel per title and no legend.

    >>> runs = {"correct": [0.7, 0.1], "broken": [0.7, 0.6]}
    >>> fig = plot_loss_panels({"a mistake": runs}, floors={"broken": 0.5})
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['correct', 'broken', 'floor 0.500']
    """
    floors = floors or {}
    fig, axes = plt.subplots(
        1,
        len(panels),
        figsize=(PANEL_WIDTH * len(panels), 3.8),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, title in zip(axes[0], panels, strict=True):
        runs = panels[title]
        last_epoch = max(len(losses) for losses in runs.values()) - 1
        ax.set(title=title, xlabel="epoch", xlim=(0, last_epoch), ylim=(0, top))
        labels = {}  # text -> color and curve
        for name, color, style in zip(runs, RUN_COLORS, RUN_STYLES, strict=False):
            ax.plot(runs[name], color=color, linestyle=style)
            labels[name] = (color, np.asarray(runs[name]))
        for name in floors:
            if name in runs:
                color, _ = labels[name]
                ax.axhline(floors[name], color=color, linewidth=1.2, linestyle=":")
                level = np.full(last_epoch + 1, floors[name])
                labels[f"floor {floors[name]:.3f}"] = (color, level)
        _write_at_curves(ax, labels, last_epoch, top)
    axes[0, 0].set_ylabel(ylabel)
    return fig


def _write_at_curves(
    ax: Axes, labels: Mapping[str, tuple[str, np.ndarray]], last_epoch: int, top: float
) -> None:
    """Write each label above or below its own curve, as far to the right as no curve crosses it."""
    curves = [curve for _, curve in labels.values()]
    taken: list[Box] = []
    for text, (color, curve) in labels.items():
        boxes = list(_boxes_at(curve, text, last_epoch, top))
        free = (box for box in boxes if not _is_crossed(box, curves, taken))
        box = next(free, boxes[0])
        taken.append(box)
        ax.text(box.left, box.bottom, text, color=color, va="bottom")


def _boxes_at(curve: np.ndarray, text: str, last_epoch: int, top: float) -> Iterator[Box]:
    """Yield the places for a text at a curve inside the panel, the best one first."""
    width = 0.029 * len(text) * last_epoch
    height = 0.06 * top
    end = min(len(curve) - 1, last_epoch)
    ends = [0.98 * last_epoch] if end > last_epoch / 2 else [end + 1.1 * width]
    ends += list(np.linspace(0.95, 0.3, 14) * last_epoch)
    for distance in (0.015 * top, 0.07 * top):
        for right in ends:
            left = right - width
            below_text = curve[max(0, int(left)) : int(right) + 2]
            if left < 0 or below_text.size == 0:
                below_text = curve[-1:]
            highest = below_text.max() + distance
            lowest = below_text.min() - distance
            for bottom in (highest, lowest - height):
                if left >= 0 and 0 <= bottom <= top - height:
                    yield Box(left, right, bottom, bottom + height)
    yield Box(last_epoch - width, last_epoch, top / 2, top / 2 + height)


def _is_crossed(box: Box, curves: Sequence[np.ndarray], taken: Sequence[Box]) -> bool:
    """Tell whether a curve or another text runs through the box."""
    for curve in curves:
        part = curve[int(box.left) : int(box.right) + 2]
        lows = np.minimum(part[:-1], part[1:])
        highs = np.maximum(part[:-1], part[1:])
        if ((lows < box.top) & (highs > box.bottom)).any():
            return True
    for other in taken:
        beside = other.right < box.left or box.right < other.left
        apart = other.top < box.bottom or box.top < other.bottom
        if not beside and not apart:
            return True
    return False


def plot_strips(values: Mapping[str, Sequence[float]], levels: Mapping[str, float]) -> Figure:
    """Draw accuracies as one row of dots per name, each with a black line at its median.

    Args:
        values: accuracies in percent for the name of each row, one per dot.
        levels: accuracies that are marked by a dashed line and named above it.

    Returns:
        A figure with one panel; the first name is at the top.

    >>> fig = plot_strips({"seeds": [53.5, 81.0, 98.5]}, {"chance": 50})
    >>> [label.get_text() for label in fig.axes[0].get_yticklabels()]
    ['seeds']
    """
    fig, ax = plt.subplots(figsize=(8, 1.2 + 0.9 * len(values)), layout="constrained")
    for row, name in enumerate(values):
        accs = values[name]
        heights = row + np.linspace(-0.2, 0.2, len(accs))  # apart, so that equal ones show
        ax.scatter(accs, heights, s=22, color="0.4")
        median = np.median(accs)
        ax.plot([median, median], [row - 0.32, row + 0.32], color="black")
    for level in levels.values():
        ax.axvline(level, color="0.45", linewidth=0.8, linestyle="--", zorder=0)
    top = ax.secondary_xaxis("top")
    top.set_xticks(list(levels.values()), list(levels), fontsize=9)
    ax.set(ylim=(len(values) - 0.5, -0.5), xlabel="test accuracy in %")
    ax.set_yticks(range(len(values)), list(values))
    return fig


def plot_losses_together(together: Any, alone: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the losses of many networks as thin grey lines, and those of a few others as dots.

    Args:
        together: the loss of each of M networks in each of E epochs, `[M, E]`, tensor or array.
        alone: a loss per epoch for the name of each run that is drawn as dots.

    Returns:
        A figure with one panel.

    >>> fig = plot_losses_together(np.array([[0.7, 0.6], [0.7, 0.5]]), {"seed 0": [0.7, 0.6]})
    >>> len(fig.axes[0].lines)
    3
    """
    losses = np.asarray(together)
    fig, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
    ax.plot(losses.T, color="0.6", linewidth=0.8)
    ax.lines[0].set_label(f"{len(losses)} networks together")
    for name, color in zip(alone, CLASS_COLORS, strict=False):
        ax.plot(alone[name], ".", color=color, label=name)
    ax.set(xlabel="epoch", ylabel="training loss")
    ax.margins(x=0.01)
    fig.legend(loc="outside lower center", ncols=3, fontsize=10)
    return fig


def plot_value_and_slope(
    logits: Tensor, values: Mapping[str, Tensor], slopes: Mapping[str, Tensor]
) -> Figure:
    """Draw losses of one point of class 1 over its logit: values, and beside them slopes.

    Args:
        logits: `[N]`, rising.
        values: for the name of each loss its value at each logit, `[N]`. The first one is black.
        slopes: for the same names the slope at each logit, `[N]`.

    Returns:
        A new figure with two panels and one legend.

    >>> z = torch.tensor([-1.0, 0.0, 1.0])
    >>> p = torch.sigmoid(z)
    >>> fig = plot_value_and_slope(z, {"log loss": -p.log()}, {"log loss": p - 1})
    >>> [ax.get_title() for ax in fig.axes]
    ['value', 'slope']
    """
    colors = ["black", CLASS_COLORS[1]]
    fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for ax, title, curves in zip(axes, ("value", "slope"), (values, slopes), strict=True):
        ax.axvline(0, color="0.8", linewidth=0.8)
        for (name, curve), color in zip(curves.items(), colors, strict=False):
            ax.plot(logits, curve, color=color, label=name)
        ax.set(title=title, xlabel="logit   (below 0: wrong, above 0: right)")
        ax.margins(x=0)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return fig


def plot_starts(
    starts: Tensor,
    arrived: Tensor,
    path: Sequence[Sequence[float]],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    X: Tensor,
    y: Tensor,
    ax: Axes,
) -> None:
    """Draw the loss of logit = weight * x + bias as a surface, the starts on it, and one way down.

    The panels of a figure get one legend below them.

    Args:
        starts: a weight and a bias per start, `[S, 2]`.
        arrived: for each start whether training from it succeeds, `[S]`, bool.
        path: weight and bias at each step of one training.
        loss_fn: takes logits and labels `[N]` and returns their mean loss.
        X: one feature per point, `[N, 1]`.
        y: labels, 0 or 1 as float, `[N]`.
        ax: axes to draw into.

    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> X = torch.tensor([[-1.0], [1.0]])
    >>> y = torch.tensor([0.0, 1.0])
    >>> starts = torch.tensor([[1.0, 0.0], [-9.0, 0.0]])
    >>> arrived = torch.tensor([True, False])
    >>> loss_fn = torch.nn.BCEWithLogitsLoss()
    >>> plot_starts(starts, arrived, [[-9.0, 0.0], [-8.0, 0.0]], loss_fn, X, y, ax)
    >>> ax.get_xlabel()
    'weight'
    """
    weights = [weight for weight, _ in path]
    biases = [bias for _, bias in path]
    farthest = float(starts.abs().max())
    for number in (*weights, *biases):
        farthest = max(farthest, abs(number))
    ticks = torch.linspace(-1.1 * farthest, 1.1 * farthest, 41)
    x = X.squeeze(1)  # [N]
    heights = torch.empty(41, 41)  # rows are biases, columns are weights
    for row, bias in enumerate(ticks.tolist()):
        for column, weight in enumerate(ticks.tolist()):
            heights[row, column] = loss_fn(weight * x + bias, y)
    ax.contourf(ticks, ticks, heights, levels=12, cmap="Greys", alpha=0.45)
    good = starts[arrived]
    bad = starts[~arrived]
    green = CLASS_COLORS[2]
    orange = CLASS_COLORS[1]
    ax.scatter(good[:, 0], good[:, 1], s=22, color=green, label="start that arrives")
    ax.scatter(bad[:, 0], bad[:, 1], s=22, color=orange, marker="x", label="start that does not")
    ax.plot(weights, biases, color="black", linewidth=2, label="way from the bad start")
    ax.plot(weights[0], biases[0], color="black", marker="s", markersize=6)
    ax.set(xlabel="weight", ylabel="bias", aspect="equal")
    if ax.figure.legends:
        return
    handles, labels = ax.get_legend_handles_labels()
    ax.figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def plot_batch_sizes(
    losses_by_size: Mapping[int, Mapping[int, float]],
    steps_per_epoch: Mapping[int, int],
    reference: float,
) -> Figure:
    """Draw the loss of runs with different batch sizes twice: by epoch, and by step.

    Args:
        losses_by_size: for each batch size the loss after so many steps.
        steps_per_epoch: for each batch size how many steps an epoch has.
        reference: the loss of a network without any idea, drawn as a thin line.

    Returns:
        A new figure with two panels and one legend; the last run is a broad pale line, so that a
        run on top of it can be seen.

    >>> losses_by_size = {1: {1: 2.3, 8: 1.9}, 8: {1: 2.2}}
    >>> fig = plot_batch_sizes(losses_by_size, {1: 8, 8: 1}, reference=2.3)
    >>> [ax.get_xlabel() for ax in fig.axes]
    ['epochs (log scale)', 'steps (log scale)']
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
    last = list(losses_by_size)[-1]
    for (size, losses), color in zip(losses_by_size.items(), CLASS_COLORS, strict=False):
        style: dict[str, Any] = {"color": color, "label": f"batch size {size}"}
        if size == last:
            style["linewidth"] = 6
            style["alpha"] = 0.4
        steps = list(losses)
        epochs = [step / steps_per_epoch[size] for step in steps]
        for ax, places in zip(axes, (epochs, steps), strict=True):
            ax.plot(places, list(losses.values()), marker="o", markersize=3, **style)
    for ax, unit in zip(axes, ("epochs", "steps"), strict=True):
        ax.axhline(reference, color="0.45", linewidth=0.8, linestyle="--")
        ax.set(xscale="log", xlabel=f"{unit} (log scale)", title=f"by {unit[:-1]}")
        ax.xaxis.set_major_formatter("{x:g}")
    place = axes[0].get_yaxis_transform()
    axes[0].text(0.02, reference, "no idea", transform=place, va="bottom", fontsize=9, color="0.3")
    axes[0].set_ylabel("loss on the training set")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return fig


def plot_activations(
    x: Tensor, values: Mapping[str, Tensor], slopes: Mapping[str, Tensor]
) -> Figure:
    """Draw the values of activations on the left and their slopes on the right, from -6 to 6.

    Args:
        x: the inputs in rising order, `[N]`.
        values: the outputs for the name of each activation, `[N]`.
        slopes: their slopes, `[N]`, under the same names.

    Returns:
        A new figure with one legend below both panels.

    >>> import torch
    >>> x = torch.linspace(-6, 6, 13)
    >>> fig = plot_activations(x, {"ReLU": x.relu()}, {"ReLU": (x > 0).float()})
    >>> [ax.get_title() for ax in fig.axes]
    ['value', 'slope']
    """
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    for ax, curves, title in zip(axes, (values, slopes), ("value", "slope"), strict=True):
        for (name, curve), color in zip(curves.items(), CLASS_COLORS[2:], strict=False):
            ax.plot(x, curve, color=color, label=name)
        ax.set(title=title, xlabel="input $x$", ylabel=title, xlim=(-6, 6), ylim=(-1.2, 2.2))
    handles, names = axes[1].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=3)
    return fig


def plot_hidden_space(hidden: Tensor, y: Tensor, ax: Axes, heights: Tensor | None = None) -> None:
    """Draw the numbers that a hidden layer makes of points, seen from where they spread most.

    Up to U numbers per point are shown on paper by principal component analysis (PCA): the first
    direction is the one in which the points spread most, the second spreads most of those at a
    right angle to it. With a single unit there is no second direction; it is drawn as 0.

    Args:
        hidden: the outputs of the hidden layer, `[N, U]`, on any device.
        y: labels, 0 or 1, `[N]`.
        ax: axes to draw into.
        heights: one number per point, `[N]`, drawn upwards in place of the first direction; the
            second direction then goes to the right. None draws both directions.

    >>> import matplotlib.pyplot as plt
    >>> import torch
    >>> fig, ax = plt.subplots()
    >>> plot_hidden_space(torch.rand(5, 3), torch.tensor([0, 1, 0, 1, 1]), ax)
    >>> ax.get_xlabel()
    'direction 1'
    """
    centred = hidden.numpy(force=True) - hidden.numpy(force=True).mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)  # a row each, widest first
    places = centred @ directions[:2].T  # [N, 2], or [N, 1] with a single unit
    if places.shape[1] == 1:
        places = np.hstack([places, np.zeros_like(places)])
    if heights is not None:
        places = np.column_stack([places[:, 1], heights.numpy(force=True)])
    labels = y.numpy(force=True).astype(int)
    drawing.scatter_classes(ax, places, labels, ["class 0", "class 1"], ringed=None)
    drawing.legend_below(ax, columns=2)
    ax.set(xlabel="direction 1", ylabel="direction 2", box_aspect=1)
    if heights is not None:
        ax.axhline(0, color="black", linewidth=1.2)
        ax.set(xlabel="direction 2", ylabel="logit")


def plot_fold(model: nn.Sequential, X: Tensor, y: Tensor, panel_titles: Sequence[str]) -> Figure:
    """Draw a hidden layer of U ReLU units: its half-planes, its numbers before and after ReLU.

    Left the plane, darker where more units are on; in the middle the hidden numbers before ReLU
    from where they spread most; on the right after ReLU, with the logit upwards.

    Args:
        model: `nn.Sequential` of a linear layer with two inputs, ReLU and a layer with one output.
        X: features `[N, 2]` on the model's device.
        y: labels, 0 or 1, `[N]`.
        panel_titles: one title per panel, three in all.

    Returns:
        A new figure with one legend.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> fig = plot_fold(model, torch.rand(5, 2), torch.tensor([0, 1, 0, 1, 1]), ["a", "b", "c"])
    >>> len(fig.axes)
    3
    """
    linear, relu, last = model
    weights = linear.get_parameter("weight")
    biases = linear.get_parameter("bias")
    with torch.no_grad():
        before = linear(X)  # [N, U]
        after = relu(before)  # [N, U]
        logits = last(after).squeeze(1)  # [N]
    fig, axes = plt.subplots(1, 3, figsize=(12, 4.6), layout="constrained")
    left, middle, right = axes
    plot_relu_units(weights, biases, X, y, ax=left)
    plot_hidden_space(before, y, middle)
    plot_hidden_space(after, y, right, heights=logits)
    for ax, title in zip(axes, panel_titles, strict=True):
        ax.set_title(title)
    share_legend(fig)
    return fig


def plot_gradients_by_layer(sizes: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Draw the size of gradients by hidden layer on a logarithmic axis: median and range.

    Args:
        sizes: for the name of each kind of network one list per network: its gradient by layer.

    Returns:
        A new figure with one panel.

    >>> fig = plot_gradients_by_layer({"sigmoid": [[1e-6, 1e-3], [2e-6, 3e-3]]})
    >>> fig.axes[0].get_yscale()
    'log'
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
    for (name, networks), color in zip(sizes.items(), CLASS_COLORS[2:], strict=False):
        table = np.array(networks)  # [networks, layers]
        layers = np.arange(1, table.shape[1] + 1)
        ax.plot(layers, np.median(table, axis=0), color=color, marker="o", label=name)
        ax.fill_between(layers, table.min(axis=0), table.max(axis=0), color=color, alpha=0.15)
    ax.set(yscale="log", xlabel="hidden layer", ylabel="mean |gradient| of its weights")
    title = "line: median, shade: lowest to highest"
    fig.legend(loc="outside lower center", ncols=len(sizes), title=title)
    return fig


def plot_dead_units(
    losses: Mapping[str, Sequence[float]], dead: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw the training loss of several runs by epoch, and beside it their dead units.

    Args:
        losses: one loss per epoch for the name of each run.
        dead: the number of dead units after each epoch, under the same names.

    Returns:
        A new figure with two panels and one legend.

    >>> fig = plot_dead_units({"lr 0.02": [0.7, 0.1]}, {"lr 0.02": [6, 7]})
    >>> [ax.get_ylabel() for ax in fig.axes]
    ['training loss', 'dead units']
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
    for name, color in zip(losses, CLASS_COLORS[2:], strict=False):
        left.plot(losses[name], color=color, label=name)
        right.plot(dead[name], color=color)
    left.set(xlabel="epoch", ylabel="training loss")
    right.set(xlabel="epoch", ylabel="dead units")
    fig.legend(loc="outside lower center", ncols=len(losses))
    return fig


def plot_kept_epochs(
    histories: Mapping[str, Mapping[str, Sequence[float]]], best_epochs: Mapping[str, int]
) -> Figure:
    """Draw training loss (grey) and validation loss (black) of several models, one panel each.

    Args:
        histories: for each model's name its lists `train_loss` and `val_loss`, one entry per epoch.
        best_epochs: for each name the epoch whose weights were kept; a dot marks it.

    Returns:
        A new figure; the panels share a logarithmic axis.

    >>> losses = {"train_loss": [0.9, 0.5], "val_loss": [0.8, 0.9]}
    >>> fig = plot_kept_epochs({"small": losses, "large": losses}, {"small": 0, "large": 0})
    >>> [ax.get_title() for ax in fig.axes]
    ['small: kept epoch 0', 'large: kept epoch 0']
    """
    n_panels = len(histories)
    size = (10 * n_panels / 3, 4.2)
    fig, axes = plt.subplots(
        1, n_panels, figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    for ax, name in zip(axes[0], histories, strict=True):
        best_epoch = best_epochs[name]
        train_loss = histories[name]["train_loss"]
        val_loss = histories[name]["val_loss"]
        ax.plot(train_loss, color="0.6", label="training")
        ax.plot(val_loss, color="black", label="validation")
        ax.plot(best_epoch, val_loss[best_epoch], "o", color=CLASS_COLORS[1], label="kept epoch")
        ax.set(xlabel="epoch", yscale="log", title=f"{name}: kept epoch {best_epoch}")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", color="0.9")
        ax.legend()  # share_legend takes it away and puts one below all panels
    axes[0, 0].set_ylabel("loss, log scale")
    share_legend(fig)
    return fig


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
    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markersize": 5}
    handles = [
        Line2D([], [], color=CLASS_COLORS[1], label="has the tag", marker="o", linestyle=""),
        Line2D([], [], color=CLASS_COLORS[0], label="does not", marker="o", linestyle=""),
        Line2D([], [], color="black", linewidth=1.2, label="the network's boundary"),
        Line2D([], [], color=CLASS_COLORS[2], linewidth=2.2, linestyle="--", label="true disc"),
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=4)


def plot_f1_by_threshold(
    thresholds: Sequence[float], f1: Tensor, chosen: Sequence[float], names: Sequence[str]
) -> Figure:
    """Draw the F1 score of each label by threshold, with a dot on the chosen threshold.

    Args:
        thresholds: T thresholds, `[T]`.
        f1: one score per threshold and label, `[T, L]`.
        chosen: L thresholds among the T.
        names: L names, written at the curves' dots.

    >>> import torch
    >>> f1 = torch.tensor([[0.4], [0.6]])
    >>> fig = plot_f1_by_threshold([0.3, 0.6], f1, [0.6], ["rock"])
    >>> [line.get_label() for line in fig.axes[0].lines][0]
    'rock'
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    for label, name in enumerate(names):
        color = CLASS_COLORS[label]
        curve = f1[:, label]
        ax.plot(thresholds, curve, color=color, label=name)
        ax.plot(chosen[label], curve.max(), "o", color=color)
    ax.axvline(0.5, color="0.45", linewidth=0.8, linestyle="--")
    ax.text(0.51, 0.02, "one half", fontsize=9, color="0.3")
    ax.set(xlabel="threshold; dots: chosen", ylabel="F1 on the validation set", ylim=(0, 1.02))
    fig.legend(loc="outside lower center", ncols=len(names))
    return fig


def plot_right_by_count(shares: Mapping[str, Sequence[float]], xlabel: str) -> Figure:
    """Draw bars: the share of samples with all labels right, by their number of labels.

    Args:
        shares: for each model's name one share between 0 and 1 per number of labels, 0, 1, 2, ...
        xlabel: what the numbers below the bars count.

    >>> fig = plot_right_by_count({"one": [0.9, 0.8], "other": [0.0, 0.7]}, "labels")
    >>> fig.axes[0].get_ylabel()
    'all labels right, in %'
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    width = 0.8 / len(shares)
    for place, name in enumerate(shares):
        counts = np.arange(len(shares[name]))
        offset = (place - (len(shares) - 1) / 2) * width
        heights = 100 * np.asarray(shares[name])
        bars = ax.bar(counts + offset, heights, 0.9 * width, color=CLASS_COLORS[place], label=name)
        ax.bar_label(bars, fmt="%.0f", fontsize=9)
        ax.set_xticks(counts)
    ax.set(xlabel=xlabel, ylabel="all labels right, in %", ylim=(0, 108))
    fig.legend(loc="outside lower center", ncols=len(shares))
    return fig


def plot_kept_epoch(
    train_losses: Sequence[float], val_losses: Sequence[float], kept: int, ax: Axes
) -> Axes:
    """Draw training and validation loss by epoch, and a dotted line at the epoch that was kept.

    Args:
        train_losses: one loss per epoch.
        val_losses: as many.
        kept: the epoch whose weights were kept.
        ax: axes to draw into.

    Returns:
        The axes that were drawn into.

    >>> fig, ax = plt.subplots()
    >>> ax = plot_kept_epoch([0.9, 0.5, 0.3], [0.8, 0.6, 0.7], kept=1, ax=ax)
    >>> ax.get_title()
    'Loss; epoch 1 kept'
    """
    ax.plot(train_losses, color="0.6", label="training")
    ax.plot(val_losses, color="black", label="validation")
    ax.axvline(kept, color="0.3", linestyle=":")
    ax.set(xlabel="epoch", ylabel="cross entropy", title=f"Loss; epoch {kept} kept")
    drawing.legend_below(ax, columns=2)
    return ax


def plot_intervals(
    accs: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], ax: Axes
) -> Axes:
    """Draw accuracies as dots with their intervals, one row per model, the first on top.

    Args:
        accs: the accuracy in percent for the name of each model.
        intervals: the lower and the upper end for the same names, in percent.
        ax: axes to draw into.

    Returns:
        The axes that were drawn into.

    >>> fig, ax = plt.subplots()
    >>> ax = plot_intervals({"network": 100.0}, {"network": (72.2, 100.0)}, ax)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['network']
    """
    names = list(accs)
    for row, name in enumerate(names):
        low, high = intervals[name]
        ax.plot([low, high], [row, row], color="0.6", linewidth=2)
        ax.plot(accs[name], row, "o", color="black")
    ax.set_yticks(range(len(names)), [name.replace(" ", "\n") for name in names])
    ax.set(xlabel="accuracy in %", ylim=(len(names) - 0.5, -0.5))
    return ax
