"""Everything the lessons of Module 03 share: accuracy, training steps, figures and results.

Importing this file changes nothing: no seed, no plot style, no folder. The names `accuracy_fn`, `plot_predictions`,
`plot_decision_boundary`, `plot_loss_curves` and `set_seeds` are those of the Learn PyTorch for Deep Learning course, so
its learners can use them here as they know them. Shapes: N samples, K classes, `[N, 2]` means N rows of two numbers.
"""

import argparse
import gzip
import io
import json
import math
import os
import random
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from contextlib import contextmanager, suppress
from numbers import Integral, Real
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image
from sklearn.inspection import DecisionBoundaryDisplay
from torch import Tensor, nn

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), readable for the colour-blind; its black is left to
# boundaries and rings, and three colours are added so that ten classes stay distinct.
CLASS_COLORS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#F0E442",
    "#7F7F7F",
    "#882255",
    "#332288",
]


# ----------------------------------------------------------------------------------------------------------------------
# Seeds and devices
# ----------------------------------------------------------------------------------------------------------------------


def set_seeds(seed: int = 42) -> None:
    """Seed PyTorch (every device), NumPy and Python's `random`.

    Call it on the line before the step that draws random numbers: building a model, shuffling, splitting.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device() -> torch.device:
    """Return the device that models and data go to: the accelerator if there is one, else the CPU.

    The environment variable `COURSE_DEVICE` (auto, cpu, cuda or mps) decides otherwise; `run_all.py --device` sets it.

    Raises:
        ValueError: `COURSE_DEVICE` names something else, or a device that this machine does not have.
    """
    wanted = os.environ.get("COURSE_DEVICE", "auto").strip().lower() or "auto"
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if wanted not in ("auto", "cpu", "cuda", "mps"):
        raise ValueError(f"COURSE_DEVICE is {wanted!r}; set it to auto, cpu, cuda or mps, or remove it.")
    if wanted == "cpu" or (wanted == "auto" and accelerator is None):
        return torch.device("cpu")
    if wanted == "auto" or (accelerator is not None and accelerator.type == wanted):
        return accelerator
    found = "only the CPU" if accelerator is None else f"the CPU and {accelerator.type}"
    raise ValueError(f"COURSE_DEVICE asks for {wanted}, but PyTorch finds {found} here; set it to auto or cpu.")


# ----------------------------------------------------------------------------------------------------------------------
# Labels and accuracy
# ----------------------------------------------------------------------------------------------------------------------


def logits_to_labels(logits: Tensor) -> Tensor:
    """Turn logits into class labels.

    Args:
        logits: `[N]` or `[N, 1]` for two classes, `[N, K]` for K classes. Any device.

    Returns:
        `[N]`, int64, on the same device. Two classes: 1 where the probability is at least 0.5, which is where the logit
        is at least 0. K classes: the position of the largest logit, which is the position of the largest probability.

    Raises:
        ValueError: the shape is none of the three, or it is no tensor.
    """
    if not isinstance(logits, Tensor):
        raise ValueError(f"logits are of the type {type(logits).__name__}; expected a tensor [N], [N, 1] or [N, K].")
    if logits.ndim == 2 and logits.shape[1] == 1:
        logits = logits.squeeze(1)
    if logits.ndim == 1:
        return (logits >= 0).long()
    if logits.ndim == 2 and logits.shape[1] > 1:
        return logits.argmax(dim=1)
    raise ValueError(f"logits have the shape {_shape(logits)}; expected [N], [N, 1] or [N, K].")


def accuracy_fn(y_true, y_pred) -> float:
    """Return the percentage of labels that are predicted right.

    Args:
        y_true: true labels, whole numbers in a tensor or array of any shape, usually `[N]`.
        y_pred: predicted labels of exactly the same shape. Labels, not logits and not probabilities.

    Returns:
        100 * right / all, between 0 and 100.

    Raises:
        ValueError: the shapes differ, there are no labels, or a value is not a label (0.7, NaN, text).

    `(y_true == y_pred).sum() / len(y_pred)` broadcasts `[N]` against `[N, 1]` to `[N, N]` and reports thousands of
    percent; this function refuses instead.
    """
    y_true, y_pred = _label_array(y_true, "y_true"), _label_array(y_pred, "y_pred")
    _check_label_shapes(y_true, y_pred)
    return int(np.count_nonzero(y_true == y_pred)) / y_true.size * 100


# ----------------------------------------------------------------------------------------------------------------------
# Training (lesson 04 builds these three from the written-out loop)
# ----------------------------------------------------------------------------------------------------------------------


def train_step(model: nn.Module, X: Tensor, y: Tensor, loss_fn: nn.Module, optimizer) -> tuple[float, float]:
    """Do one optimizer step on the whole of X; return loss and accuracy (%) as they were before the step.

    Args:
        model: returns logits, `[N, 1]` or `[N]` for two classes, `[N, K]` for K.
        X: features `[N, ...]` on the model's device.
        y: labels `[N]`, in the dtype that `loss_fn` takes (float for BCEWithLogitsLoss, int64 for CrossEntropyLoss).
        loss_fn: takes `(logits, y)`; one logit a row arrives as `[N]`.
        optimizer: holds the parameters of `model`.
    """
    model.train()
    return _learn(model, X, y, loss_fn, optimizer)


def test_step(model: nn.Module, X: Tensor, y: Tensor, loss_fn: nn.Module) -> tuple[float, float]:
    """Return loss and accuracy (%) of the model on X in eval mode, without gradients. Arguments as in `train_step`."""
    model.eval()
    return _measure(model, X, y, loss_fn)


test_step.__test__ = False  # its name begins with "test": pytest must not take it for a test


def fit(
    model: nn.Module,
    X_train: Tensor,
    y_train: Tensor,
    X_test: Tensor,
    y_test: Tensor,
    loss_fn: nn.Module,
    optimizer,
    epochs: int,
    log_every: int | None = None,
    recorder=None,
) -> dict[str, list[float]]:
    """Train for `epochs` full-batch steps and measure after each of them.

    Args:
        model: see `train_step`, like X, y, `loss_fn` and `optimizer`.
        X_train: features to learn from, `[N, ...]`.
        y_train: their labels, `[N]`.
        X_test: features to measure on, `[M, ...]`.
        y_test: their labels, `[M]`.
        loss_fn: the loss on logits.
        optimizer: holds the parameters of `model`.
        epochs: number of passes over the training data, 0 or more.
        log_every: print a line every so many epochs, beginning with epoch 0; None prints nothing.
        recorder: a `player.Recorder` of the model; it takes its snapshots at the end of each epoch.

    Returns:
        Lists `train_loss, train_acc, test_loss, test_acc`, one entry an epoch, accuracies in percent. Train metrics are
        taken before the step and test metrics after it, as in the published logs. The model is left in eval mode.

    Raises:
        ValueError: `model` is no network, or `epochs` or `log_every` is out of range.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"model is of the type {type(model).__name__}; expected a torch.nn.Module.")
    if not (_is_count(epochs, 0) and (log_every is None or _is_count(log_every, 1))):
        raise ValueError(
            f"epochs is {epochs!r} and log_every {log_every!r}; expected whole numbers, epochs >= 0 and log_every >= 1."
        )
    history = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
    set_training = _mode_switch(model)
    for epoch in range(epochs):
        set_training(True)
        train_loss, train_acc = _learn(model, X_train, y_train, loss_fn, optimizer)
        set_training(False)
        test_loss, test_acc = _measure(model, X_test, y_test, loss_fn)
        for name, value in zip(history, (train_loss, train_acc, test_loss, test_acc), strict=True):
            history[name].append(value)
        if log_every and epoch % log_every == 0:
            print(
                f"Epoch {epoch:4d} | Loss: {train_loss:.5f}, Accuracy: {train_acc:.2f}% "
                f"| Test loss: {test_loss:.5f}, Test accuracy: {test_acc:.2f}%"
            )
        if recorder is not None:
            recorder.snapshot(epoch)
    return history


