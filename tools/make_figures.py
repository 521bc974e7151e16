"""Makes the figures of the guides, with the same models and data as the lessons.

    python tools/make_figures.py                 all of them, into docs/figures
    python tools/make_figures.py architecture    only this one

Figures named NN_what.png in docs/figures are not made here: they are copies of what lesson NN
writes.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, TensorDataset

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from helper_functions import (  # noqa: E402 - found only now
    CLASS_COLORS,
    fit,
    make_spirals,
    plot_decision_boundary,
    save_figure,
)

SEED = 42  # of data, splits and first weights, as in the lessons
BLUE, ORANGE, GREEN, PINK = CLASS_COLORS[:4]
SHADES = LinearSegmentedColormap.from_list("shades", [BLUE, "white", ORANGE])
FIGURES: dict[str, Callable[[], Figure]] = {}  # name without .png -> the function that draws it


def figure(draw: Callable[[], Figure]) -> Callable[[], Figure]:
    """Register a function under its own name as the maker of `docs/figures/<name>.png`."""
    FIGURES[draw.__name__] = draw
    return draw


def make(names: Iterable[str], folder: Path) -> None:
    """Draw the named figures into a folder."""
    torch.set_num_threads(1)
    before = os.environ.get("OUTPUT_DIR")
    os.environ["OUTPUT_DIR"] = str(folder)
    try:
        for name in names:
            drawn = FIGURES[name]()
            save_figure(drawn, f"{name}.png")
            plt.close(drawn)
    finally:
        del os.environ["OUTPUT_DIR"]
        if before is not None:
            os.environ["OUTPUT_DIR"] = before


def to_tensors(X: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features as float32 and labels as int64."""
    return torch.from_numpy(X).float(), torch.from_numpy(y).long()


def network(*sizes: int) -> nn.Sequential:
    """Return linear layers of these sizes with ReLU between them, built from SEED."""
    torch.manual_seed(SEED)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# ---- Guides 01 to 06 -----------------------------------------------------------------------------


@figure
def kinds() -> Figure:
    """Guide 01: binary, multi-class and multi-label data, and what a network returns for each."""
    fig, axes = plt.subplots(1, 3, figsize=(10, 4.1), layout="constrained")
    X, y = make_circles(300, noise=0.03, random_state=SEED)
    for k in range(2):
        axes[0].scatter(*X[y == k].T, s=12, color=CLASS_COLORS[k], label=f"class {k}")
    X, y = make_blobs(300, centers=4, cluster_std=1.5, random_state=SEED)
    for k in range(4):
        axes[1].scatter(*X[y == k].T, s=12, color=CLASS_COLORS[k], label=f"class {k}")
    X = np.random.default_rng(SEED).uniform(-2, 2, size=(300, 2))
    has_a, has_b = (np.hypot(X[:, 0] - shift, X[:, 1]) < 1.2 for shift in (-0.6, 0.6))
    for a, b, name, color in (
        (1, 0, "A", BLUE),
        (0, 1, "B", ORANGE),
        (1, 1, "A and B", GREEN),
        (0, 0, "none", "0.6"),
    ):
        axes[2].scatter(*X[(has_a == a) & (has_b == b)].T, s=12, color=color, label=name)
    for shift in (-0.6, 0.6):
        axes[2].add_patch(plt.Circle((shift, 0), 1.2, fill=False, linewidth=0.8))
    for ax, name, returned in zip(
        axes,
        (
            "binary: one of 2 classes",
            "multi-class: one of K classes",
            "multi-label: each of L or not",
        ),
        ("1 logit", "K logits, one a class", "L logits, one a label"),
        strict=True,
    ):
        ax.set(title=f"{name}\nfor a point: {returned}", xlabel="feature $x_1$", box_aspect=1)
        ax.title.set_fontsize(10)
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.17),
            ncols=4,
            columnspacing=0.8,
            handletextpad=0.1,
        )
    axes[0].set_ylabel("feature $x_2$")
    return fig


