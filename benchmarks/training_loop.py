"""What an epoch of training costs: `fit`, the popular loop and plain NumPy, the same network.

    python benchmarks/training_loop.py [--epochs 100] [--repeats 40]

The network is the 2-10-10-1 ReLU net of lesson 03 on the circles, full batch, SGD with learning
rate 0.1. Each loop does in each epoch: loss and accuracy on the training set, one step, loss and
accuracy on the test set. The loops take turns, each from the same first weights; the time is the
process's CPU time on one thread, so that other programs on the machine disturb it little. Before
anything is timed, the losses of all three are compared.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from helper_functions import fit  # noqa: E402 - found only now

SEED = 42  # of data, split and weights
LEARNING_RATE = 0.1

# X_train [800, 2], X_test [200, 2], y_train [800], y_test [200]
Data = tuple[Tensor, Tensor, Tensor, Tensor]


class LastEpoch(NamedTuple):
    """What a loop measured in its last epoch."""

    train_loss: float
    train_acc: float
    test_loss: float
    test_acc: float


def main(arguments: list[str] | None = None) -> None:
    """Compare, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--epochs", type=int, default=100, help="epochs per measurement (default: %(default)s)")
    add("--repeats", type=int, default=40, help="measurements per loop (default: %(default)s)")
    options = parser.parse_args(arguments)
    if min(options.epochs, options.repeats) < 1:
        parser.error("--epochs and --repeats must be 1 or more")
    torch.set_num_threads(1)  # tensors this small gain nothing from more threads
    data = circles()
    stops = sorted({1, 10, 100, options.epochs})
    difference = max(compare(data, epochs) for epochs in stops)
    print(f"After {', '.join(map(str, stops))} epochs: fit and the popular loop have the same")
    print("losses and accuracies, to the last bit;", end=" ")
    print(f"plain NumPy's losses differ by {difference:.1g} at most.\n")
    times = measure(data, options.epochs, options.repeats)
    print_table(times)


def print_table(times: np.ndarray) -> None:
    """Print median and middle half of the times `[repeats, loops]`, in microseconds."""
    repeats = len(times)
    print("CPU time per epoch in microseconds,", end=" ")
    print(f"{repeats} measurements per loop, torch {torch.__version__}")
    print(f"{'loop':14} {'median':>8} {'middle half':>14} {'of the popular loop':>20}")
    for column, name in enumerate(LOOPS):
        low, median, high = np.quantile(times[:, column], [0.25, 0.5, 0.75])
        share = np.median(times[:, column] / times[:, 0])
        half = f"{low:.0f} to {high:.0f}"
        print(f"{name:14} {median:8.0f} {half:>14} {share:20.3f}")


# ---- The three loops ----------------------------------------------------------------------------


def circles() -> Data:
    """Return X_train, X_test, y_train and y_test, float32."""
    X, y = make_circles(1000, noise=0.03, random_state=SEED)
    X = torch.from_numpy(X).float()
    y = torch.from_numpy(y).float()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
    return X_train, X_test, y_train, y_test


def new_model() -> nn.Sequential:
    """Return the 2-10-10-1 network, always with the same weights."""
    torch.manual_seed(SEED)
    return nn.Sequential(
        nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1)
    )


def with_fit(data: Data, epochs: int) -> LastEpoch:
    """Train with the course's `fit`."""
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    history = fit(model, *data, nn.BCEWithLogitsLoss(), optimizer, epochs)
    return LastEpoch(*(history[name][-1] for name in LastEpoch._fields))