def _learn(model: nn.Module, X: Tensor, y: Tensor, loss_fn: nn.Module, optimizer) -> tuple[float, float]:
    """Do `train_step` in the mode that the model is in."""
    logits = _forward(model, X)
    loss = loss_fn(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), _percent_right(y, logits)


def _measure(model: nn.Module, X: Tensor, y: Tensor, loss_fn: nn.Module) -> tuple[float, float]:
    """Do `test_step` in the mode that the model is in."""
    with torch.inference_mode():
        logits = _forward(model, X)
        return loss_fn(logits, y).item(), _percent_right(y, logits)


def _percent_right(y: Tensor, logits: Tensor) -> float:
    """Return `accuracy_fn(y, logits_to_labels(logits))`, on the tensors' device and without looking for odd labels."""
    labels = logits_to_labels(logits)
    _check_label_shapes(y, labels)
    return (y == labels).sum().item() / y.numel() * 100


def _mode_switch(model: nn.Module):
    """Return `model.train`, or a faster function that does the same.

    `nn.Module.train` walks through the model and its `__setattr__` by the long way. Twice an epoch, on models this
    small, that is about 8% of the training time. Where a part of the model has its own ways, they are kept.
    """
    parts = list(model.modules())
    if any(
        (kind.train, kind.eval, kind.__setattr__) != (nn.Module.train, nn.Module.eval, nn.Module.__setattr__)
        for kind in map(type, parts)
    ):
        return model.train

    def set_training(mode: bool) -> None:
        for part in parts:
            object.__setattr__(part, "training", mode)

    return set_training


def _forward(model: nn.Module, X: Tensor) -> Tensor:
    """Return the logits of X; a single logit a row loses its second dimension, `[N, 1]` -> `[N]`."""
    logits = model(X)
    return logits.squeeze(1) if logits.ndim == 2 and logits.shape[1] == 1 else logits


# ----------------------------------------------------------------------------------------------------------------------
# Data
# ----------------------------------------------------------------------------------------------------------------------


