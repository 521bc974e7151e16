"""Inside a network: bends of hidden units, activations, gradients by layer."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from course import drawing
from course.drawing import CLASS_COLORS, share_legend


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