@figure
def architecture() -> Figure:
    """Guide 02: the units and connections of 2-10-10-1, with shapes and parameters."""
    sizes = (2, 10, 10, 1)
    fig, ax = plt.subplots(figsize=(9, 5), layout="constrained")
    places = [
        [(3 * column, 0.5 * (size - 1) - row) for row in range(size)]
        for column, size in enumerate(sizes)
    ]
    for left, right in pairwise(places):
        for start in left:
            for end in right:
                ax.plot(*zip(start, end, strict=True), color="0.75", linewidth=0.7, zorder=1)
    colors = (BLUE, GREEN, GREEN, ORANGE)
    names = ("input", "hidden layer 1", "hidden layer 2", "output")
    units = ("2 features", "10 units, ReLU", "10 units, ReLU", "1 logit")
    for column, (spots, color, name, unit, size) in enumerate(
        zip(places, colors, names, units, sizes, strict=True)
    ):
        xs, ys = zip(*spots, strict=True)
        ax.scatter(xs, ys, s=170, color=color, edgecolor="white", zorder=2)
        ax.text(3 * column, 6.2, f"{name}\n{unit}", ha="center", va="center", fontsize=11)
        ax.text(
            3 * column,
            -5.6,
            f"[N, {size}]",
            ha="center",
            va="center",
            fontsize=11,
            family="monospace",
        )
    for column, (n_in, n_out) in enumerate(pairwise(sizes)):
        counts = f"nn.Linear({n_in}, {n_out})\n{n_in} x {n_out} + {n_out} = {n_in * n_out + n_out}"
        ax.text(3 * column + 1.5, -7.2, counts, ha="center", va="center", fontsize=10, color="0.25")
    ax.set(xlim=(-1.2, 10.2), ylim=(-8.1, 7))
    ax.axis("off")
    fig.suptitle(
        "V2, 2-10-10-1: a grey line is a weight; each hidden unit and the output have a bias, too"
    )
    return fig


@figure
def data_sets() -> Figure:
    """Guide 03: the four data sets that the course makes, from the calls that make them."""
    made = {
        "make_circles(1000, noise=0.03)": make_circles(1000, noise=0.03, random_state=SEED),
        "make_moons(1000, noise=0.1)": make_moons(1000, noise=0.1, random_state=SEED),
        "make_blobs(1000, centers=4,\ncluster_std=1.5)": make_blobs(
            1000, centers=4, cluster_std=1.5, random_state=SEED
        ),
        "make_spirals(1000)": make_spirals(1000, random_state=SEED),
    }
    fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), layout="constrained")
    for ax, (call, (X, y)) in zip(axes, made.items(), strict=True):
        for k in range(y.max() + 1):
            ax.scatter(*X[y == k].T, s=3, color=CLASS_COLORS[k])
        ax.set(xlabel="$x_1$", box_aspect=1)
        ax.set_title(call, fontsize=9, family="monospace")
    axes[0].set_ylabel("$x_2$")
    return fig


@figure
def tensors() -> Figure:
    """Guide 04: five rows on their way through 2-5-4, every number of every tensor."""
    X, y = to_tensors(*make_blobs(1000, centers=4, cluster_std=1.5, random_state=SEED))
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
    model = network(2, 5, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(model, X_train, X_test, y_train, y_test, nn.CrossEntropyLoss(), optimizer, epochs=300)
    with torch.inference_mode():
        least_sure = model(X_test).softmax(dim=1).amax(dim=1).argmin()
        rows = torch.stack([*(X_test[y_test == k][0] for k in range(4)), X_test[least_sure]])
        before, after, logits = (model[:end](rows) for end in (1, 2, 3))
    probs = logits.softmax(dim=1)
    stages = {
        "X\n[5, 2]": rows,
        "nn.Linear(2, 5)\n[5, 5]": before,
        "nn.ReLU()\n[5, 5]": after,
        "nn.Linear(5, 4)\nlogits [5, 4]": logits,
        "softmax\n[5, 4]": probs,
        "argmax\n[5]": logits.argmax(dim=1, keepdim=True),
    }
    widths = [values.shape[1] for values in stages.values()]
    fig, axes = plt.subplots(1, 6, figsize=(10, 2.9), width_ratios=widths, layout="constrained")
    for ax, (title, values) in zip(axes, stages.items(), strict=True):
        draw_tensor(ax, title, values)
    axes[0].set(yticks=range(5), yticklabels=[f"row {i}" for i in range(5)])
    return fig


def draw_tensor(ax: Axes, title: str, values: torch.Tensor) -> None:
    """Draw a tensor `[rows, columns]` as shaded cells, each with its number."""
    is_label = title.startswith("argmax")
    is_probability = title.startswith("softmax")
    bound = 1.0 if is_label or is_probability else values.abs().max().item()
    shown = torch.zeros_like(values) if is_label else values
    ax.imshow(shown.numpy(), cmap=SHADES, vmin=-1.6 * bound, vmax=1.6 * bound, aspect="auto")
    for i, row in enumerate(values.tolist()):
        for j, value in enumerate(row):
            if is_label or value == 0:
                text = f"{value:.0f}"
            elif is_probability:
                text = f"{value:.2f}"
            else:
                text = f"{value:.1f}"
            ax.text(j, i, text, ha="center", va="center", size=9)
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9.5)