def make_spirals(
    n_samples: int = 300, arms: int = 3, noise: float = 0.2, random_state: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Make a spiral with one arm a class, after the data set of Stanford's CS231n notes.

    Args:
        n_samples: number of points over all arms; the first arms get one more where it does not divide evenly.
        arms: number of arms, which is the number of classes, 1 or more.
        noise: standard deviation of the angle, in radians.
        random_state: seed; None draws new points every time.

    Returns:
        X `[N, 2]` float64 within the unit circle, and y `[N]` int64 with the arm's number, sorted by arm.

    Raises:
        ValueError: fewer samples than arms, no arms, or a noise that is negative or infinite.
    """
    numbers_fit = _is_count(arms, 1) and _is_count(n_samples, arms)
    if not numbers_fit or not isinstance(noise, Real) or not 0 <= noise < math.inf:
        raise ValueError(
            f"make_spirals got n_samples={n_samples!r}, arms={arms!r}, noise={noise!r}; "
            "expected whole numbers, at least one arm, a point for each arm, and a finite noise >= 0."
        )
    generator = np.random.default_rng(random_state)
    y = np.repeat(np.arange(arms), [len(part) for part in np.array_split(np.arange(n_samples), arms)])
    radius = np.concatenate([np.linspace(0.05, 1, count) for count in np.bincount(y)])
    # 4 radians from centre to rim: each arm turns about two thirds of a circle
    angle = 2 * np.pi * y / arms + 4 * radius + generator.normal(scale=noise, size=n_samples)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


# ----------------------------------------------------------------------------------------------------------------------
# Tables (lesson 06 shows by hand what these do)
# ----------------------------------------------------------------------------------------------------------------------


class TableError(ValueError):
    """A table cannot be used; the message says in one sentence what came, what was expected and how to mend it."""


@contextmanager
def exit_on_bad_input():
    """Turn a TableError, or a file that cannot be read or written, into one line on stderr and exit code 2.

    Any other error is a fault of the program and keeps its traceback.
    """
    try:
        yield
    except (TableError, OSError) as error:
        print(f"Error: {error}".encode("ascii", "backslashreplace").decode(), file=sys.stderr)
        raise SystemExit(2) from error


def table_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options `--csv FILE --target COLUMN --predict NEW.csv`; an option that is not given is None.

    Args:
        arguments: the words of the command line; None takes those of the running program, or none in a notebook, where
            they belong to the notebook's kernel.

    Raises:
        SystemExit: the options do not fit together (exit code 2, after a line that says why), or they ask for help.
    """
    if arguments is None:
        arguments = [] if sys.argv[0].endswith("kernel_launcher.py") else sys.argv[1:]
    parser = argparse.ArgumentParser(description="Train a network on a table, test it and save it; predict new rows.")
    parser.add_argument("--csv", metavar="FILE", help="table to learn from (default: the lesson's own data)")
    parser.add_argument("--target", metavar="COLUMN", help="the column of FILE that holds the classes")
    parser.add_argument("--predict", metavar="NEW.csv", help="table with the same columns, to predict")
    options = parser.parse_args(arguments)
    with exit_on_bad_input():
        if (options.csv is None) != (options.target is None):
            given, lacking = ("--csv", "--target COLUMN") if options.target is None else ("--target", "--csv FILE")
            raise TableError(f"{given} came without {lacking}; give both, or none for the lesson's own data.")
        if options.predict is not None and options.csv is None:
            raise TableError("--predict came without --csv FILE --target COLUMN; name the table to learn from as well.")
    return options


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV file and keep every value as the text it is: 007 stays 007, and no type is guessed.

    Args:
        path: a UTF-8 file whose first line names the columns; commas, semicolons or tabs between the values, whichever
            the first line holds most of. An empty cell, `?` and pandas' own marks (NA, nan, null, ...) are missing.

    Returns:
        At least one row, numbered from 1; every value a `str` or missing. A column without a name is called "".

    Raises:
        TableError: there is no such file, or it is no such table.
    """
    shown = ascii(str(path))
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TableError(f"There is no file {shown}; expected the path of a CSV file.") from None
    except OSError as error:
        reason = "it is a folder" if Path(path).is_dir() else error.strerror
        raise TableError(f"Cannot read {shown} ({reason}); expected the path of a CSV file.") from None
    except UnicodeDecodeError as error:
        raise TableError(
            f"{shown} is not UTF-8 text (byte {error.start + 1}); save the table again as CSV with the encoding UTF-8."
        ) from None
    if "\0" in text:
        raise TableError(f"{shown} is not text but binary data; save the table again as CSV with the encoding UTF-8.")
    first_line = text.lstrip().partition("\n")[0]
    if not first_line:
        raise TableError(f"{shown} is empty; expected a line with the names of the columns, and rows below it.")
    layout = {"sep": max(",;\t", key=first_line.count), "header": None, "dtype": str, "skipinitialspace": True}
    try:
        names = pd.read_csv(io.StringIO(text), nrows=1, keep_default_na=False, **layout).iloc[0].str.strip()
        table = pd.read_csv(io.StringIO(text), na_values=["?"], **layout).set_axis(names.to_list(), axis=1)[1:]
    except ValueError as error:
        reason = " ".join(str(error).removeprefix("Error tokenizing data. C error: ").split()).rstrip(".")
        raise TableError(
            f"{shown} is no table ({reason}); check its quotes, and that no row is longer than the first."
        ) from None
    twice = names[names.duplicated() & (names != "")]
    if len(twice):
        raise TableError(f"{shown} has two columns {_quoted(twice.iloc[0])}; give each column a name of its own.")
    if table.empty:
        raise TableError(f"{shown} holds the names of columns but no row below them; expected at least one row.")
    return table


def split_target(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Take the labels out of a table; rows without a label are left out.

    Args:
        table: features and labels, N rows with a label.
        target: the name of the column with the labels: text, whole numbers or truth values.

    Returns:
        The features, the labels `[N]` int64 from 0 to K - 1, and the names of the K classes,
        sorted: by value if all are numbers, else as text.

    Raises:
        TableError: there is no such column, no other column, only one class, or a class with fewer than three rows.
    """
    if target == "" or target not in table:
        raise TableError(f"There is no column {_quoted(target)}; the target must be one of {_listed(table.columns)}.")
    if table.shape[1] == 1:
        raise TableError(
            f"The table has no column beside the target {_quoted(target)}; expected something to predict it from."
        )
    table = table.dropna(subset=target)
    labels = table[target].map(str)
    counts = labels.value_counts()
    if len(counts) < 2:
        found = f"only the class {_quoted(counts.index[0])}" if len(counts) else "no value"
        raise TableError(f"The target {_quoted(target)} has {found}; expected two classes or more to tell apart.")
    if counts.min() < 3:
        raise TableError(
            f"The target {_quoted(target)} has {len(counts)} classes, but fewer than 3 rows of "
            f"{_listed(counts.index[counts < 3])}; training, validation and test need one each: "
            "add rows, or join or remove such classes."
        )
    try:
        class_names = sorted(counts.index, key=float)
    except ValueError:
        class_names = sorted(counts.index)
    return table.drop(columns=target), pd.Index(class_names).get_indexer(labels).astype(np.int64), class_names


def split_rows(y: np.ndarray, share: float = 0.2, seed: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split rows at random into training, validation and test part, class by class (stratified).

    scikit-learn's `train_test_split` refuses tables in which a part would be smaller than the number of classes; this
    gives each part at least one row of each class.

    Args:
        y: labels `[N]`, at least three of each class.
        share: of each class for the test part, and as much for the validation part; below 0.5.
        seed: None shuffles in a new way every time.

    Returns:
        The positions of the rows of the three parts, in random order.

    Raises:
        ValueError: a class has fewer than three rows, or `share` is out of range.
    """
    labels, counts = np.unique(y, return_counts=True)
    if not 0 < share < 0.5:
        raise ValueError(f"share is {share}; expected a number between 0 and 0.5.")
    if not len(labels) or counts.min() < 3:
        found = f"the class {labels[counts.argmin()]} has {counts.min()} rows" if len(labels) else "y is empty"
        raise ValueError(f"{found}; expected at least three rows of each class, one for each part.")
    rng = np.random.default_rng(seed)
    parts = [], [], []
    for label in labels:
        rows = rng.permutation(np.flatnonzero(y == label))
        held_out = min(max(1, round(share * len(rows))), (len(rows) - 1) // 2)
        for part, chosen in zip(parts, np.split(rows, [len(rows) - 2 * held_out, len(rows) - held_out]), strict=True):
            part.append(chosen)
    return tuple(rng.permutation(np.concatenate(part)) for part in parts)


def fit_preprocessing(table: pd.DataFrame, max_categories: int = 50) -> dict[str, dict]:
    """Find out all that `preprocess` has to know, from the training part alone.

    Args:
        table: the features of the training part.
        max_categories: text with more different values than this is left out.

    Returns:
        Plain dicts, lists, strings and floats, which `torch.load(weights_only=True)` reads:
        `numbers` maps a column in which every value is a number to [mean, standard deviation];
        `categories` maps a column of text to the sorted list of its values;
        `left_out` maps a column that is not used to the reason: it has no name, no text occurs in it twice, or it holds
        more than `max_categories` different texts. Such columns count rows or name them.

    Raises:
        TableError: a column has no value, or infinite ones, or no column is left.
    """
    numbers, categories, left_out = {}, {}, {}
    for name, column in table.items():
        present = column.dropna()
        if name == "":
            left_out[name] = "it has no name"
            continue
        if present.empty:
            raise TableError(
                f"The column {_quoted(name)} has no value in the {len(table)} rows of the training part; remove it."
            )
        values = pd.to_numeric(present, errors="coerce").to_numpy(dtype=float)
        if not np.isnan(values).any():
            with np.errstate(all="ignore"):
                mean, std = float(values.mean()), float(values.std())
            if not math.isfinite(std):
                raise TableError(
                    f"The column {_quoted(name)} holds {values[np.abs(values).argmax()]}; expected numbers below 1e150."
                )
            # the spread of a constant column is 0, or what rounding left of it
            numbers[name] = [mean, std if std > 1e-12 * abs(mean) else 1.0]
            continue
        texts = sorted(set(present.map(str)))
        if len(texts) > max_categories or len(texts) == len(present):
            example = present[np.isnan(values)].iloc[0]
            left_out[name] = (
                f"text with {len(texts)} different values in {len(present)} rows, such as {_quoted(example)}"
            )
        else:
            categories[name] = texts
    if not numbers and not categories:
        reasons = [f"{_quoted(name)}: {reason}" for name, reason in left_out.items()] or ["the table has none"]
        raise TableError(
            f"No column is left to learn from ({reasons[0]}); expected numbers, or text that occurs more than once."
        )
    return {"numbers": numbers, "categories": categories, "left_out": left_out}


def preprocess(table: pd.DataFrame, preprocessing: Mapping[str, Mapping], strict: bool = False) -> Tensor:
    """Turn a table into features: numbers scaled, then one 0/1 feature for each value of each text column (one-hot).

    Args:
        table: at least the columns that the training part had, in any order, N rows.
        preprocessing: what `fit_preprocessing` found out.
        strict: refuse unknown values, which are texts that the training part does not hold, and text among numbers.

    Returns:
        `[N, F]` float32. (number - mean) / standard deviation; 1 where the text has that value, else 0. A missing value
        (and, unless strict, an unknown one) is 0 in all its features: the mean, or none of the texts.

    Raises:
        TableError: a column is missing, a number is too large, or with `strict` a value is unknown.
    """
    numbers, categories = preprocessing["numbers"], preprocessing["categories"]
    lacking = [name for name in [*numbers, *categories] if name not in table]
    if lacking:
        raise TableError(
            f"The table to predict lacks the column {_listed(lacking)}, which the training part has; "
            "add it (its cells may be empty)."
        )
    X = torch.zeros(len(table), len(numbers) + sum(map(len, categories.values())))
    for position, (name, (mean, std)) in enumerate(numbers.items()):
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
        with np.errstate(over="ignore"):
            scaled = (values - mean) / std
        _refuse(table[name], np.abs(scaled) > 1e30, f"numbers near {mean:.6g}")
        if strict:
            _refuse(table[name], np.isnan(values) & table[name].notna(), "only numbers")
        X[:, position] = torch.from_numpy(np.nan_to_num(scaled))
    position = len(numbers)
    for name, known in categories.items():
        texts = table[name].map(str, na_action="ignore")
        found = pd.Index(known).get_indexer(texts)  # [N], -1 for missing and unknown
        if strict:
            _refuse(table[name], (found < 0) & texts.notna(), f"only {_listed(known)}")
        rows = np.flatnonzero(found >= 0)
        X[rows, position + found[rows]] = 1
        position += len(known)
    return X


def _refuse(column: pd.Series, wrong, expected: str) -> None:
    """Raise a TableError that names the first wrong value of a column, if there is one."""
    if np.any(wrong):
        first = column[np.asarray(wrong)].iloc[[0]]
        raise TableError(
            f"The column {_quoted(column.name)} holds {_quoted(first.iloc[0])} in row {first.index[0]}, "
            f"where the training part has {expected}; correct it or leave the cell empty."
        )


def save_file(name: str, write: Callable[[BinaryIO], object]) -> Path:
    """Write a file into the output folder, whole or not at all, and print where it is.

    Args:
        name: a plain file name, or one in a folder, such as `players/03.html`.
        write: is given an open binary file to write to, such as `lambda file: torch.save(model.state_dict(), file)`.

    Returns:
        The path of the file.

    Raises:
        ValueError: the name leads out of the output folder, or some system refuses it.
        OSError: the file cannot be written; the message says where and why.
    """
    if not isinstance(name, str) or not all(map(_is_file_name, name.split("/"))):
        raise ValueError(f"the file's name is {name!r}; expected a plain file name, such as 10_digits.pt.")
    buffer = io.BytesIO()
    write(buffer)
    path = _write_whole(output_dir() / name, buffer.getvalue())
    print(f"File: {_ascii(path)}")
    return path


def _listed(names, most: int = 8) -> str:
    """Return names in quotes, and how many more there are."""
    names = [_quoted(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _quoted(value) -> str:
    """Return a value in quotes, in ASCII on one line, without the middle if it is long."""
    text = ascii(str(value))
    return text if len(text) <= 60 else f"{text[:28]}...{text[-28:]}"


# ----------------------------------------------------------------------------------------------------------------------
# Downloads, images and worker processes (lessons 09 and 10)
# ----------------------------------------------------------------------------------------------------------------------

# Where each data set lives, and the MD5 of its files as its authors and torchvision publish them.
DOWNLOADS = {
    "mnist": {
        "url": "https://ossci-datasets.s3.amazonaws.com/mnist",
        "class_names": list("0123456789"),
        "md5": {
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    },
    "fashion_mnist": {
        "url": "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "class_names": ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"],
        "md5": {
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    },
}
DOWNLOAD_ATTEMPTS = 3


class DownloadError(OSError):
    """A data set cannot be had; the message is one sentence that says why."""


class ImageData(NamedTuple):
    """Grey images in ten classes: N for training, M for the test, each of H rows and W columns of pixels."""

    name: str  # digits, mnist or fashion_mnist: what was really loaded
    class_names: list[str]  # ten, by label
    X_train: Tensor  # [N, H, W], float32, from 0 (background) to 1
    y_train: Tensor  # [N], int64, 0 to 9
    X_test: Tensor  # [M, H, W]
    y_test: Tensor  # [M]


def load_images(name: str, *, base_url: str | None = None, timeout: float = 15.0, wait: float = 1.0) -> ImageData:
    """Load a data set of images; MNIST and Fashion-MNIST are downloaded once and then read from the cache.

    Where they cannot be downloaded, whatever the reason, this prints one line that says why and loads the digits.

    Args:
        name: `digits`: the 1797 images of 8 x 8 pixels that come with scikit-learn, 360 of them for the test, with the
            same share of each digit as the 1437 for training. `mnist` (12 MB) or `fashion_mnist` (31 MB): 60000
            training and 10000 test images of 28 x 28 pixels.
        base_url: address of a folder that holds `mnist/` and `fashion_mnist/` with their four files each, such as
            somebody else's cache behind `python -m http.server`. None takes the environment variable `DATA_URL` or, if
            that is not set, the address where the data set is published. The checksums are the same everywhere.
        timeout: seconds without an answer after which an attempt is given up; there are three attempts.
        wait: seconds before the second attempt; before the third twice as many.

    Returns:
        The images and labels as tensors on the CPU; `.name` says which data set it is.

    Raises:
        ValueError: there is no data set of that name.
    """
    if name not in ("digits", *DOWNLOADS):
        raise ValueError(f"the data set's name is {name!r}; expected one of digits, {', '.join(DOWNLOADS)}.")
    if name != "digits":
        try:
            return _load_downloaded(name, base_url or os.environ.get("DATA_URL"), timeout, wait)
        except DownloadError as error:
            print(f"{_ascii(error)} Going on with scikit-learn's digits instead.")
    return _load_digits()


def data_dir() -> Path:
    """Return the folder that downloads are kept in: `DATA_DIR` if set, else `data/` beside this file."""
    return Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parent / "data").absolute()


def read_idx(path: str | Path) -> np.ndarray:
    """Read a gzip-compressed IDX file of bytes, the format of MNIST and its relatives.

    Args:
        path: the file, such as `train-images-idx3-ubyte.gz`.

    Returns:
        Array of uint8 in the shape that the header states: `[N]` for labels, `[N, H, W]` for images.

    Raises:
        ValueError: this is no such file, or it holds more or less than its header states.
        OSError: it cannot be read.
    """
    path = Path(path)
    packed = path.read_bytes()
    try:
        data = gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{_ascii(path)} is no whole gzip file ({error}); expected a packed IDX file.") from error
    # two zero bytes, 8 for "unsigned bytes", the number of dimensions, then each dimension in four bytes
    n_dims = data[3] if len(data) > 3 else 0
    start = 4 + 4 * n_dims
    if data[:3] != b"\0\0\x08" or n_dims == 0 or len(data) < start:
        raise ValueError(
            f"{_ascii(path)} begins with the bytes {data[:4].hex(' ') or 'of nothing'}; "
            "expected an IDX file: 00 00 08, the number of dimensions, and each dimension."
        )
    shape = np.frombuffer(data, ">u4", n_dims, offset=4).tolist()
    if math.prod(shape) != len(data) - start:
        raise ValueError(
            f"{_ascii(path)} states the shape {shape}, which is {math.prod(shape)} bytes, "
            f"but {len(data) - start} follow; expected as many as stated."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()  # the copy can be written to


def plot_images(
    images, ax: Axes | None = None, *, columns: int = 8, labels: Sequence | None = None, signed: bool = False
) -> Axes:
    """Draw images in rows on one axes, each with its label above it.

    Args:
        images: `[N, H, W]`, tensor on any device or array; 0 is white and the largest value of all black. N may be 0.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        columns: images in a row.
        labels: N texts or numbers, texts of one or several lines; None leaves no room for them.
        signed: the values are weights: orange above 0, blue below, white at 0, on one scale; grey between the images.

    Returns:
        The axes that were drawn into.

    Raises:
        ValueError: images of another shape, values that are not finite, or not one label an image.
    """
    images = _numbers(images, "images")
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise ValueError(f"images have the shape {_shape(images)}; expected [N, H, W], one grey image a row.")
    n, height, width = images.shape
    texts = [""] * n if labels is None else [str(label) for label in labels]
    if len(texts) != n or not _is_count(columns, 1):
        raise ValueError(
            f"plot_images got {len(texts)} labels for {n} images and {columns!r} columns; "
            "expected as many labels as images and at least one column."
        )
    rows = max(1, -(-n // columns))
    # room for a label above each image, and a gap to its neighbours
    above, around = max((0.4 * height * len(text.splitlines()) for text in texts), default=0), 0.1 * width
    ax = _axes(ax)
    limit = np.abs(images).max(initial=0) or 1.0
    blue_white_orange = LinearSegmentedColormap.from_list("weights", [CLASS_COLORS[0], "white", CLASS_COLORS[1]])
    style = {"cmap": blue_white_orange, "vmin": -limit} if signed else {"cmap": "gray_r", "vmin": 0}
    for place, (image, text) in enumerate(zip(images, texts, strict=True)):
        left, top = place % columns * (width + around), place // columns * (height + above + around)
        ax.imshow(image, extent=(left, left + width, top + height, top), vmax=limit, **style)
        ax.text(left + width / 2, top - 0.05 * height, text, ha="center", va="bottom", fontsize=9)
    ax.set(
        xlim=(-around, columns * (width + around)),
        ylim=(rows * (height + above + around) - above, -above - around),
        xticks=[],
        yticks=[],
        aspect="equal",
        facecolor="0.75" if signed else "white",
    )
    return ax


def predict_logits(model: nn.Module, X: Tensor, batch_size: int = 1000) -> Tensor:
    """Return the model's logits of X on the CPU, computed batch by batch so that memory suffices for any N.

    Args:
        model: returns logits `[B, K]` of features `[B, ...]`; it is left in eval mode.
        X: features `[N, ...]` on any device; each batch moves to the model's.
        batch_size: samples at a time.
    """
    device = next(model.parameters(), X).device  # without parameters it computes where X lies
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(batch.to(device)).cpu() for batch in X.split(batch_size)])


@contextmanager
def without_main_script():
    """Keep processes that start inside from running the main script again.

    Where processes are spawned (Windows, macOS) or come from a server (Linux from Python 3.14 on), each begins by
    running the script that started it, under the name `__mp_main__`, to find the functions and classes defined there.
    The workers of a DataLoader need none of them if dataset and collate function come from a library.
    """
    main = vars(sys.modules["__main__"])
    hidden = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(hidden)


def _load_digits() -> ImageData:
    """Return scikit-learn's digits, always split in the same way so that every seed is tested on the same images."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = map(torch.from_numpy, load_digits(return_X_y=True))
    X = X.float().reshape(-1, 8, 8) / 16  # 17 levels of grey, 0 to 16
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=360, stratify=y, random_state=42)
    return ImageData("digits", list("0123456789"), X_train, y_train, X_test, y_test)


def _load_downloaded(name: str, base_url: str | None, timeout: float, wait: float) -> ImageData:
    """Return the images of four cached files, downloading those missing or damaged, or raise DownloadError."""
    source, folder = DOWNLOADS[name], data_dir() / name
    url = f"{base_url.rstrip('/')}/{name}" if base_url else source["url"]
    if not all((folder / file).exists() for file in source["md5"]):
        print(f"Downloading {name} to {_ascii(folder)}")
        for leftover in folder.glob("tmp*"):  # of a process that was killed; a younger one may be in use
            with suppress(OSError):
                if time.time() - leftover.stat().st_mtime > 3600:
                    leftover.unlink()
    try:
        paths = [_fetch(f"{url}/{file}", md5, folder, timeout, wait) for file, md5 in source["md5"].items()]
        X_train, y_train, X_test, y_test = map(read_idx, paths)
    except ValueError as error:
        raise DownloadError(f"Cannot use {name}: {error}") from error
    for X, y in ((X_train, y_train), (X_test, y_test)):
        if X.ndim != 3 or y.shape != X.shape[:1] or not X.size or X.shape[1:] != X_train.shape[1:] or y.max() > 9:
            raise DownloadError(
                f"Cannot use {name}: images of the shape {_shape(X)} and labels {_shape(y)} do not belong together; "
                "expected [N, H, W], [N] and labels from 0 to 9."
            )
    X_train, y_train, X_test, y_test = map(torch.from_numpy, (X_train, y_train, X_test, y_test))
    return ImageData(
        name, source["class_names"], X_train.float() / 255, y_train.long(), X_test.float() / 255, y_test.long()
    )


def _fetch(url: str, md5: str, folder: Path, timeout: float, wait: float) -> Path:
    """Return the path of the file in the cache, downloading it if it is missing or damaged, or raise DownloadError.

    pooch downloads into a temporary file beside its place, checks it and then moves it there.
    """
    import pooch  # here and not above: it takes a tenth of a second that most lessons can spare

    pooch.get_logger().setLevel("WARNING")
    host, file = urlsplit(url).netloc, url.rsplit("/", 1)[1]
    for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
        progress = _Progress(file) if sys.stderr.isatty() else None
        downloader = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=timeout)
        try:
            return Path(pooch.retrieve(url, f"md5:{md5}", file, folder, downloader=downloader))
        except (OSError, ValueError) as error:
            if progress:
                progress.close()
            reason, passing = _explain_failure(error, host or url, timeout, folder)
            if not passing or attempt == DOWNLOAD_ATTEMPTS:
                raise DownloadError(f"Cannot download {file}: {reason}.") from error
        time.sleep(attempt * wait)


