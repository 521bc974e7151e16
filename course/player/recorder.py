"""Snapshots of a network while it trains, and the network taken apart into the layers that a page can compute.

A *stage* is one linear layer and the activations behind it, so 2-10-10-1 with ReLU has three stages. Shapes: S
snapshots, P weights and biases of all stages, N points.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import check_count, check_model
from course.predicting import eval_mode

SNAPSHOTS = 120  # about as many as a slider of 400 pixels can tell apart by hand
DENSE = 20  # first epochs that are all kept: most happens there
MOST_PARAMETERS = 50_000  # 120 snapshots of them are 24 MB

# Dropout passes everything on in eval mode, the mode in which a page shows a network; "" leaves no trace in a stage.
ACTIVATIONS = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.Identity: "",
    nn.Dropout: "",
}


class UnsupportedError(ValueError):
    """A run cannot be shown; the message says in one sentence what came and what was expected."""


class Stage(NamedTuple):
    """A linear layer `[inputs] -> [outputs]`, and the activations that follow it, each a name and a slope below 0."""

    inputs: int
    outputs: int
    activations: list[tuple[str, float]]

    @property
    def size(self) -> int:
        """Number of weights and biases."""
        return (self.inputs + 1) * self.outputs


class Recording(NamedTuple):
    """What a recorder kept of one run, ready to be shown."""

    epochs: list[int]  # [S], rising
    stages: list[Stage]
    weights: (
        np.ndarray
    )  # [S, P] float32; of each stage the matrix [outputs, inputs] row by row, then the biases


class Recorder:
    """Keeps a network's weights at about 120 epochs of its training, for `save_player` and `save_film`.

        recorder = Recorder(model, epochs)
        for epoch in range(epochs):
            ...                        # forward, loss, zero_grad, backward, step
            recorder.snapshot(epoch)   # most epochs it does nothing

    Args:
        model: the network in training. Only its parameters are read, and nothing about it is changed.
        epochs: how many epochs the training will have, 1 or more.
        softmax: the outputs share one softmax although a point can have several labels `[N, L]`.

    Raises:
        TypeError: `model` is not a network, or `epochs` not a whole number.
        ValueError: `epochs` is below 1.
    """

    def __init__(self, model: nn.Module, epochs: int, *, softmax: bool = False):
        check_model(model)
        check_count(epochs, 1, "epochs")
        self.model, self.softmax = model, softmax
        self._wanted = set(epochs_to_keep(epochs))
        self._kept: dict[int, np.ndarray] = {}  # epoch -> all parameters in one row
        self._n_parameters = sum(parameter.numel() for parameter in model.parameters())

    def snapshot(self, epoch: int) -> None:
        """Keep the weights as they are now, after the step of this epoch, if the epoch is one of those to keep."""
        if epoch in self._wanted and self._n_parameters <= MOST_PARAMETERS:
            rows = [parameter.detach().reshape(-1) for parameter in self.model.parameters()]
            self._kept[epoch] = torch.cat(rows or [torch.empty(0)]).float().numpy(force=True).copy()

    def recording(self, X: Tensor) -> Recording:
        """Return the kept epochs, the stages of the network and their weights.

        Args:
            X: points `[N, 2]` on the model's device, for a try: the stages must compute what the model computes.

        Raises:
            UnsupportedError: no snapshot was kept, or the network is no stack of linear layers and activations.
        """
        if self._n_parameters > MOST_PARAMETERS:
            raise UnsupportedError(
                f"the network has {self._n_parameters} parameters; at most {MOST_PARAMETERS} fit."
            )
        if not self._kept:
            raise UnsupportedError(
                "nothing was recorded; call recorder.snapshot(epoch) at the end of each epoch."
            )
        layers = _layers(self.model, X)
        first = 0
        place = {}  # parameter -> its first column among the kept ones
        for parameter in self.model.parameters():
            place[parameter] = first
            first += parameter.numel()
        zero, one = first, first + 1  # two columns more, for what a layer lacks
        stages, columns = [], []
        if not layers or not isinstance(
            layers[0], nn.Linear
        ):  # an activation on the features: a unit matrix before it
            stages, columns = [Stage(2, 2, [])], [[one, zero, zero, one, zero, zero]]
        for layer in layers:
            if isinstance(layer, nn.Linear):
                stages.append(Stage(layer.in_features, layer.out_features, []))
                columns.append(place[layer.weight] + np.arange(layer.weight.numel()))
                bias = (
                    [zero] * layer.out_features
                    if layer.bias is None
                    else place[layer.bias] + np.arange(len(layer.bias))
                )
                columns.append(bias)
            elif name := ACTIVATIONS[type(layer)]:
                stages[-1].activations.append((name, getattr(layer, "negative_slope", 0.0)))
        epochs = sorted(self._kept)
        rows = np.stack([np.append(self._kept[epoch], [0, 1]) for epoch in epochs])
        return Recording(epochs, stages, rows[:, np.concatenate(columns).astype(int)].astype("<f4"))


def epochs_to_keep(epochs: int, snapshots: int = SNAPSHOTS) -> list[int]:
    """Return which epochs are worth a snapshot: the first 20, then fewer and fewer, the round ones and the last.

    The distance grows with the square root of the epoch, halfway between equal steps and equal ratios. The round epochs
    are those that a log of about ten lines prints.
    """
    if epochs <= snapshots:
        return list(range(epochs))
    step = next(s for s in (k * 10**p for p in range(20) for k in (1, 2, 5)) if epochs / s <= 15)
    rounds = set(range(0, epochs, step)) | set(range(DENSE))
    spaced = np.linspace(math.sqrt(DENSE), math.sqrt(epochs - 1), snapshots - len(rounds)) ** 2
    return sorted(rounds | {round(epoch) for epoch in spaced})


def forward(stages: Sequence[Stage], weights: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the outputs `[N, K]` of one snapshot `[P]` for points `[N, 2]`; the page does the same in JavaScript."""
    kinds = {
        "relu": lambda z, slope: np.where(z < 0, 0, z),  # NaN stays NaN, as in PyTorch
        "leaky_relu": lambda z, slope: np.where(z < 0, slope * z, z),
        "tanh": lambda z, slope: np.tanh(z),
        "sigmoid": lambda z, slope: 0.5 + 0.5 * np.tanh(z / 2),  # exp(-z) would overflow
    }
    for stage in stages:
        mine, weights = np.split(weights, [stage.size])
        matrix, bias = np.split(mine, [-stage.outputs])
        X = X @ matrix.reshape(stage.outputs, stage.inputs).T + bias
        for name, slope in stage.activations:
            X = kinds[name](X, slope)
    return X