@figure
def five_steps() -> Figure:
    """Guide 05: the training loop as five boxes in a circle."""
    steps = (
        ("1. forward", "model(X)", "what does the\nmodel say?", BLUE),
        ("2. loss", "loss_fn(logits, y)", "how wrong is it?\none number", PINK),
        ("3. zero", "optimizer.zero_grad()", "forget the gradients\nof the step before", "0.5"),
        ("4. backward", "loss.backward()", "the slope of the loss\nfor every parameter", GREEN),
        ("5. step", "optimizer.step()", "each parameter moves\nagainst its slope", ORANGE),
    )
    fig, ax = plt.subplots(figsize=(10, 2.9), layout="constrained")
    for i, (name, code, meaning, color) in enumerate(steps):
        ax.add_patch(
            plt.Rectangle((2 * i, 0), 1.76, 1.7, facecolor="white", edgecolor=color, linewidth=2.2)
        )
        ax.text(2 * i + 0.88, 1.45, name, ha="center", va="center", fontsize=12, weight="bold")
        ax.text(2 * i + 0.88, 1.02, code, ha="center", va="center", fontsize=9, family="monospace")
        ax.text(2 * i + 0.88, 0.42, meaning, ha="center", va="center", fontsize=9.5)
        if i < 4:
            ax.annotate(
                "",
                (2 * i + 2.0, 0.85),
                (2 * i + 1.77, 0.85),
                arrowprops={"arrowstyle": "-|>", "color": "0.2"},
            )
    back = {"arrowstyle": "-|>", "color": "0.2", "connectionstyle": "bar,angle=180,fraction=-0.06"}
    ax.annotate("", (0.85, -0.02), (8.85, -0.02), arrowprops=back)
    ax.text(
        4.85,
        -0.42,
        "next epoch: the same points, better parameters",
        ha="center",
        va="center",
        fontsize=10,
        bbox={"color": "white", "pad": 3},
    )
    ax.set(xlim=(-0.05, 9.81), ylim=(-0.75, 1.85))
    ax.axis("off")
    return fig