def _explain_failure(error: Exception, host: str, timeout: float, folder: Path) -> tuple[str, bool]:
    """Return why a download failed, in words, and whether another attempt may succeed."""
    import requests

    if isinstance(error, requests.HTTPError):
        status = error.response.status_code
        return f"{host} answered {status} {error.response.reason}", status >= 500 or status in (408, 429)
    if isinstance(error, requests.RequestException):
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            return f"{host} did not answer within {timeout:g} seconds", True
        if isinstance(error, requests.ConnectionError):
            return f"{host} cannot be reached", True
        if isinstance(error, ValueError):
            return f"{host!r} is no web address; expected one that begins with https:// or http://", False
        return f"the connection to {host} broke off", True
    if isinstance(error, ValueError):
        return f"what {host} sent is not the published file, its checksum differs", True
    return (
        f"the folder {_ascii(folder)} cannot be used ({error.strerror or error}); "
        "set DATA_DIR to a folder that can be written",
        False,
    )


class _Progress:
    """One line on a terminal that says how much of a file has come; pooch sets `total` and calls the methods."""

    def __init__(self, file: str):
        self.file, self.total, self.done = file, 0, 0

    def update(self, size: int) -> None:
        self.done = min(self.done + size, self.total or self.done + size)
        whole = f" of {self.total / 1e6:.1f}" if self.total else ""
        print(f"\r{self.file}: {self.done / 1e6:.1f}{whole} MB", end="", file=sys.stderr, flush=True)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        if self.done:
            print(file=sys.stderr)
        self.done = 0


