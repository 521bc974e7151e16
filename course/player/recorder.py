"""Snapshots of a network while it trains, and the network taken apart into layers for a page.

A *stage* is one linear layer and the activations behind it, so 2-10-10-1 with ReLU has three
stages. Shapes: S snapshots, P weights and biases of all stages, N points.
"""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import check_count, check_model
from course.predicting import eval_mode
from course.text import first_line

SNAPSHOTS = 120  # about as many as a slider of 400 pixels can tell apart by hand
DENSE = 20  # first epochs that are all kept: most happens there
LOG_LINES = 15  # at most so many round epochs, because logs print about ten lines
MOST_PARAMETERS = 50_000  # 120 snapshots of them are 24 MB

# Dropout passes everything on in eval mode, the mode in which a page shows a network; "" leaves
# no trace in a stage.
ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.Identity: "",
    nn.Dropout: "",
}


class UnsupportedError(ValueError):
    """A run cannot be shown; the message says in one sentence what came and what was expected."""


@dataclass(frozen=True)
class Stage:
    """A linear layer `[inputs] -> [outputs]`, and the activations that follow it."""

    inputs: int
    outputs: int
    activations: list[tuple[str, float]] = field(default_factory=list)  # name, slope below 0

    @property
    def size(self) -> int:
        """Number of weights and biases."""
        return (self.inputs + 1) * self.outputs


@dataclass(frozen=True)
class Recording:
    """What a recorder kept of one run, ready to be shown.

    `weights` holds, of each stage, the matrix `[outputs, inputs]` row by row, then the biases.
    """

    epochs: list[int]  # [S], rising
    stages: list[Stage]
    weights: np.ndarray  # [S, P] float32


class Recorder:
    """Keeps a network's weights at about 120 epochs of its training, for `save_player`.

        recorder = Recorder(model, epochs)
        for epoch in range(epochs):
            ...                        # forward, loss, zero_grad, backward, step
            recorder.snapshot(epoch)   # most epochs it does nothing

    Args:
        model: the network in training. Only its parameters are read; nothing is changed.
        epochs: how many epochs the training will have, 1 or more.
        softmax: the outputs share one softmax although a point can have several labels `[N, L]`.

    Raises:
        TypeError: `model` is not a network, or `epochs` is not a whole number.
        ValueError: `epochs` is below 1.

    >>> recorder = Recorder(nn.Linear(2, 1), epochs=10)
    >>> recorder.snapshot(0)
    >>> recorder.recording(torch.zeros(1, 2)).weights.shape  # 1 snapshot, 2 weights and a bias
    (1, 3)
    """

    def __init__(self, model: nn.Module, epochs: int, *, softmax: bool = False):
        check_model(model)
        check_count(epochs, 1, "epochs")
        self.model = model
        self.softmax = softmax
        self._wanted = set(epochs_to_keep(epochs))
        self._kept: dict[int, np.ndarray] = {}  # epoch -> all parameters in one row
        self._n_parameters = sum(parameter.numel() for parameter in model.parameters())

    def snapshot(self, epoch: int) -> None:
        """Keep the weights as they are after the step of this epoch, if it is one to keep."""
        if epoch not in self._wanted or self._n_parameters > MOST_PARAMETERS:
            return
        rows = [parameter.detach().reshape(-1) for parameter in self.model.parameters()]
        row = torch.cat(rows) if rows else torch.empty(0)
        self._kept[epoch] = row.float().numpy(force=True).copy()

    def recording(self, X: Tensor) -> Recording:
        """Return the kept epochs, the stages of the network and their weights.

        Args:
            X: points `[N, 2]` on the model's device, for a try: the stages must compute what the
                model computes.

        Raises:
            UnsupportedError: no snapshot was kept, or the network is not a stack of linear layers
                and activations.
        """
        if self._n_parameters > MOST_PARAMETERS:
            raise UnsupportedError(
                f"the network has {self._n_parameters} parameters; at most {MOST_PARAMETERS} fit."
            )
        if not self._kept:
            raise UnsupportedError(
                "nothing was recorded; call recorder.snapshot(epoch) at the end of each epoch."
            )
        layers = layers_in_order(self.model, X)
        stages, columns = _take_apart(self.model, layers)
        epochs = sorted(self._kept)
        rows = np.stack([self._kept[epoch] for epoch in epochs])
        rows = np.pad(rows, ((0, 0), (0, 2)))  # the columns `zero` and `one` of _take_apart
        rows[:, -1] = 1
        return Recording(epochs, stages, rows[:, columns].astype("<f4"))


def _take_apart(model: nn.Module, layers: Sequence[nn.Module]) -> tuple[list[Stage], np.ndarray]:
    """Return the stages, and for each of their P numbers its column in a row of all parameters.

    Behind the parameters such a row holds 0 and 1, because a layer can lack what a stage has.
    """
    first_column: dict[Tensor, int] = {}
    zero = 0
    for parameter in model.parameters():
        first_column[parameter] = zero
        zero += parameter.numel()
    one = zero + 1

    def columns_of(parameter: Tensor) -> list[int]:
        first = first_column[parameter]
        return list(range(first, first + parameter.numel()))

    stages: list[Stage] = []
    columns: list[int] = []
    if not layers or not isinstance(layers[0], nn.Linear):
        # an activation of the features themselves: it follows a unit matrix
        stages.append(Stage(2, 2))
        columns += [one, zero, zero, one, zero, zero]
    for layer in layers:
        if isinstance(layer, nn.Linear):
            stages.append(Stage(layer.in_features, layer.out_features))
            columns += columns_of(layer.weight)
            if layer.bias is None:
                columns += [zero] * layer.out_features
            else:
                columns += columns_of(layer.bias)
        elif name := ACTIVATIONS[type(layer)]:
            slope = getattr(layer, "negative_slope", 0.0)
            stages[-1].activations.append((name, slope))
    return stages, np.array(columns)


