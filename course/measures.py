"""What lessons measure or print and do not teach: tables, intervals, the best classifier."""

import math
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, TensorDataset

from course.checks import check_count
from course.predicting import predict_logits
from course.text import ascii_only

# takes logits and labels, returns their mean loss
LossFunction = Callable[[Tensor, Tensor], Tensor]


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], indent: int = 3) -> None:
    """Print rows below a header: the first column to the left, the others to the right.

    Args:
        header: the name of each column.
        rows: as many cells per row; a cell is printed as `str` makes it, so format numbers before.
        indent: blanks before each line.

    >>> print_table(["network", "accuracy"], [["linear", "50.0 %"], ["ReLU", "99.5 %"]], indent=0)
    network  accuracy
    linear     50.0 %
    ReLU       99.5 %
    """
    lines = []
    for row in [header, *rows]:
        lines.append([str(cell) for cell in row])
    widths = []
    for column in zip(*lines, strict=True):
        widths.append(max(len(cell) for cell in column))
    for first, *others in lines:
        cells = [first.ljust(widths[0])]
        for cell, width in zip(others, widths[1:], strict=True):
            cells.append(cell.rjust(width))
        line = " " * indent + "  ".join(cells)
        print(line.rstrip())


def print_row(name: str, numbers: Iterable[float], form: str = ".3f", indent: int = 3) -> None:
    """Print a name and its numbers on one line, so that several such lines stand as columns.

    Args:
        name: what the numbers are, up to 16 letters.
        numbers: any count of them, such as a tensor `[K]`.
        form: how to format each number.
        indent: blanks before the line.

    >>> print_row("logits", torch.tensor([2.1, 0.5, -1.2]), ".1f", indent=0)
    logits                2.1      0.5     -1.2
    """
    line = name.ljust(16)
    for number in numbers:
        cell = format(float(number), form)
        line += cell.rjust(9)
    print(" " * indent + line)


def best_possible_for_blobs(centers: np.ndarray, spread: float) -> nn.Linear:
    """Return the best possible model of round blobs of one size: the nearest centre wins.

    With equally frequent classes, P(class k) is proportional to exp(-d^2 / (2 spread^2)), where d
    is the distance to centre k. In the logarithm of that, what differs between the classes is
    linear in x, so one linear layer holds it. Guide 09 derives its weights and biases.

    Args:
        centers: `[K, 2]`, the true centres that the points were drawn around.
        spread: standard deviation of each blob in each direction.

    Returns:
        A layer `[N, 2]` -> `[N, K]` whose outputs are logits of the true probabilities.

    Raises:
        ValueError: the spread is not above 0.

    >>> best = best_possible_for_blobs(np.array([[0.0, 0.0], [4.0, 0.0]]), spread=1.0)
    >>> best(torch.tensor([[1.9, 5.0], [2.1, -5.0]])).argmax(dim=1)
    tensor([0, 1])
    """
    if not spread > 0:
        raise ValueError(f"spread is {spread}; expected a standard deviation above 0.")
    middles = torch.as_tensor(centers, dtype=torch.float32)
    best = nn.Linear(middles.shape[1], len(middles))
    variance = spread**2
    squares = (middles**2).sum(dim=1)  # [K], squared distance of each centre from the origin
    with torch.no_grad():
        best.weight.copy_(middles / variance)
        best.bias.copy_(-squares / (2 * variance))
    return best


def count_equal_epochs(*histories: Mapping[str, Sequence[float]]) -> int:
    """Count the epochs in which all histories hold the same numbers, to the last bit.

    Args:
        histories: two or more, with the same names and lengths, as `fit` returns them.

    >>> count_equal_epochs({"loss": [0.9, 0.5]}, {"loss": [0.9, 0.4]})
    1
    """
    first = histories[0]
    differs = set()
    for history in histories[1:]:
        for name in first:
            for epoch, value in enumerate(first[name]):
                if history[name][epoch] != value:
                    differs.add(epoch)
    epochs = max(len(values) for values in first.values())
    return epochs - len(differs)


