"""How good is a model: confusion matrix, scores per class, thresholds, intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course import checks, drawing
from course.drawing import CLASS_COLORS


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