@figure
def logits_to_labels() -> Figure:
    """Guide 05: the way from logits to labels, for one logit a row and for K."""
    fig, axes = plt.subplots(
        1, 4, figsize=(10, 3.3), width_ratios=[2.2, 1, 1, 1], layout="constrained"
    )
    z = torch.linspace(-6, 6, 241)
    logits = torch.tensor([-4.0, -2.0, -0.5, 0.5, 2.0, 4.0])
    axes[0].axvspan(-6, 0, color=BLUE, alpha=0.12, linewidth=0)
    axes[0].axvspan(0, 6, color=ORANGE, alpha=0.12, linewidth=0)
    axes[0].plot(z, z.sigmoid(), color="black")
    axes[0].axhline(0.5, color="0.45", linewidth=0.8, linestyle="--")
    axes[0].vlines(logits.numpy(), 0, logits.sigmoid().numpy(), color="0.4", linewidth=0.8)
    axes[0].scatter(logits, logits.sigmoid(), s=36, color=[BLUE] * 3 + [ORANGE] * 3, zorder=3)
    for logit in logits:
        right = logit > 0
        axes[0].annotate(
            f"{logit.sigmoid():.2f}",
            (logit, logit.sigmoid()),
            (5, -6) if right else (-5, 6),
            textcoords="offset points",
            ha="left" if right else "right",
            va="top" if right else "bottom",
            fontsize=9,
        )
    axes[0].text(-3, 0.9, "label 0", ha="center", color="#00507D", fontsize=11)
    axes[0].text(3, 0.08, "label 1", ha="center", color="#A84900", fontsize=11)
    axes[0].set(
        title="two classes: one logit a row",
        xlabel="logit",
        ylabel="sigmoid: probability of class 1",
    )
    axes[0].set(xlim=(-6, 6), ylim=(0, 1.03), xticks=range(-6, 7, 2))
    row = torch.tensor([2.1, 0.5, -1.2])
    labels = torch.nn.functional.one_hot(row.argmax(), 3)
    panels = (
        ("K classes: logits", row, ".1f"),
        ("softmax:\nprobabilities", row.softmax(0), ".3f"),
        ("argmax:\nlabel 0", labels, ".0f"),
    )
    for ax, (title, values, form) in zip(axes[1:], panels, strict=True):
        ax.bar(range(3), values.tolist(), color=CLASS_COLORS[:3], alpha=0.85)
        for k, value in enumerate(values.tolist()):
            if not title.startswith("argmax"):
                ax.annotate(
                    f"{value:{form}}",
                    (k, value),
                    (0, 3) if value >= 0 else (0, -3),
                    textcoords="offset points",
                    ha="center",
                    va="bottom" if value >= 0 else "top",
                    fontsize=10,
                )
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set(title=title, xlabel="class", xticks=range(3), yticks=[])
        ax.set(ylim=(-1.9, 2.7) if form == ".1f" else (0, 1.1))
        ax.title.set_fontsize(10.5)
    axes[3].text(0, 1.02, "wins", ha="center", fontsize=10)
    return fig


@figure
def fitting() -> Figure:
    """Guide 06: a model that is too small, one that fits, one that learns points by heart."""
    X, y = to_tensors(*make_moons(600, noise=0.3, random_state=SEED))
    X_train, X_val, y_train, y_val = train_test_split(
        X, y.float(), test_size=500, random_state=SEED
    )
    fig, axes = plt.subplots(2, 3, figsize=(10, 6.2), height_ratios=[5, 3], layout="constrained")
    recipes = {
        "too small: linear": ((2, 1), 300, 0.02),
        "fits: 2-16-1, 60 epochs": ((2, 16, 1), 60, 0.05),
        "too long: 2-64-64-1, 300 epochs": ((2, 64, 64, 1), 300, 0.02),
    }
    for (top, bottom), (name, (sizes, epochs, lr)) in zip(axes.T, recipes.items(), strict=True):
        model = network(*sizes)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        history = fit(
            model, X_train, X_val, y_train, y_val, nn.BCEWithLogitsLoss(), optimizer, epochs
        )
        plot_decision_boundary(model, X_train, y_train, ax=top, limits_from=X)
        top.get_legend().remove()
        train_acc, val_acc = history["train_acc"][-1], history["test_acc"][-1]
        top.set_title(f"{name}\ntrain {train_acc:.0f}%, validation {val_acc:.1f}%", fontsize=10)
        bottom.plot(history["train_loss"], color="0.6", label="train")
        bottom.plot(history["test_loss"], color="black", label="validation")
        lowest = int(np.argmin(history["test_loss"]))
        bottom.plot(lowest, history["test_loss"][lowest], "o", color="black", label="lowest")
        bottom.set(xlabel="epoch", ylim=(0, 1))
    axes[1, 0].set_ylabel("loss")
    axes[1, 0].legend(loc="upper right")
    fig.suptitle(
        "Moons with noise 0.3: 100 training points (shown), 500 validation points, Adam, seed 42"
    )
    return fig