def popular_loop(data: Data, epochs: int) -> LastEpoch:
    """Train with the loop of many tutorials, which keeps no history."""

    def accuracy_fn(y_true, y_pred):
        return torch.eq(y_true, y_pred).sum().item() / len(y_pred) * 100

    X_train, X_test, y_train, y_test = data
    model = new_model()
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        model.train()
        logits = model(X_train).squeeze()
        preds = torch.round(torch.sigmoid(logits))
        loss = loss_fn(logits, y_train)
        acc = accuracy_fn(y_train, preds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.inference_mode():
            test_logits = model(X_test).squeeze()
            test_preds = torch.round(torch.sigmoid(test_logits))
            test_loss = loss_fn(test_logits, y_test)
            test_acc = accuracy_fn(y_test, test_preds)
    return LastEpoch(loss.item(), acc, test_loss.item(), test_acc)


def plain_numpy(data: Data, epochs: int) -> LastEpoch:
    """Train the same network with its gradients written out by hand."""
    X_train, X_test, y_train, y_test = (part.numpy() for part in data)
    parameters = [parameter.detach().numpy().T.copy() for parameter in new_model().parameters()]
    W1, b1, W2, b2, W3, b3 = parameters

    def forward(X):
        h1 = np.maximum(X @ W1 + b1, 0)  # [N, 10]
        h2 = np.maximum(h1 @ W2 + b2, 0)  # [N, 10]
        z = h2 @ W3 + b3  # [N, 1]
        return h1, h2, z[:, 0]

    def step(weights, bias, inputs, gradient):
        weights -= LEARNING_RATE * (inputs.T @ gradient)
        bias -= LEARNING_RATE * gradient.sum(axis=0)

    for _ in range(epochs):
        h1, h2, z = forward(X_train)
        train_loss, train_acc = loss_and_accuracy(z, y_train)
        probs = 1 / (1 + np.exp(-z))
        d3 = (probs - y_train)[:, None] / len(y_train)  # gradient at the logits, [N, 1]
        d2 = (d3 @ W3.T) * (h2 > 0)  # [N, 10]
        d1 = (d2 @ W2.T) * (h1 > 0)  # [N, 10]
        step(W1, b1, X_train, d1)
        step(W2, b2, h1, d2)
        step(W3, b3, h2, d3)
        _, _, test_z = forward(X_test)
        test_loss, test_acc = loss_and_accuracy(test_z, y_test)
    return LastEpoch(train_loss, train_acc, test_loss, test_acc)


def loss_and_accuracy(z: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return log loss and accuracy in percent of logits `[N]`, without overflow."""
    # -log(sigmoid(z)) for label 1 and -log(1 - sigmoid(z)) for label 0
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    right = int(np.count_nonzero((z >= 0) == y))
    return float(losses.mean()), right / len(y) * 100


LOOPS: dict[str, Callable[[Data, int], LastEpoch]] = {
    "popular loop": popular_loop,
    "fit": with_fit,
    "plain NumPy": plain_numpy,
}


# ---- Comparing and measuring --------------------------------------------------------------------


def compare(data: Data, epochs: int) -> float:
    """Check that the loops train the same network.

    Returns:
        The largest difference between plain NumPy's losses and those of `fit`.
    """
    results = {name: loop(data, epochs) for name, loop in LOOPS.items()}
    if results["popular loop"] != results["fit"]:
        sys.exit(f"fit and the popular loop differ after {epochs} epochs: {results}")
    by_hand = results["plain NumPy"]
    of_fit = results["fit"]
    train_difference = abs(by_hand.train_loss - of_fit.train_loss)
    test_difference = abs(by_hand.test_loss - of_fit.test_loss)
    difference = max(train_difference, test_difference)
    if difference > 1e-5:
        sys.exit(f"plain NumPy is off by {difference:.2g} after {epochs} epochs: {results}")
    return difference


def measure(data: Data, epochs: int, repeats: int) -> np.ndarray:
    """Return microseconds per epoch `[repeats, loops]`; the loops take turns at going first."""
    loops = list(LOOPS.values())
    times = np.empty((repeats, len(loops)))
    for repeat in range(repeats):
        for turn in range(len(loops)):
            column = (repeat + turn) % len(loops)
            start = time.process_time()
            loops[column](data, epochs)
            seconds = time.process_time() - start
            times[repeat, column] = seconds / epochs * 1e6
    return times


if __name__ == "__main__":
    main()