# ----------------------------------------------------------------------------------------------------------------------
# Figures
# ----------------------------------------------------------------------------------------------------------------------


def plot_decision_boundary(
    model: nn.Module,
    X,
    y,
    ax: Axes | None = None,
    *,
    limits_from=None,
    class_names: Sequence[str] | None = None,
    colorbar: bool = False,
) -> Axes:
    """Draw what the model predicts all over the plane, with the points of X on it.

    Two classes: shading shows P(class 1), the black line where it is 0.5. K classes: each region has the colour of the
    class that wins there, paler where the model is less sure, with black lines between regions. A point has the colour
    of its true class; wrongly classified points are ringed and counted in the legend.

    Args:
        model: takes `[M, 2]`, returns logits. The width of the output decides: `[M]` or `[M, 1]` is one logit for two
            classes, `[M, 2]` is two classes, `[M, K]` is K classes. It keeps its device and its train or eval mode;
            predictions are made in eval mode, without gradients.
        X: features `[N, 2]`, tensor on any device or array.
        y: labels `[N]`, whole numbers from 0 to K - 1, tensor or array of any numeric dtype.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        limits_from: features `[M, 2]` whose range, and a tenth of it on each side, is shown; None takes X. Give
            the same ones to the train and the test panel, and both have the same scale.
        class_names: K names for the legend; None writes "class 0", "class 1", ...
        colorbar: add a bar that explains the shading (two classes only).

    Returns:
        The axes that were drawn into. Their title holds the accuracy; set your own after the call.

    Raises:
        ValueError: wrong shape, NaN or infinite features, labels that are no whole numbers from 0 to K - 1, or a model
            that does not turn two features into logits.
    """
    X, y = _check_points(X, y)
    frame = X if limits_from is None else _check_features(limits_from, "limits_from")
    low, high = frame.min(axis=0), frame.max(axis=0)
    # a tenth of the range on each side; half a unit (or what float32 can resolve) where all points share a value
    span = high - low
    margin = np.where(span > 1e-4 * np.abs(frame).max(axis=0), 0.1 * span, np.maximum(0.5, 0.01 * np.abs(high)))
    xx, yy = np.meshgrid(*(np.linspace(low[i] - margin[i], high[i] + margin[i], 200) for i in (0, 1)))
    probs, preds = _predict(model, np.concatenate([np.column_stack([xx.ravel(), yy.ravel()]), X]))
    n_classes = probs.shape[1]
    if y.max() >= n_classes:
        raise ValueError(
            f"y holds the label {y.max()}, but the model's output tells {n_classes} classes apart; "
            f"labels must be whole numbers from 0 to {n_classes - 1}."
        )
    names = [f"class {k}" for k in range(n_classes)] if class_names is None else class_names
    if isinstance(names, str) or not isinstance(names, Sized) or len(names) != n_classes:
        raise ValueError(f"class_names is {names!r}; expected {n_classes} names, one a class.")
    names = list(names)
    grid, preds = probs[: xx.size].reshape(*xx.shape, n_classes), preds[xx.size :]
    colors = _class_colors(n_classes)

    ax = _axes(ax)
    if n_classes == 2:
        cmap = LinearSegmentedColormap.from_list("two classes", [colors[0], "white", colors[1]])
        display = DecisionBoundaryDisplay(xx0=xx, xx1=yy, n_classes=2, response=grid[..., 1])
        display.plot("contourf", ax=ax, cmap=cmap, levels=np.linspace(0, 1, 11), alpha=0.6, zorder=-1)
        margins = [grid[..., 1] - 0.5]
        if colorbar:
            ax.figure.colorbar(display.surface_, ax=ax, label=f"P({names[1]})", ticks=[0, 0.25, 0.5, 0.75, 1])
    else:
        display = DecisionBoundaryDisplay(xx0=xx, xx1=yy, n_classes=n_classes, response=grid, multiclass_colors=colors)
        display.plot("pcolormesh", ax=ax, shading="nearest", vmin=0, vmax=1, alpha=0.6, rasterized=True)
        margins = [grid[..., k] - np.delete(grid, k, axis=2).max(axis=2) for k in range(n_classes)]
    for advantage in margins:  # of a class over the best other one: the boundary is where it is zero
        if advantage.min() < 0 < advantage.max():
            ax.contour(xx, yy, advantage, levels=[0], colors="black", linewidths=1.2)

    for k in np.unique(y):
        points = X[y == k]
        ax.scatter(*points.T, s=14, color=colors[k], edgecolors="white", linewidths=0.4, label=names[k])
    wrong = preds != y
    ax.scatter(*X[wrong].T, s=46, facecolors="none", edgecolors="black", label=f"wrong ({wrong.sum()})")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=xx[0, [0, -1]], ylim=yy[[0, -1], 0])
    ax.set_title(f"{accuracy_fn(y, preds):.1f}% right")
    if max(np.ptp(xx), np.ptp(yy)) < 4 * min(np.ptp(xx), np.ptp(yy)):
        ax.set_aspect("equal")
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=3.8,
        ncols=3,
        fontsize=9,
        columnspacing=1,
        handletextpad=0.2,
    )
    return ax