def log_line(epoch: int, history: Mapping[str, Sequence[float]]) -> str:
    """Return the line that `fit` prints for an epoch, without what the history does not hold."""
    parts = []
    for key, name in (("train", ""), ("val", "Validation "), ("test", "Test ")):
        if f"{key}_loss" in history:
            parts.append(f"{name}loss: {history[f'{key}_loss'][epoch]:.5f}".capitalize())
            if f"{key}_acc" in history:
                parts[-1] += (
                    ", " + f"{name}accuracy: {history[f'{key}_acc'][epoch]:.2f}%".capitalize()
                )
    return " | ".join([f"Epoch {epoch:4d}", *parts])


def encode(values: np.ndarray) -> str:
    """Return numbers as base64 of little-endian float32, row by row."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def _layers(model: nn.Module, X: Tensor) -> list[nn.Module]:
    """Return the layers in the order in which the model calls them; their chain gives what the model gives."""
    called = []
    leaves = [part for part in model.modules() if not any(True for _ in part.children())]
    hooks = [
        part.register_forward_hook(lambda part, inputs, output: called.append(part))
        for part in leaves
    ]
    try:
        with eval_mode(model), torch.inference_mode():
            try:
                whole = model(X)
            except Exception as error:
                reason = (str(error).splitlines() or [""])[0]
                raise UnsupportedError(
                    f"the network failed on points [N, 2] ({type(error).__name__}: {reason})."
                ) from error
            layers = list(called)
            for layer in layers:
                if type(layer) is not nn.Linear and type(layer) not in ACTIVATIONS:
                    names = ", ".join(sorted({kind.__name__ for kind in ACTIVATIONS} | {"Linear"}))
                    raise UnsupportedError(
                        f"the network holds a layer {type(layer).__name__}; expected only {names}."
                    )
            chain = X
            for layer in layers:
                chain = layer(chain)
    except RuntimeError as error:  # a layer does not fit the one before it
        raise UnsupportedError("the network is more than its layers, one after another.") from error
    finally:
        for hook in hooks:
            hook.remove()
    same = isinstance(whole, Tensor) and whole.numel() == chain.numel()
    if not same or not torch.allclose(
        whole.reshape(-1), chain.reshape(-1), rtol=1e-4, atol=1e-5, equal_nan=True
    ):
        raise UnsupportedError(
            "the network computes something else than its layers, one after another, would."
        )
    return layers
