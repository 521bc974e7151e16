"""What an epoch of training costs: `fit`, the popular loop and plain NumPy on the same data and network.

Run: python benchmarks/training_loop.py [--epochs 100] [--repeats 40]

The network is the 2-10-10-1 ReLU net of lesson 03 on the circles, full batch, SGD with learning rate 0.1. Each loop
does in each epoch: loss and accuracy on the training data, one step, loss and accuracy on the test data. The loops take
turns, each from the same initial weights; the time is the process's CPU time on one thread, so that other programs on
the machine disturb it little. Before anything is timed, the losses of all three are compared.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import fit

LEARNING_RATE = 0.1


def circles():
    """Return X_train [800, 2], X_test [200, 2], y_train [800] and y_test [200], float32."""
    X, y = make_circles(1000, noise=0.03, random_state=42)
    parts = train_test_split(X, y, test_size=0.2, random_state=42)
    return [torch.tensor(part, dtype=torch.float32) for part in parts]


def new_model():
    """Return the 2-10-10-1 network, always with the same weights."""
    torch.manual_seed(42)
    return nn.Sequential(
        nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1)
    )


def with_fit(X_train, X_test, y_train, y_test, epochs):
    """Train with the course's `fit`; return the last epoch's losses and accuracies."""
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    history = fit(
        model, X_train, X_test, y_train, y_test, nn.BCEWithLogitsLoss(), optimizer, epochs
    )
    return [history[name][-1] for name in ("train_loss", "train_acc", "test_loss", "test_acc")]


def popular_loop(X_train, X_test, y_train, y_test, epochs):
    """Train with the loop of many tutorials, which keeps no history; return what `with_fit` returns."""

    def accuracy_fn(y_true, y_pred):
        return torch.eq(y_true, y_pred).sum().item() / len(y_pred) * 100

    model, loss_fn = new_model(), nn.BCEWithLogitsLoss()
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
    return [loss.item(), acc, test_loss.item(), test_acc]


def plain_numpy(X_train, X_test, y_train, y_test, epochs):
    """Train the same network with its gradients written out by hand; return what `with_fit` returns."""
    X_train, X_test, y_train, y_test = (part.numpy() for part in (X_train, X_test, y_train, y_test))
    W1, b1, W2, b2, W3, b3 = (
        parameter.detach().numpy().T.copy() for parameter in new_model().parameters()
    )

    def forward(X):
        h1 = np.maximum(X @ W1 + b1, 0)  # [N, 10]
        h2 = np.maximum(h1 @ W2 + b2, 0)  # [N, 10]
        return h1, h2, (h2 @ W3 + b3)[:, 0]

    def metrics(z, y):
        # -log(sigmoid(z)) for label 1 and -log(1 - sigmoid(z)) for label 0, without overflow
        loss = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean()
        return float(loss), int(np.count_nonzero((z >= 0) == y)) / len(y) * 100

    for _ in range(epochs):
        h1, h2, z = forward(X_train)
        train = metrics(z, y_train)
        d3 = ((1 / (1 + np.exp(-z)) - y_train) / len(y_train))[
            :, None
        ]  # gradient at the logits, [N, 1]
        d2 = (d3 @ W3.T) * (h2 > 0)  # [N, 10]
        d1 = (d2 @ W2.T) * (h1 > 0)  # [N, 10]
        for weights, bias, inputs, gradient in (
            (W1, b1, X_train, d1),
            (W2, b2, h1, d2),
            (W3, b3, h2, d3),
        ):
            weights -= LEARNING_RATE * (inputs.T @ gradient)
            bias -= LEARNING_RATE * gradient.sum(axis=0)
        test = metrics(forward(X_test)[2], y_test)
    return [*train, *test]


LOOPS = {"popular loop": popular_loop, "fit": with_fit, "plain NumPy": plain_numpy}


def compare(data, epochs):
    """Check that the loops train the same network; return the largest difference of plain NumPy's losses from fit's."""
    results = {name: loop(*data, epochs) for name, loop in LOOPS.items()}
    if results["popular loop"] != results["fit"]:
        raise SystemExit(f"fit and the popular loop differ after {epochs} epochs: {results}")
    difference = max(abs(results["plain NumPy"][i] - results["fit"][i]) for i in (0, 2))
    if difference > 1e-5:
        raise SystemExit(
            f"plain NumPy's losses are off by {difference:.2g} after {epochs} epochs: {results}"
        )
    return difference


def measure(data, epochs, repeats):
    """Return microseconds an epoch, one row a repeat and one column a loop; the loops take turns at going first."""
    times = np.empty((repeats, len(LOOPS)))
    for repeat in range(repeats):
        for turn in range(len(LOOPS)):
            column = (repeat + turn) % len(LOOPS)
            start = time.process_time()
            list(LOOPS.values())[column](*data, epochs)
            times[repeat, column] = (time.process_time() - start) / epochs * 1e6
    return times


def main():
    """Compare, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--epochs", type=int, default=100, help="epochs a measurement (default: 100)"
    )
    parser.add_argument("--repeats", type=int, default=40, help="measurements a loop (default: 40)")
    arguments = parser.parse_args()
    if min(arguments.epochs, arguments.repeats) < 1:
        parser.error("--epochs and --repeats must be 1 or more")
    torch.set_num_threads(1)  # tensors this small gain nothing from more threads
    data = circles()
    stops = sorted({1, 10, 100, arguments.epochs})
    difference = max(compare(data, epochs) for epochs in stops)
    print(
        f"After {', '.join(map(str, stops))} epochs: fit and the popular loop have the same losses and accuracies,\n"
        f"to the last bit; plain NumPy's losses differ by {difference:.1g} at most.\n"
    )
    times = measure(data, arguments.epochs, arguments.repeats)
    against = np.median(times / times[:, :1], axis=0)
    print(
        f"CPU time an epoch in microseconds, {arguments.repeats} measurements a loop, torch {torch.__version__}"
    )
    print(f"{'loop':14} {'median':>8} {'middle half':>14} {'of the popular loop':>20}")
    for column, name in enumerate(LOOPS):
        low, median, high = np.quantile(times[:, column], [0.25, 0.5, 0.75])
        print(f"{name:14} {median:8.0f} {f'{low:.0f} to {high:.0f}':>14} {against[column]:20.3f}")


if __name__ == "__main__":
    main()