def print_history(history: Mapping[str, Sequence[float]], measured_on: str = "Test") -> None:
    """Print at most eleven epochs of a training history: each tenth part of it, and the last epoch.

    Args:
        history: what `fit` returns: lists of equal length under `train_loss`, `train_acc`,
            `test_loss` and `test_acc`; accuracies in percent.
        measured_on: how the log calls what `fit` got as its test data: "Test" or "Validation".

    >>> history = {"train_loss": [0.7], "train_acc": [50], "test_loss": [0.6], "test_acc": [60]}
    >>> print_history(history, "Validation")
    Epoch    0 | Train loss: 0.70000, accuracy: 50.00% | Validation loss: 0.60000, accuracy: 60.00%
    """
    epochs = len(history["train_loss"])
    every = math.ceil(epochs / 10)
    for epoch in range(epochs):
        if epoch % every == 0 or epoch == epochs - 1:
            train = _loss_and_accuracy(history, "train", epoch)
            other = _loss_and_accuracy(history, "test", epoch)
            print(f"Epoch {epoch:4d} | Train {train} | {measured_on} {other}")


def _loss_and_accuracy(history: Mapping[str, Sequence[float]], part: str, epoch: int) -> str:
    loss = history[f"{part}_loss"][epoch]
    accuracy = history[f"{part}_acc"][epoch]
    return f"loss: {loss:.5f}, accuracy: {accuracy:.2f}%"