def plot_predictions(
    train_data, train_labels, test_data, test_labels, predictions=None, ax: Axes | None = None
) -> Axes:
    """Draw a regression problem with one feature: training points, test points and, where given, predictions.

    Args:
        train_data: feature, `[N]` or `[N, 1]`, tensor on any device or array.
        train_labels: target, as many values.
        test_data: feature, `[M]` or `[M, 1]`.
        test_labels: target, as many values.
        predictions: predicted targets of the test points, as many values; or None.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.

    Returns:
        The axes that were drawn into.

    Raises:
        ValueError: a pair of arguments differs in length, or a value is not a finite number.
    """
    pairs = [("training data", train_data, train_labels), ("test data", test_data, test_labels)]
    if predictions is not None:
        pairs.append(("predictions", test_data, predictions))
    checked = []
    for name, xs, ys in pairs:
        xs, ys = _numbers(xs, f"the feature of the {name}"), _numbers(ys, f"the values of the {name}")
        if xs.size != ys.size or max(xs.shape, default=0) != xs.size or max(ys.shape, default=0) != ys.size:
            raise ValueError(
                f"the {name} have the shapes {_shape(xs)} and {_shape(ys)}; expected one feature and one value a point."
            )
        checked.append((name, xs.ravel(), ys.ravel()))
    ax = _axes(ax)
    styles = ({"color": CLASS_COLORS[0]}, {"color": CLASS_COLORS[2]}, {"color": CLASS_COLORS[1], "marker": "x"})
    for (name, xs, ys), style in zip(checked, styles, strict=False):
        ax.scatter(xs, ys, s=16, label=name, **style)
    ax.set(xlabel="feature $x$", ylabel="target $y$")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=3.8, ncols=3, fontsize=9)
    return ax