def epochs_to_keep(epochs: int, snapshots: int = SNAPSHOTS) -> list[int]:
    """Return which epochs are worth a snapshot: the first 20, the round ones, the last.

    Between them the distance grows with the square root of the epoch, halfway between equal steps
    and equal ratios. The round epochs are those that a log of about ten lines prints.

    >>> epochs_to_keep(5)
    [0, 1, 2, 3, 4]
    """
    if epochs <= snapshots:
        return list(range(epochs))
    kept = set(range(DENSE))
    kept.update(range(0, epochs, _round_step(epochs)))
    start = math.sqrt(DENSE)
    end = math.sqrt(epochs - 1)
    spaced = np.linspace(start, end, snapshots - len(kept)) ** 2
    kept.update(round(epoch) for epoch in spaced)
    return sorted(kept)


def _round_step(epochs: int) -> int:
    """Return the first of 1, 2, 5, 10, 20, 50, ... that gives at most LOG_LINES round epochs."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if epochs / step <= LOG_LINES:
                return step
        power *= 10


def _relu(z: np.ndarray, slope: float) -> np.ndarray:
    return np.where(z < 0, 0, z)  # NaN stays NaN, as in PyTorch


def _leaky_relu(z: np.ndarray, slope: float) -> np.ndarray:
    return np.where(z < 0, slope * z, z)


def _tanh(z: np.ndarray, slope: float) -> np.ndarray:
    return np.tanh(z)


def _sigmoid(z: np.ndarray, slope: float) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(z / 2)  # exp(-z) would overflow


COMPUTE: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
}


def forward(stages: Sequence[Stage], weights: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the outputs `[N, K]` of one snapshot `[P]` for points `[N, 2]`.

    The page does the same in JavaScript.
    """
    for stage in stages:
        mine, weights = np.split(weights, [stage.size])
        matrix, bias = np.split(mine, [-stage.outputs])
        X = X @ matrix.reshape(stage.outputs, stage.inputs).T + bias
        for name, slope in stage.activations:
            X = COMPUTE[name](X, slope)
    return X


def log_line(epoch: int, history: Mapping[str, Sequence[float]]) -> str:
    """Return the line that `fit` prints for an epoch, without what the history does not hold.

    >>> log_line(1, {"train_loss": [2, 1], "test_loss": [4, 3]})
    'Epoch    1 | Loss: 1.00000 | Test loss: 3.00000'
    """
    parts = [f"Epoch {epoch:4d}"]
    for key, name in (("train", ""), ("val", "Validation "), ("test", "Test ")):
        if f"{key}_loss" not in history:
            continue
        loss = history[f"{key}_loss"][epoch]
        part = f"{name}loss: {loss:.5f}".capitalize()
        if f"{key}_acc" in history:
            acc = history[f"{key}_acc"][epoch]
            part += ", " + f"{name}accuracy: {acc:.2f}%".capitalize()
        parts.append(part)
    return " | ".join(parts)


def packed(values: np.ndarray) -> str:
    """Return numbers as base64 of little-endian float32, row by row."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def layers_in_order(model: nn.Module, X: Tensor) -> list[nn.Module]:
    """Return the layers in the order in which the model calls them.

    Raises:
        UnsupportedError: a layer is not one of those that a page can compute, or their chain
            gives something else than the model.
    """
    with eval_mode(model), torch.inference_mode():
        layers, output = _call_and_watch(model, X)
        for layer in layers:
            if type(layer) is not nn.Linear and type(layer) not in ACTIVATIONS:
                known = {kind.__name__ for kind in ACTIVATIONS} | {"Linear"}
                raise UnsupportedError(
                    f"the network holds a layer {type(layer).__name__}; "
                    f"expected only {', '.join(sorted(known))}."
                )
        chain = X
        try:
            for layer in layers:
                chain = layer(chain)
        except RuntimeError as error:  # a layer does not fit the one before it
            raise UnsupportedError(
                "the network is more than its layers, one after another."
            ) from error
    if not _same_numbers(output, chain):
        raise UnsupportedError(
            "the network computes something else than its layers, one after another, would."
        )
    return layers


def _call_and_watch(model: nn.Module, X: Tensor) -> tuple[list[nn.Module], object]:
    """Return the layers that the model calls on its way, in this order, and its output."""
    called: list[nn.Module] = []
    hooks = []
    for part in model.modules():
        if not list(part.children()):
            hook = part.register_forward_hook(lambda part, inputs, output: called.append(part))
            hooks.append(hook)
    try:
        output = model(X)
    except Exception as error:
        raise UnsupportedError(
            f"the network failed on points [N, 2] ({type(error).__name__}: {first_line(error)})."
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return called, output


def _same_numbers(output: object, chain: Tensor) -> bool:
    """Tell whether the model's output and that of the chain are equal but for rounding."""
    if not isinstance(output, Tensor) or output.numel() != chain.numel():
        return False
    flat = output.reshape(-1)
    return torch.allclose(flat, chain.reshape(-1), rtol=1e-4, atol=1e-5, equal_nan=True)