@figure
def learning_rates() -> Figure:
    """Guide 06: gradient descent on the loss surface of two weights, at three learning rates."""
    X, y = make_blobs(200, centers=[[-0.7, -0.5], [0.7, 0.5]], random_state=SEED)
    X, y = (
        torch.tensor(X * [1, 3], dtype=torch.float32),
        torch.tensor(y, dtype=torch.float32),
    )  # x2: another unit
    loss_fn = nn.BCEWithLogitsLoss(reduction="none")
    ticks_1, ticks_2 = torch.linspace(-3, 5, 81), torch.linspace(-2, 4.5, 81)
    weights = torch.cartesian_prod(ticks_1, ticks_2)  # [6561, 2]
    surface = loss_fn(weights @ X.T, y.expand(len(weights), -1)).mean(dim=1).reshape(81, 81)
    fig, axes = plt.subplots(1, 4, figsize=(10, 3.2), layout="constrained")
    recipes = {0.02: "too small", 0.5: "good", 5.0: "too large"}
    for ax, (lr, word), color in zip(axes, recipes.items(), (BLUE, GREEN, ORANGE), strict=False):
        params = torch.tensor([-2.0, -0.6], requires_grad=True)
        optimizer = torch.optim.SGD([params], lr=lr)
        track, losses = [], []
        for _ in range(41):
            loss = loss_fn(X @ params, y).mean()
            track.append(params.tolist())
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        ax.contourf(
            ticks_1,
            ticks_2,
            surface.T,
            levels=np.geomspace(0.33, 8, 16),
            norm=LogNorm(),
            cmap="Greys",
            alpha=0.5,
        )
        ax.plot(*zip(*track, strict=True), color=color, marker=".", linewidth=1, markersize=5)
        ax.scatter(*track[0], color="black", zorder=3)
        ax.set(title=f"learning rate {lr:g}: {word}", xlabel="weight of $x_1$", box_aspect=1)
        ax.set(xlim=(-3, 5), ylim=(-2, 4.5))
        axes[3].plot(losses, color=color)
        ax.title.set_fontsize(10)
    axes[0].set_ylabel("weight of $x_2$")
    axes[3].set(title="loss by step", xlabel="optimizer step", ylim=(0, 4.2), box_aspect=1)
    axes[3].title.set_fontsize(10)
    fig.suptitle("Two weights, no bias: 40 steps from the black dot; darker means a higher loss")
    return fig


# ---- Guides 07 to 13 -----------------------------------------------------------------------------


@figure
def softmax_floor() -> Figure:
    """Guide 09: from logits to a loss for one row, and the floor that a second softmax makes."""
    row = torch.tensor([2.1, 0.5, -1.2])
    probs = row.softmax(0)
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), width_ratios=[1, 1, 2], layout="constrained")
    for ax, values, form in ((axes[0], row, ".1f"), (axes[1], probs, ".3f")):
        ax.bar(range(3), values.tolist(), color=CLASS_COLORS[:3], alpha=0.85)
        ax.axhline(0, color="black", linewidth=0.8)
        for k, value in enumerate(values.tolist()):
            label = (
                f"{value:{form}}" if form == ".1f" else f"{value:{form}}\nloss {-np.log(value):.3f}"
            )
            place = {
                "xytext": (0, 3 if value >= 0 else -3),
                "va": "bottom" if value >= 0 else "top",
            }
            ax.annotate(
                label, (k, value), textcoords="offset points", ha="center", fontsize=9.5, **place
            )
    axes[0].set(
        title="logits of one row", xlabel="class", xticks=range(3), yticks=[], ylim=(-1.9, 2.7)
    )
    axes[1].set(
        title="softmax; loss = -ln", xlabel="true class", xticks=range(3), yticks=[], ylim=(0, 1.05)
    )
    X, y = to_tensors(*make_blobs(1000, centers=4, cluster_std=1.5, random_state=SEED))
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
    for last, color, name in (
        (nn.Identity(), "black", "logits"),
        (nn.Softmax(dim=1), ORANGE, "softmax twice"),
    ):
        model = network(2, 8, 4).append(last)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        history = fit(
            model, X_train, X_test, y_train, y_test, nn.CrossEntropyLoss(), optimizer, epochs=300
        )
        axes[2].plot(
            history["train_loss"],
            color=color,
            label=f"{name}: test accuracy {history['test_acc'][-1]:.1f}%",
        )
    for value, name in (
        (np.log(4), "ln 4 = 1.386: knows nothing"),
        (np.log1p(3 / np.e), "floor ln(1 + 3/e) = 0.744"),
    ):
        axes[2].axhline(value, color="0.45", linewidth=0.8, linestyle="--")
        above = value > 1
        axes[2].annotate(
            name,
            (296, value),
            (0, 3 if above else -3),
            textcoords="offset points",
            ha="right",
            va="bottom" if above else "top",
            fontsize=9.5,
        )
    axes[2].set(
        title="2-8-4 on blobs, SGD lr 0.1, seed 42",
        xlabel="epoch",
        ylabel="training loss",
        xlim=(0, 300),
    )
    axes[2].set_ylim(0, 1.7)
    axes[2].legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, fontsize=9.5, columnspacing=1
    )
    return fig