def plot_loss_curves(
    history: Mapping[str, Sequence[float]],
    axes: Sequence[Axes] | None = None,
    *,
    references: Mapping[str, float] | None = None,
) -> Sequence[Axes]:
    """Draw loss and accuracy by epoch: test in black, train in grey.

    Args:
        history: what `fit` returns: lists of equal length under `train_loss` and `test_loss` and, if accuracy is to be
            drawn, `train_acc` and `test_acc` (percent).
        axes: one axes for the loss and, where there is accuracy, one more for it; None makes a new figure.
        references: named levels for the accuracy panel, in percent, such as `{"chance": 50}`; drawn as thin lines.

    Returns:
        The axes, loss first.

    Raises:
        ValueError: a list is missing or holds something else than numbers, lengths differ, the number of axes does not
            fit, or there are references but no accuracy. NaN is drawn as a gap: training may diverge.
    """
    if not isinstance(history, Mapping):
        raise ValueError(f"history is of the type {type(history).__name__}; expected a mapping as fit returns it.")
    panels = [("loss", "loss")] + [("acc", "accuracy in %")] * ("train_acc" in history or "test_acc" in history)
    needed = [f"{part}_{metric}" for metric, _ in panels for part in ("train", "test")]
    missing = [name for name in needed if name not in history]
    if missing:
        raise ValueError(f"history has {', '.join(map(str, history)) or 'nothing'}; expected {', '.join(missing)} too.")
    curves = {name: _number_array(history[name], f"history[{name!r}]") for name in needed}
    shapes = {name: _shape(curve) for name, curve in curves.items()}
    if len(set(shapes.values())) > 1 or curves[needed[0]].ndim != 1 or curves[needed[0]].size == 0:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"the lists of history have the shapes {got}; expected one number an epoch in each of them.")
    references = {name: _finite(level, f"references[{name!r}]") for name, level in (references or {}).items()}
    if references and len(panels) == 1:
        raise ValueError("references are levels of accuracy, but history has no train_acc and test_acc; expected both.")
    if axes is None:
        _, axes = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 3.6), layout="constrained")
    axes = list(np.ravel(axes))
    if len(axes) != len(panels) or not all(isinstance(ax, Axes) for ax in axes):
        raise ValueError(
            f"plot_loss_curves got {len(axes)} axes for {len(panels)} panels; expected one matplotlib Axes a panel."
        )
    marker = "." if curves[needed[0]].size == 1 else None  # a line through one point shows nothing
    for ax, (metric, label) in zip(axes, panels, strict=True):
        ax.plot(curves[f"train_{metric}"], color="0.6", marker=marker, label="train")
        ax.plot(curves[f"test_{metric}"], color="black", marker=marker, label="test")
        ax.set(xlabel="epoch", ylabel=label)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=3.8, ncols=2, fontsize=9)
    for name, level in references.items():
        axes[-1].axhline(level, color="0.45", linewidth=0.8, linestyle="--", zorder=1)
        # beside the axes, at the height of its line, where no curve can cover it
        axes[-1].text(1.02, level, name, transform=axes[-1].get_yaxis_transform(), va="center", fontsize=9, color="0.3")
    return axes


def _axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the current axes if nothing is drawn in them yet, or those of a new figure."""
    if ax is not None:
        if not isinstance(ax, Axes):
            raise ValueError(f"ax is of the type {type(ax).__name__}; expected one matplotlib Axes, such as axes[0].")
        return ax
    if plt.get_fignums() and not plt.gca().has_data():
        return plt.gca()
    return plt.subplots(figsize=(5, 5), layout="constrained")[1]


def _class_colors(n_classes: int) -> list[str]:
    """Return a colour a class: the ten of CLASS_COLORS, then the same ones darker, and darker again."""
    rounds = [(CLASS_COLORS[k % len(CLASS_COLORS)], 0.6 ** (k // len(CLASS_COLORS))) for k in range(n_classes)]
    return [to_hex([channel * light for channel in to_rgb(color)]) for color, light in rounds]


def _predict(model: nn.Module, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return P(class) `[M, K]` and labels `[M]` of points `[M, 2]`; one logit a row counts as two classes."""
    if not isinstance(model, nn.Module):
        raise ValueError(f"model is of the type {type(model).__name__}; expected a torch.nn.Module.")
    first = next((t for t in [*model.parameters(), *model.buffers()] if t.is_floating_point()), torch.empty(0))
    inputs = torch.as_tensor(points).to(first.dtype).to(first.device)
    with eval_mode(model), torch.inference_mode():
        try:
            logits = model(inputs)
        except Exception as error:
            raise ValueError(
                f"the model failed on points of two features, shape {_shape(inputs)} "
                f"({type(error).__name__}: {_reason(error)}); expected a model that takes [N, 2]."
            ) from error
    if not isinstance(logits, Tensor):
        raise ValueError(f"the model's output is of the type {type(logits).__name__}; expected a tensor of logits.")
    logits = torch.from_numpy(_numbers(logits, "the model's output"))
    if logits.ndim not in (1, 2) or len(logits) != len(points) or not logits.numel():
        raise ValueError(
            f"the model's output for {len(points)} points has the shape {_shape(logits)}; "
            "expected logits [N], [N, 1] or [N, K]."
        )
    labels = logits_to_labels(logits)
    if logits.ndim == 1 or logits.shape[1] == 1:
        logits = logits.reshape(-1, 1)
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)  # softmax of (0, z): (1 - sigmoid(z), sigmoid(z))
    return logits.softmax(dim=1).numpy(), labels.numpy()


@contextmanager
def eval_mode(model: nn.Module):
    """Put every part of the model into eval mode, and back into the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


# ----------------------------------------------------------------------------------------------------------------------
# What a run writes
# ----------------------------------------------------------------------------------------------------------------------


def output_dir() -> Path:
    """Return the folder that figures and results go to: `OUTPUT_DIR` if set, else `outputs/` beside this file."""
    return Path(os.environ.get("OUTPUT_DIR") or Path(__file__).resolve().parent / "outputs").absolute()


def save_figure(fig: Figure, name: str) -> Path:
    """Write a figure as PNG (120 dpi) into the output folder and print where it is.

    The file is complete or not there at all: it is written beside its place and then moved there. The same figure gives
    the same bytes.

    Args:
        fig: the figure.
        name: a plain file name that ends in `.png`.

    Returns:
        The path of the PNG.

    Raises:
        ValueError: `fig` is no figure, or `name` is not a plain file name that ends in `.png`.
        OSError: the file cannot be written; the message says where and why.
    """
    if not isinstance(fig, Figure):
        raise ValueError(f"fig is of the type {type(fig).__name__}; expected a matplotlib Figure (of axes: ax.figure).")
    if not _is_file_name(name) or not name.endswith(".png"):
        raise ValueError(f"the figure's name is {name!r}; expected a plain file name that ends in .png.")
    png = io.BytesIO()
    with _places_kept(fig):
        image = _draw(fig, dpi=120)
    # 256 colours are a third of the size, and dropping the metadata keeps versions and dates out of the bytes
    image.quantize(256).save(png, format="PNG")
    path = _write_whole(output_dir() / name, png.getvalue())
    print(f"Figure: {_ascii(path)}")
    return path


def _draw(fig: Figure, dpi: int) -> Image.Image:
    """Return the picture that `fig.savefig` writes, in two thirds of its time: that draws twice, once for layout."""
    canvas, own_dpi = fig.canvas, fig.dpi
    drawing = FigureCanvasAgg(fig)  # in place of the canvas of a window, which would be resized
    try:
        fig.dpi = dpi
        drawing.draw()
        return Image.fromarray(np.asarray(drawing.buffer_rgba())).convert("RGB")
    finally:
        fig.dpi = own_dpi
        fig.set_canvas(canvas)


@contextmanager
def _places_kept(fig: Figure):
    """Put the axes back to where they are: a constrained layout begins where the last one ended, and drifts."""
    places = [(ax, ax.get_position(original=True), ax.get_position(), ax.get_in_layout()) for ax in fig.axes]
    try:
        yield
    finally:
        for ax, original, active, in_layout in places:
            ax.set_position(original, which="original")
            ax.set_position(active, which="active")
            ax.set_in_layout(in_layout)  # set_position takes the axes out of the layout


def save_results(
    name: str, results: Mapping[str, Real], histories: Mapping[str, Mapping[str, Sequence[float]]] | None = None
) -> Path:
    """Print a lesson's results and write them to `results/<name>.json` in the output folder.

    Args:
        name: the lesson's file name without `.py`.
        results: a number for each name; finite, percentages between 0 and 100.
        histories: training histories (as `fit` returns them) that are to be checked row by row, by name.

    Returns:
        The path of the JSON file: `{"results": {...}, "histories": {...}}`.

    Raises:
        ValueError: a result or a history's entry is not a finite number, or `name` is not a plain file name.
        OSError: the file cannot be written; the message says where and why.
    """
    if not _is_file_name(name):
        raise ValueError(f"the name of the results is {name!r}; expected a plain file name, the lesson's without .py.")
    results = {key: _finite(value, f"results[{key!r}]") for key, value in _items(results, "results")}
    histories = {
        run: {
            key: _finite_list(values, f"histories[{run!r}][{key!r}]")
            for key, values in _items(history, f"histories[{run!r}]")
        }
        for run, history in _items(histories or {}, "histories")
    }
    width = max((len(_ascii(key)) for key in results), default=0)
    print("\nResults")
    for key, value in results.items():
        print(f"  {_ascii(key):<{width}}  {value if isinstance(value, int) else format(value, '.6g')}")
    document = json.dumps({"results": results, "histories": histories}, indent=1) + "\n"
    return _write_whole(output_dir() / "results" / f"{name}.json", document.encode())


def _write_whole(path: Path, data: bytes) -> Path:
    """Write a file so that whoever looks finds the old one or the new one, never a part; return its path."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(
            f"Cannot write {_ascii(path)} ({error.strerror or error}); "
            "free the place or set OUTPUT_DIR to a folder that can be written."
        ) from None
    return path


