"""Training runs beside each other: losses by epoch, by seed, by batch size."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course import drawing
from course.drawing import CLASS_COLORS, share_legend

PANEL_WIDTH = 3.3  # inches

RUN_COLORS = ("black", CLASS_COLORS[1], CLASS_COLORS[0])

RUN_STYLES = ("-", "-", "--")  # the third lets one see a line that it lies on


class Box(NamedTuple):
    """A place for a text, in epochs from left to right and in losses from bottom to top."""

    left: float
    right: float
    bottom: float
    top: float


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