@figure
def batches() -> Figure:
    """Guide 10: ten samples in two random orders, cut into batches of four."""
    fig, ax = plt.subplots(figsize=(10, 3), layout="constrained")
    generator = torch.Generator().manual_seed(SEED)
    loader = DataLoader(TensorDataset(torch.arange(10)), shuffle=True, generator=generator)
    orders = [list(range(10))]
    for _ in range(2):
        orders.append([int(row) for (row,) in loader])
    names = ("Dataset:\nsamples 0 to 9", "DataLoader:\nepoch 0", "DataLoader:\nepoch 1")
    for height, order, name in zip((2, 1, 0), orders, names, strict=True):
        ax.text(-0.5, height, name, ha="right", va="center", fontsize=11)
        for place, sample in enumerate(order):
            x = place + (0 if height == 2 else 0.6 * (place // 4))
            ax.add_patch(
                plt.Rectangle(
                    (x, height - 0.3), 0.9, 0.6, color=CLASS_COLORS[sample], alpha=0.35, linewidth=0
                )
            )
            ax.text(x + 0.45, height, str(sample), ha="center", va="center", fontsize=12)
        for batch in range(0 if height == 2 else 3):
            x, size = 4.6 * batch, min(4, 10 - 4 * batch)
            ax.add_patch(
                plt.Rectangle(
                    (x - 0.08, height - 0.38), size + 0.06, 0.76, fill=False, edgecolor="0.2"
                )
            )
            if height == 0:
                ax.text(
                    x + size / 2, -0.62, f"batch of {size}", ha="center", va="center", fontsize=10
                )
    ax.set(xlim=(-2.4, 11.4), ylim=(-0.85, 2.45))
    ax.axis("off")
    return fig


@figure
def schedules() -> Figure:
    """Guide 13: the learning rate of four schedules by step, as PyTorch's schedulers set it."""
    steps = 100
    warm_up = 10

    def constant(optimizer: Optimizer) -> LRScheduler:
        return lr_scheduler.ConstantLR(optimizer, factor=1.0)

    def halved(optimizer: Optimizer) -> LRScheduler:
        return lr_scheduler.StepLR(optimizer, step_size=25, gamma=0.5)

    def cosine(optimizer: Optimizer) -> LRScheduler:
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)

    def warm_up_then_cosine(optimizer: Optimizer) -> LRScheduler:
        rise = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=warm_up)
        fall = lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - warm_up)
        return lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[warm_up])

    fig, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
    makers = (constant, halved, cosine, warm_up_then_cosine)
    for make_scheduler, color in zip(makers, ("black", BLUE, ORANGE, GREEN), strict=True):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.02)
        scheduler = make_scheduler(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        ax.plot(rates, color=color, label=make_scheduler.__name__.replace("_", " "))
    ax.set(title="Four schedules of a learning rate of 0.02", xlabel="step", ylim=(0, 0.022))
    ax.set_ylabel("learning rate")
    fig.legend(loc="outside right center")
    return fig


def main(arguments: list[str] | None = None) -> None:
    """Make the figures that the command line names, or all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    folder = ROOT / "docs" / "figures"
    parser.add_argument("--folder", type=Path, default=folder, help="(default: docs/figures)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown:
        there_are = ", ".join(FIGURES)
        parser.error(f"no figure is called {', '.join(unknown)}; there are {there_are}")
    plt.switch_backend("agg")
    make(options.names or FIGURES, options.folder)


if __name__ == "__main__":
    main()