# ----------------------------------------------------------------------------------------------------------------------
# Checks that several functions share
# ----------------------------------------------------------------------------------------------------------------------


def _check_points(X, y) -> tuple[np.ndarray, np.ndarray]:
    """Return X as float64 `[N, 2]` and y as int64 `[N]`, or raise a ValueError that says what is wrong."""
    X, y = _check_features(X, "X"), _numbers(y, "y")
    if y.ndim != 1:
        mend = " A column [N, 1] becomes [N] by squeeze(1)." if y.shape == (len(X), 1) else ""
        raise ValueError(f"y has the shape {_shape(y)}; expected [N], one label a point.{mend}")
    if len(X) != len(y):
        raise ValueError(f"X holds {len(X)} points and y {len(y)} labels; expected as many of one as of the other.")
    if (y != np.round(y)).any() or y.min() < 0 or y.max() >= 2**31:
        raise ValueError(
            f"y holds labels from {y.min():g} to {y.max():g}, not all of them whole numbers from 0 up; "
            "expected class numbers 0 to K - 1."
        )
    return X, y.astype(np.int64)


def _check_features(X, name: str) -> np.ndarray:
    """Return features as float64 `[N, 2]`, at least one row, or raise a ValueError."""
    X = _numbers(X, name)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) == 0:
        raise ValueError(
            f"{name} has the shape {_shape(X)}; expected [N, 2], two features a point, at least one point."
        )
    if np.abs(X).max() > 1e30:
        raise ValueError(f"{name} holds the value {np.abs(X).max():.3g}; expected features below 1e30, best near 1.")
    return X


def _check_label_shapes(y_true, y_pred) -> None:
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true has the shape {_shape(y_true)} and y_pred {_shape(y_pred)}; they must be equal. "
            "A column [N, 1] becomes [N] by squeeze(1)."
        )
    if 0 in y_true.shape:
        raise ValueError("y_true and y_pred are empty; accuracy needs at least one label.")


def _label_array(values, name: str) -> np.ndarray:
    """Return tensor or array as array of whole numbers, or raise a ValueError."""
    array = _number_array(values, name)
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.rint(array)).all()):
        raise ValueError(
            f"{name} holds values that are not whole numbers, so they are no labels; "
            "logits become labels by logits_to_labels(logits)."
        )
    return array


def _numbers(values, name: str) -> np.ndarray:
    """Return tensor or array as float64 array of finite numbers, or raise a ValueError."""
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite and is refused below
        array = _number_array(values, name).astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values; expected finite numbers.")
    return array


def _number_array(values, name: str) -> np.ndarray:
    """Return a tensor (any device, dtype, grad) or array-like as array of real numbers, or raise a ValueError."""
    try:
        if isinstance(values, Tensor):  # double, because NumPy has no bfloat16
            array = (values.double() if values.is_floating_point() else values).numpy(force=True)
        else:
            array = np.asarray(values)
    except Exception as error:  # whatever the array protocol of a foreign object raises
        raise ValueError(
            f"{name} is of the type {type(values).__name__} and cannot be read as numbers ({_reason(error)}); "
            "expected a tensor or an array with values, all rows of one length."
        ) from error
    if array.dtype.kind not in "biuf":
        text = array.dtype.kind in "SUT" or (array.size > 0 and all(isinstance(value, str) for value in array.flat))
        raise ValueError(
            f"{name} holds {'text' if text else f'values of the dtype {array.dtype}'}; expected numbers"
            f"{' (text labels become numbers by LabelEncoder)' * text}."
        )
    return array


def _items(values, name: str):
    """Return the items of a mapping whose keys are text, or raise a ValueError."""
    if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
        raise ValueError(f"{name} is of the type {type(values).__name__}; expected a mapping whose keys are names.")
    return values.items()


def _finite_list(values, name: str) -> list[float | int]:
    """Return a list of plain finite numbers, or raise a ValueError."""
    if not isinstance(values, Iterable):
        raise ValueError(f"{name} is of the type {type(values).__name__}; expected a list of numbers, one an epoch.")
    return [_finite(value, f"{name}[{position}]") for position, value in enumerate(values)]


def _finite(value, name: str) -> float | int:
    """Return a plain finite int or float, or raise a ValueError."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool) or not isinstance(value, Real) or not abs(value) <= sys.float_info.max:
        got = " ".join(repr(value).split())[:60]  # the repr of a tensor has many lines
        raise ValueError(f"{name} is {got}; expected a finite number (of a tensor: its .item()).")
    return value if isinstance(value, int) else float(value)


def _is_file_name(name) -> bool:
    """Tell whether a name has no part that leads elsewhere and no character that some file system refuses."""
    return isinstance(name, str) and re.fullmatch(r'(?!\.*$)[^\\/:*?"<>|\x00-\x1f]+', name) is not None


def _is_count(value, least: int) -> bool:
    return isinstance(value, Integral) and value >= least


def _reason(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).strip().splitlines() or ["no message"])[0]


def _shape(values) -> str:
    return str(list(values.shape))


def _ascii(text: str | Path) -> str:
    """Return the text as any terminal can print it."""
    return str(text).encode("ascii", "backslashreplace").decode()