def wilson_interval(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy that was measured on `n` rows.

    Wilson's interval also holds near 0 and near 100 %.

    Args:
        right: how many of the `n` predictions were right.
        n: number of rows, 1 or more.
        z: how many standard deviations wide the interval is on each side; 1.96 gives 95 %.

    Returns:
        The lower and the upper end, in percent.

    Raises:
        TypeError: `right` or `n` is not a whole number.
        ValueError: `n` is below 1, or `right` not between 0 and `n`.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association (1927).

    >>> low, high = wilson_interval(right=90, n=100)
    >>> print(f"{low:.1f} to {high:.1f} %")
    82.6 to 94.5 %
    """
    check_count(n, 1, "n")
    check_count(right, 0, "right")
    if right > n:
        raise ValueError(
            f"right is {right}, but n only {n}; expected at most as many right answers as rows."
        )
    share = right / n
    widening = z**2 / n
    middle = (share + widening / 2) / (1 + widening)
    variance = share * (1 - share) / n
    half_width = z * math.sqrt(variance + widening / n / 4) / (1 + widening)
    # min and max by the share: rounding could put an end beyond it when all or none are right
    low = max(0.0, min(share, middle - half_width))
    high = min(1.0, max(share, middle + half_width))
    return 100 * low, 100 * high


def print_traceback(error: BaseException) -> None:
    """Print a caught error as Python prints one that nobody catches: traceback, then message.

    Args:
        error: what `except ... as error` caught.

    >>> try:
    ...     [1, 2, 3][5]
    ... except IndexError as error:
    ...     print_traceback(error)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
      ...
    IndexError: list index out of range
    """
    for part in traceback.format_exception(error):
        print(ascii_only(part), end="")


def print_error(error: BaseException, indent: int = 3) -> None:
    """Print the last line of a traceback: the type of the error and its message.

    Args:
        error: what `except ... as error` caught.
        indent: blanks before the line.

    >>> print_error(ValueError("no such shape"), indent=0)
    ValueError: no such shape
    """
    for line in traceback.format_exception_only(error):
        print(" " * indent + ascii_only(line.rstrip()))


def t_factor(n: int) -> float:
    """Return the factor of the 95 % interval of a mean of `n` values: Student's t.

    The interval is mean - t * std / sqrt(n) to mean + t * std / sqrt(n), where std is the standard
    deviation of the values, with n - 1. The factor is larger than 1.96, because std is measured
    on the same few values.

    Args:
        n: number of values, 2 or more.

    Raises:
        TypeError: `n` is not a whole number.
        ValueError: `n` is below 2.

    Source: Student, The probable error of a mean (1908).

    >>> print(f"{t_factor(2):.2f}, {t_factor(16):.2f}, {t_factor(1_000_000):.2f}")
    12.71, 2.13, 1.96
    """
    from scipy.special import stdtrit  # SciPy comes with scikit-learn; few lessons need it

    check_count(n, 2, "n")
    return float(stdtrit(n - 1, 0.975))


def accuracies_from_starts(
    starts: Tensor, X: Tensor, y: Tensor, loss_fn: LossFunction, lr: float, steps: int
) -> Tensor:
    """Train logit = weight * x + bias from many starts at once, and return where each one ends.

    Each start takes the steps that it would take alone: the sum of all their losses has, for each
    start, the gradient of its own loss.

    Args:
        starts: a weight and a bias per start, `[S, 2]`.
        X: one feature per point, `[N, 1]`.
        y: labels 0 or 1 as float, `[N]`.
        loss_fn: takes logits and labels of one shape and returns their mean loss.
        lr: learning rate of SGD.
        steps: how many steps each start takes.

    Returns:
        Accuracy in percent on X per start, `[S]`, on the CPU.

    >>> starts = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    >>> X = torch.tensor([[-1.0], [1.0]])
    >>> accuracies_from_starts(starts, X, torch.tensor([0.0, 1.0]), nn.BCEWithLogitsLoss(), 1.0, 0)
    tensor([100.,   0.])
    """
    weights = starts[:, :1].to(X.device, copy=True).requires_grad_()  # [S, 1], a copy is trained
    biases = starts[:, 1:].to(X.device, copy=True).requires_grad_()  # [S, 1]
    x = X.squeeze(1)  # [N]
    labels = y.expand(len(starts), -1)  # [S, N]
    optimizer = torch.optim.SGD([weights, biases], lr=lr)
    for _ in range(steps):
        logits = weights * x + biases  # [S, N]
        loss = len(starts) * loss_fn(logits, labels)  # the sum over starts of their mean losses
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        preds = weights * x + biases >= 0  # [S, N]
    right = preds == (labels == 1)
    shares = right.float().mean(dim=1)  # [S]
    return 100 * shares.cpu()


def losses_by_step(
    model: nn.Module, loader: DataLoader, loss_fn: LossFunction, optimizer: Optimizer, steps: int
) -> dict[int, float]:
    """Train in batches and look at the loss on the whole data set now and then.

    Args:
        model: returns logits `[B, K]` of a batch; it is trained where it lies.
        loader: makes the batches; its data set is a `TensorDataset` of X and y.
        loss_fn: takes logits and labels.
        optimizer: holds the parameters of `model`.
        steps: how many batches to train on; the loader starts again as often as needed.

    Returns:
        The loss on the whole data set after 1, 2, 4, 8, ... steps, after the first epoch and at
        the end, each for its number of steps.

    Raises:
        TypeError: the loader's data set is not a `TensorDataset`.

    >>> data = TensorDataset(torch.tensor([[-1.0], [1.0], [3.0]]), torch.tensor([0, 1, 1]))
    >>> seed = torch.manual_seed(0)
    >>> model = nn.Linear(1, 2)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> losses = losses_by_step(model, DataLoader(data), nn.CrossEntropyLoss(), optimizer, steps=6)
    >>> list(losses)
    [1, 2, 3, 4, 6]
    """
    data = loader.dataset
    if not isinstance(data, TensorDataset):
        raise TypeError(
            f"the loader has a {type(data).__name__}; expected a TensorDataset of X and y."
        )
    X, y = data.tensors
    device = next(model.parameters()).device
    losses: dict[int, float] = {}
    step = 0
    while step < steps:
        for X_batch, y_batch in loader:
            model.train()
            loss = loss_fn(model(X_batch.to(device)), y_batch.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            is_power_of_two = step.bit_count() == 1  # 1, 2, 4, ... have a single bit
            if is_power_of_two or step in (len(loader), steps):
                losses[step] = loss_fn(predict_logits(model, X), y).item()
            if step == steps:
                break
    return losses


HIDDEN_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh)


def find_dead_units(model: nn.Sequential, X: Tensor) -> Tensor:
    """Tell which hidden units give exactly 0 for every row.

    Args:
        model: a chain of layers; its hidden units are the outputs of its activations (ReLU,
            LeakyReLU, sigmoid, tanh). It keeps its train or eval mode.
        X: features `[N, ...]` on the model's device.

    Returns:
        True for each dead unit, `[units]`: those of the first activation, then of the second, ...

    >>> model = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> model[0].weight.data = torch.tensor([[1.0], [-1.0]])
    >>> model[0].bias.data = torch.tensor([0.0, 0.0])
    >>> find_dead_units(model, torch.tensor([[1.0], [2.0]]))
    tensor([False,  True])
    """
    found = []
    numbers = X
    with torch.inference_mode():
        for layer in model:
            numbers = layer(numbers)
            if isinstance(layer, HIDDEN_ACTIVATIONS):
                found.append((numbers == 0).all(dim=0))
    return torch.cat(found)


def paired_test(y: Tensor, preds_a: Tensor, preds_b: Tensor) -> tuple[int, int, float]:
    """Compare two models on the same samples: McNemar's exact test.

    Samples that both get right, or both wrong, say nothing about which model is better. Of the
    others, two equally good models win about as many each, as with a coin. The p-value is the
    chance that a coin is at least as one-sided.

    Args:
        y: true labels, `[N]`.
        preds_a: labels that one model predicts, `[N]`.
        preds_b: labels that the other model predicts, `[N]`.

    Returns:
        How many samples only the first model gets right, how many only the second, and the p-value.

    Raises:
        ValueError: the three differ in shape.

    Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions
    or percentages (1947).

    >>> y = torch.tensor([1, 1, 1, 1, 0, 0])
    >>> paired_test(y, y, torch.tensor([0, 0, 0, 1, 0, 0]))
    (3, 0, 0.25)
    """
    if not y.shape == preds_a.shape == preds_b.shape:
        shapes = [list(labels.shape) for labels in (y, preds_a, preds_b)]
        raise ValueError(f"the labels have the shapes {shapes}; expected three times the same.")
    right_a = preds_a == y
    right_b = preds_b == y
    only_a = int((right_a & ~right_b).sum())
    only_b = int((right_b & ~right_a).sum())
    tosses = only_a + only_b
    fewer = min(only_a, only_b)
    one_side = sum(math.comb(tosses, heads) for heads in range(fewer + 1)) / 2**tosses
    return only_a, only_b, min(1.0, 2 * one_side)


def f1_per_label(y: Tensor, guess: Tensor) -> Tensor:
    """Return the F1 score of each of L labels, 2 TP / (2 TP + FP + FN).

    It is 0 for a label that no sample has and none was given.

    Args:
        y: what is true, zeros and ones `[N, L]`.
        guess: what the model says, zeros and ones or booleans `[N, L]`.

    Returns:
        `[L]`, each between 0 and 1.

    Raises:
        ValueError: the shapes differ, or are not `[N, L]`.

    >>> y = torch.tensor([[1, 0], [1, 1], [0, 0]])
    >>> f1_per_label(y, torch.tensor([[1, 0], [0, 1], [0, 0]]))
    tensor([0.6667, 1.0000])
    """
    if y.ndim != 2 or y.shape != guess.shape:
        raise ValueError(
            f"y has the shape {list(y.shape)} and the guess {list(guess.shape)}; "
            "expected [N, L] for both."
        )
    both = (y * guess).sum(dim=0)  # TP
    wrong = (y != guess).sum(dim=0)  # FP + FN
    return 2 * both / (2 * both + wrong).clamp(min=1)
