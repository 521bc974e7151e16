"""The network for a table: prepared sets, batches, early stopping."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from course.tables.errors import TableError
from course.tables.features import fit_preprocessing, preprocess
from course.tables.splitting import split_rows
from helper_functions import pick_device, test_step, train_step

if TYPE_CHECKING:
    import pandas as pd

SHARE = 0.2  # of the rows, for the test set and for the validation set
HIDDEN = [32, 16]  # units in the two hidden layers
LEARNING_RATE = 0.002  # for Adam
BATCH_SIZE = 32  # rows per step, at least
MOST_STEPS = 200  # about as many per epoch at most, however long the table
EPOCHS = 200  # at most
PATIENCE = 20  # epochs without a lower validation loss before training stops


@dataclass(frozen=True)
class Part:
    """One of the three sets: N rows with F features each."""

    rows: np.ndarray  # their positions among the labelled rows of the table, [N]
    X: Tensor  # [N, F] float32, on the device
    y: Tensor  # [N] int64, on the device


@dataclass(frozen=True)
class Data:
    """A table that is ready to learn from."""

    class_names: list[str]  # K of them
    preprocessing: dict[str, dict]  # what `preprocess` has to know, from the training set alone
    train: Part
    val: Part
    test: Part

    @property
    def sizes(self) -> list[int]:
        """Features, units of the hidden layers, classes."""
        return [self.train.X.shape[1], *HIDDEN, len(self.class_names)]


@dataclass(frozen=True)
class Epoch:
    """What was measured after an epoch; accuracies in percent."""

    number: int
    train_loss: float
    train_acc: float
    val_loss: float
    val_acc: float


@dataclass(frozen=True)
class Trained:
    """A network with the weights of its best epoch, and how it got there."""

    model: nn.Sequential
    epochs: list[Epoch]
    best: Epoch  # the one with the lowest validation loss
    batch_size: int
    seed: int


def prepare(features: pd.DataFrame, y: np.ndarray, class_names: list[str], seed: int) -> Data:
    """Split the rows, fit the preprocessing on the training set, and apply it to all three.

    Args:
        features: N labelled rows.
        y: labels `[N]`, whole numbers from 0 to K - 1.
        class_names: K names.
        seed: of the split.

    Raises:
        TableError: a column cannot be used, or the device that was asked for is not there.
    """
    try:
        device = pick_device()
    except ValueError as error:
        raise TableError(str(error)) from error
    rows_train, rows_val, rows_test = split_rows(y, share=SHARE, seed=seed)
    preprocessing = fit_preprocessing(features.iloc[rows_train])
    parts = []
    for rows in (rows_train, rows_val, rows_test):
        X = preprocess(features.iloc[rows], preprocessing)
        labels = torch.from_numpy(y[rows])
        parts.append(Part(rows, X.to(device), labels.to(device)))
    train, val, test = parts
    return Data(class_names, preprocessing, train, val, test)


def build_network(sizes: list[int]) -> nn.Sequential:
    """Return a network with ReLU between its linear layers, one logit per class.

    >>> len(build_network([4, 32, 16, 3]))
    5
    """
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers.append(nn.Linear(inputs, outputs))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers[:-1])  # no ReLU behind the last layer


def train_network(
    data: Data, seed: int, report: Callable[[Epoch], None] = lambda epoch: None
) -> Trained:
    """Train in batches, and keep the weights of the epoch with the lowest validation loss.

    Args:
        data: from `prepare`.
        seed: of the first weights and of the order of the rows.
        report: is called after each epoch.
    """
    train = data.train
    val = data.val
    torch.manual_seed(seed)
    model = build_network(data.sizes).to(train.X.device)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    shuffle = torch.Generator().manual_seed(seed)
    batch_size = max(BATCH_SIZE, len(train.X) // MOST_STEPS)

    epochs: list[Epoch] = []
    best = 0  # the number of the epoch with the lowest validation loss so far
    best_state = {}
    for number in range(EPOCHS):
        order = torch.randperm(len(train.X), generator=shuffle).to(train.X.device)
        for rows in order.split(batch_size):
            train_step(model, train.X[rows], train.y[rows], loss_fn, optimizer)
        train_loss, train_acc = test_step(model, train.X, train.y, loss_fn)
        val_loss, val_acc = test_step(model, val.X, val.y, loss_fn)
        epoch = Epoch(number, train_loss, train_acc, val_loss, val_acc)
        epochs.append(epoch)
        report(epoch)
        if number == 0 or val_loss < epochs[best].val_loss:
            best = number
            best_state = copy.deepcopy(model.state_dict())
        if number - best == PATIENCE:
            break
    model.load_state_dict(best_state)
    return Trained(model, epochs, epochs[best], batch_size, seed)


def probabilities(model: nn.Module, X: Tensor) -> np.ndarray:
    """Return the probability of each class for each row, `[N, K]` float32.

    Args:
        model: returns logits `[N, K]`.
        X: features `[N, F]` on the model's device.

    >>> probabilities(nn.Identity(), torch.zeros(1, 4))
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """
    model.eval()
    with torch.inference_mode():
        logits = model(X)
    return logits.softmax(dim=1).cpu().numpy()
