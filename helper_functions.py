"""What the lessons of Module 03 share: accuracy, training steps, figures and results.

What the course teaches is written out here. What it does not teach (checks of arguments, colours,
tables, downloads, the training player) lies in the package `course`, and is only imported here, so
that every lesson has one place to import from.

Importing this file changes no seed, no plot style and no folder. `accuracy_fn`, `plot_predictions`,
`plot_decision_boundary`, `plot_loss_curves` and `set_seeds` have the names and the arguments of the
course "Learn PyTorch for Deep Learning", so its learners can use them as they know them.

Shapes: N samples, K classes; `[N, 2]` means N rows of two numbers. "Array" means whatever NumPy
takes for one: an array, a list, a column of a table, a tensor on any device.
"""

# ruff: noqa: F401 - what is imported and not used here is for the lessons

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.optim import Optimizer

import course.quick_start  # it makes the start of every lesson shorter
from course import checks, drawing
from course.drawing import CLASS_COLORS, plot_images, share_legend
from course.figures import (
    compare_curves,
    plot_activations,
    plot_batch_sizes,
    plot_calibration,
    plot_class_scores,
    plot_confusion_matrix,
    plot_dead_units,
    plot_f1_by_threshold,
    plot_fold,
    plot_gradients_by_layer,
    plot_intervals,
    plot_kept_epoch,
    plot_kept_epochs,
    plot_labels_and_discs,
    plot_logits,
    plot_loss_panels,
    plot_losses_together,
    plot_losses_with_floors,
    plot_mistakes,
    plot_points,
    plot_recipes,
    plot_relu_units,
    plot_right_by_count,
    plot_stages,
    plot_starts,
    plot_strips,
    plot_threshold_curves,
    plot_value_and_slope,
    plot_weights,
)
from course.files import output_dir, save_file, write_output
from course.images import (
    DownloadError,
    ImageData,
    data_dir,
    load_images,
    read_idx,
)
from course.measures import (
    LossFunction,
    accuracies_from_starts,
    best_possible_for_blobs,
    count_equal_epochs,
    f1_per_label,
    find_dead_units,
    losses_by_step,
    paired_test,
    print_error,
    print_history,
    print_row,
    print_table,
    print_traceback,
    t_factor,
    wilson_interval,
)
from course.patients import make_patients, true_probs
from course.player import Recorder, log_line, save_player
from course.predicting import class_probabilities, eval_mode, logits_of_points, predict_logits
from course.spirals import make_spirals
from course.tables import (
    TableError,
    exit_on_bad_input,
    fit_preprocessing,
    preprocess,
    read_table,
    split_rows,
    split_target,
)
from course.text import ascii_only, is_file_name

# ---- Seeds and devices ---------------------------------------------------------------------------


def set_seeds(seed: int = 42) -> None:
    """Seed PyTorch (every device), NumPy and Python's `random`.

    Call it on the line before the step that draws random numbers: building a model, shuffling,
    splitting.

    >>> set_seeds(42)
    >>> first = torch.rand(3)
    >>> set_seeds(42)
    >>> torch.equal(torch.rand(3), first)
    True
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device() -> torch.device:
    """Return the device that models and data go to: the accelerator if there is one, else the CPU.

    The environment variable `COURSE_DEVICE` (auto, cpu, cuda or mps) decides otherwise;
    `run_all.py --device` sets it.

    Raises:
        ValueError: `COURSE_DEVICE` names something else, or a device that this machine lacks.

    >>> device = pick_device()
    >>> torch.zeros(3, device=device).shape
    torch.Size([3])
    """
    wanted = os.environ.get("COURSE_DEVICE", "auto").strip().lower() or "auto"
    if wanted not in ("auto", "cpu", "cuda", "mps"):
        raise ValueError(
            f"COURSE_DEVICE is {wanted!r}; set it to auto, cpu, cuda or mps, or remove it."
        )
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if wanted == "cpu" or (wanted == "auto" and accelerator is None):
        return torch.device("cpu")
    if accelerator is not None and wanted in ("auto", accelerator.type):
        return accelerator
    found = "only the CPU" if accelerator is None else f"the CPU and {accelerator.type}"
    raise ValueError(
        f"COURSE_DEVICE asks for {wanted}, but PyTorch finds {found} here; set it to auto or cpu."
    )


# ---- Labels and accuracy -------------------------------------------------------------------------


def logits_to_labels(logits: Tensor) -> Tensor:
    """Turn logits into class labels.

    Args:
        logits: `[N]` or `[N, 1]` for two classes, `[N, K]` for K classes. Any device.

    Returns:
        `[N]`, int64, on the same device. Two classes: 1 where the probability is at least 0.5,
        which is where the logit is at least 0. K classes: the position of the largest logit, which
        is the position of the largest probability.

    Raises:
        TypeError: it is not a tensor.
        ValueError: the shape is none of the three.

    >>> logits_to_labels(torch.tensor([-1.2, 0.0, 3.4]))
    tensor([0, 1, 1])
    >>> logits_to_labels(torch.tensor([[0.1, 2.0, -1.0], [0.5, 0.2, 0.4]]))
    tensor([1, 0])
    """
    checks.check_logits(logits)
    logits = _without_single_column(logits)
    if logits.ndim == 1:
        return (logits >= 0).long()
    return logits.argmax(dim=1)


def accuracy_fn(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the percentage of labels that are predicted right.

    `(y_true == y_pred).sum() / len(y_pred)` broadcasts `[N]` against `[N, 1]` to `[N, N]` and
    reports thousands of percent; this function refuses instead.

    Args:
        y_true: true labels, an array of whole numbers of any shape, usually `[N]`.
        y_pred: predicted labels of exactly the same shape; not logits and not probabilities.

    Returns:
        100 * right / all, between 0 and 100.

    Raises:
        TypeError: one of them holds something else than numbers.
        ValueError: the shapes differ, there are no labels, or a value is not a label (0.7, NaN).

    >>> accuracy_fn([0, 1, 1, 0], [0, 1, 0, 0])
    75.0
    """
    y_true, y_pred = checks.check_label_pair(y_true, y_pred)
    right = int((y_true == y_pred).sum())
    return right / y_true.size * 100


# ---- Training (lesson 04 builds these three from the written-out loop) ---------------------------


def train_step(
    model: nn.Module, X: Tensor, y: Tensor, loss_fn: LossFunction, optimizer: Optimizer
) -> tuple[float, float]:
    """Do one optimizer step on all rows of X.

    Args:
        model: returns logits, `[N]` or `[N, 1]` for two classes, `[N, K]` for K classes.
        X: features `[N, ...]` on the model's device.
        y: labels `[N]` in the dtype that `loss_fn` takes: float32 for BCEWithLogitsLoss, int64 for
            CrossEntropyLoss.
        loss_fn: takes logits and labels; logits `[N, 1]` come as `[N]`, the shape of the labels.
        optimizer: holds the parameters of `model`.

    Returns:
        Loss and accuracy (%) as they were before the step.

    >>> model = nn.Linear(2, 3)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> X = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> loss, acc = train_step(model, X, torch.tensor([0, 2]), nn.CrossEntropyLoss(), optimizer)
    """
    model.train()
    # 1. Forward pass
    logits = _without_single_column(model(X))
    # 2. Loss
    loss = loss_fn(logits, y)
    # 3. Forget the gradients of the step before
    optimizer.zero_grad()
    # 4. Backward pass
    loss.backward()
    # 5. Step
    optimizer.step()
    acc = accuracy_fn(y, logits_to_labels(logits))
    return loss.item(), acc


def test_step(model: nn.Module, X: Tensor, y: Tensor, loss_fn: LossFunction) -> tuple[float, float]:
    """Return loss and accuracy (%) of the model on X, in eval mode and without gradients.

    The arguments are those of `train_step`.

    >>> logits = torch.tensor([2.0, -2.0])
    >>> y = torch.tensor([1.0, 0.0])
    >>> loss, acc = test_step(nn.Identity(), logits, y, nn.BCEWithLogitsLoss())
    >>> print(f"{loss:.5f}, {acc:.2f} %")
    0.12693, 100.00 %
    """
    model.eval()
    with torch.inference_mode():
        logits = _without_single_column(model(X))
        loss = loss_fn(logits, y)
    acc = accuracy_fn(y, logits_to_labels(logits))
    return loss.item(), acc


# Its name begins with "test", so pytest would take it for a test.
test_step.__test__ = False  # type: ignore[attr-defined]


def fit(
    model: nn.Module,
    X_train: Tensor,
    X_test: Tensor,
    y_train: Tensor,
    y_test: Tensor,
    loss_fn: LossFunction,
    optimizer: Optimizer,
    epochs: int,
    log_every: int | None = None,
    recorder: Recorder | None = None,
) -> dict[str, list[float]]:
    """Train for `epochs` full-batch steps and measure after each of them.

    Args:
        model: as in `train_step`.
        X_train: features to learn from, `[N, ...]`.
        X_test: features to measure on, `[M, ...]`.
        y_train: labels of X_train, `[N]`.
        y_test: labels of X_test, `[M]`.
        loss_fn: as in `train_step`.
        optimizer: as in `train_step`.
        epochs: number of passes over the training set, 0 or more.
        log_every: print a line every so many epochs, beginning with epoch 0; None prints nothing.
        recorder: takes its snapshots of the model at the end of each epoch.

    Returns:
        Lists `train_loss, train_acc, test_loss, test_acc`, one entry per epoch, accuracies in
        percent. Training values are those before the step and test values those after it, as in
        the published logs. The model is left in eval mode.

    Raises:
        TypeError: `model` is not a network, one of the four is not a tensor, or `epochs` or
            `log_every` is not a whole number.
        ValueError: the tensors do not belong together or come in another order, or a number is
            out of range.

    >>> set_seeds(0)
    >>> model = nn.Linear(1, 1)
    >>> X = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    >>> y = torch.tensor([0.0, 0.0, 1.0, 1.0])
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    >>> history = fit(model, X, X, y, y, nn.BCEWithLogitsLoss(), optimizer, epochs=20)
    >>> history["test_acc"][-1]
    100.0
    """
    checks.check_model(model)
    checks.check_tensors(X_train, X_test, y_train, y_test)
    checks.check_count(epochs, 0, "epochs")
    if log_every is not None:
        checks.check_count(log_every, 1, "log_every")
    history: dict[str, list[float]] = {
        "train_loss": [],
        "train_acc": [],
        "test_loss": [],
        "test_acc": [],
    }
    for epoch in range(epochs):
        train_loss, train_acc = train_step(model, X_train, y_train, loss_fn, optimizer)
        test_loss, test_acc = test_step(model, X_test, y_test, loss_fn)
        history["train_loss"].append(train_loss)
        history["train_acc"].append(train_acc)
        history["test_loss"].append(test_loss)
        history["test_acc"].append(test_acc)
        if log_every is not None and epoch % log_every == 0:
            print(
                f"Epoch {epoch:4d} | Loss: {train_loss:.5f}, Accuracy: {train_acc:.2f}% "
                f"| Test loss: {test_loss:.5f}, Test accuracy: {test_acc:.2f}%"
            )
        if recorder is not None:
            recorder.snapshot(epoch)
    return history


def _without_single_column(logits: Tensor) -> Tensor:
    """Return `[N, 1]` as `[N]`, the shape of the labels; other shapes as they are."""
    if logits.ndim == 2 and logits.shape[1] == 1:
        return logits.squeeze(1)
    return logits


# ---- Figures -------------------------------------------------------------------------------------


def plot_decision_boundary(
    model: nn.Module,
    X: ArrayLike,
    y: ArrayLike,
    ax: Axes | None = None,
    *,
    limits_from: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    colorbar: bool = False,
    threshold: float = 0.5,
    rings: bool = True,
) -> Axes:
    """Draw what the model predicts all over the plane, with the points of X on it.

    Two classes: shading shows P(class 1), the black line where it is the threshold. K classes:
    each region has the colour of the class that wins there, paler where the model is less sure,
    with black lines between regions. A point has the colour of its true class.

    Args:
        model: takes `[M, 2]` and returns logits. The width of the output decides: `[M]` or
            `[M, 1]` is one logit for two classes, `[M, K]` is K classes. The model keeps its
            device and its mode; predictions are made in eval mode, without gradients.
        X: features, array `[N, 2]`.
        y: labels, array `[N]` of whole numbers from 0 to K - 1.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.
        limits_from: array `[M, 2]` whose range, and a tenth of it on each side, is shown; None
            takes X. Give the same one to the train and the test panel, and both have one scale.
        class_names: K names for the legend; None writes "class 0", "class 1", ...
        colorbar: add a bar that explains the shading (two classes only).
        threshold: class 1 is predicted where its probability is at least this (two classes only).
        rings: put a ring around each wrong point, and their number in the legend. False where so
            many are wrong that their rings would hide the points.

    Returns:
        The axes that were drawn into. Their title holds the accuracy; set your own after the call.

    Raises:
        TypeError: the model is not a network, or X or y holds something else than numbers.
        ValueError: wrong shape, NaN or infinite features, labels that are not whole numbers from 0
            to K - 1, or a model that does not turn two features into logits.

    >>> model = nn.Linear(2, 1)
    >>> X = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> ax = plot_decision_boundary(model, X, [0, 1, 1], class_names=["left", "right"])
    >>> ax.get_xlabel()
    '$x_1$'
    """
    X, y = checks.check_points(X, y)
    limits = X if limits_from is None else checks.check_features(limits_from, "limits_from")

    # ask the model all over a grid, and at the points
    xx, yy = drawing.grid_around(limits)
    grid = np.column_stack([xx.ravel(), yy.ravel()])
    logits = logits_of_points(model, np.concatenate([grid, X]))
    probs = class_probabilities(logits)
    n_classes = probs.shape[1]
    checks.check_highest_label(y, n_classes)
    names = checks.check_class_names(class_names, n_classes)
    preds = logits_to_labels(logits).numpy()
    if n_classes == 2 and threshold != 0.5:
        preds = probs[:, 1] >= threshold
    probs_on_grid = probs[: len(grid)].reshape(*xx.shape, n_classes)
    preds_at_points = preds[len(grid) :]
    wrong = preds_at_points != y

    # shade the plane, draw the boundary, put the points on it
    ax = drawing.own_axes(ax)
    if n_classes == 2:
        p_class_1 = probs_on_grid[..., 1]
        shading = drawing.shade_two_classes(ax, xx, yy, p_class_1, threshold)
        if colorbar:
            ticks = [0, 0.25, 0.5, 0.75, 1]
            ax.figure.colorbar(shading, ax=ax, label=f"P({names[1]})", ticks=ticks)
    else:
        drawing.shade_many_classes(ax, xx, yy, probs_on_grid)
    drawing.scatter_classes(ax, X, y, names, ringed=wrong if rings else None)
    drawing.frame(ax, xx, yy)
    ax.set_title(f"{accuracy_fn(y, preds_at_points):.1f}% right")
    drawing.legend_below(ax, columns=3, columnspacing=1, handletextpad=0.2)
    return ax


def plot_boundaries(
    models: Mapping[str, nn.Module],
    X: ArrayLike,
    y: ArrayLike,
    *,
    limits_from: ArrayLike | None = None,
) -> Figure:
    """Draw the boundaries of several models side by side, with the same points and one legend.

    Args:
        models: a model for each name; X, y and limits_from as in `plot_decision_boundary`.
        X: features, array `[N, 2]`.
        y: labels, array `[N]` of whole numbers from 0 to K - 1.
        limits_from: array `[M, 2]` whose range the panels show; None takes X.

    Returns:
        A figure with one panel per model, whose title says how many points the model gets right.

    Raises:
        ValueError: there is no model; the rest as in `plot_decision_boundary`.

    >>> models = {"first": nn.Linear(2, 3), "second": nn.Linear(2, 3)}
    >>> fig = plot_boundaries(models, [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 2])
    >>> len(fig.axes)
    2
    """
    if not models:
        raise ValueError("models is empty; expected a model for at least one name.")
    fig, axes = drawing.panels_side_by_side(len(models))
    for ax, name in zip(axes, models, strict=True):
        plot_decision_boundary(models[name], X, y, ax, limits_from=limits_from)
        rings = ax.collections[-1]  # drawn last
        wrong = len(np.asarray(rings.get_offsets()))
        ax.set_title(f"{name}\n{ax.get_title()}, {wrong} wrong")
        ax.label_outer()
    share_legend(fig)
    return fig


def plot_predictions(
    train_data: ArrayLike,
    train_labels: ArrayLike,
    test_data: ArrayLike,
    test_labels: ArrayLike,
    predictions: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a regression problem with one feature: training points, test points and predictions.

    Args:
        train_data: feature, array `[N]` or `[N, 1]`.
        train_labels: target, as many values.
        test_data: feature, array `[M]` or `[M, 1]`.
        test_labels: target, as many values.
        predictions: predicted targets of the test points, as many values; or None.
        ax: axes to draw into; None takes the current axes if they are empty, else a new figure.

    Returns:
        The axes that were drawn into.

    Raises:
        TypeError: an argument holds something else than numbers.
        ValueError: a pair of arguments differs in length, or a value is not a finite number.

    >>> ax = plot_predictions([1, 2, 3], [10, 20, 30], [4, 5], [40, 50], predictions=[41, 49])
    >>> ax.get_ylabel()
    'target $y$'
    """
    train_data, train_labels = checks.check_pair(train_data, train_labels, "training data")
    test_data, test_labels = checks.check_pair(test_data, test_labels, "test data")
    if predictions is not None:
        _, predictions = checks.check_pair(test_data, predictions, "predictions")
    blue, orange, green = CLASS_COLORS[:3]
    ax = drawing.own_axes(ax)
    ax.scatter(train_data, train_labels, s=16, label="training data", color=blue)
    ax.scatter(test_data, test_labels, s=16, label="test data", color=green)
    if predictions is not None:
        ax.scatter(test_data, predictions, s=16, label="predictions", color=orange, marker="x")
    ax.set(xlabel="feature $x$", ylabel="target $y$")
    drawing.legend_below(ax, columns=3)
    return ax


def plot_loss_curves(
    history: Mapping[str, Sequence[float]],
    axes: Axes | Sequence[Axes] | None = None,
    *,
    references: Mapping[str, float] | None = None,
) -> list[Axes]:
    """Draw loss and accuracy by epoch: test in black, train in grey.

    Args:
        history: what `fit` returns: lists of one length under `train_loss` and `test_loss` and, if
            accuracy is to be drawn, `train_acc` and `test_acc` (percent). NaN leaves a gap.
        axes: one axes for the loss and, where there is accuracy, one more for it; None makes a
            new figure.
        references: named levels for the accuracy panel, in percent, such as `{"chance": 50}`;
            drawn as thin lines.

    Returns:
        The axes, loss first.

    Raises:
        TypeError: `history` is not a mapping, or a list holds something else than numbers.
        ValueError: a list is missing, lengths differ, the number of axes does not fit, or there
            are references but no accuracy.

    >>> axes = plot_loss_curves({"train_loss": [0.9, 0.5], "test_loss": [0.8, 0.6]})
    >>> axes[0].get_ylabel()
    'loss'
    """
    curves = checks.check_history(history)
    labels = {"loss": "loss"}
    if "train_acc" in curves:
        labels["acc"] = "accuracy in %"
    levels = checks.check_references(references, curves)
    if axes is None:
        size = (4.5 * len(labels), 3.6)  # inches
        _, axes = plt.subplots(1, len(labels), figsize=size, layout="constrained")
    axes = checks.check_axes(axes, len(labels))
    # a line through one point shows nothing, so a single epoch is drawn as a point
    marker = "." if len(curves["train_loss"]) == 1 else None
    for ax, metric in zip(axes, labels, strict=True):
        ax.plot(curves[f"train_{metric}"], color="0.6", marker=marker, label="train")
        ax.plot(curves[f"test_{metric}"], color="black", marker=marker, label="test")
        ax.set(xlabel="epoch", ylabel=labels[metric])
        drawing.legend_below(ax, columns=2)
    drawing.draw_references(axes[-1], levels)
    return axes


# ---- What a run writes ---------------------------------------------------------------------------


def save_figure(fig: Figure, name: str) -> Path:
    """Write a figure as PNG (120 dpi) into the output folder and print where it is.

    The file is there as a whole or not at all, and the same figure gives the same bytes.

    Args:
        fig: the figure.
        name: a plain file name that ends in `.png`.

    Returns:
        The path of the PNG.

    Raises:
        TypeError: `fig` is not a figure.
        ValueError: `name` is not a plain file name that ends in `.png`.
        OSError: the file cannot be written; the message says where and why.

    >>> fig, ax = plt.subplots()
    >>> path = save_figure(fig, "empty.png")  # doctest: +ELLIPSIS
    Figure: ...empty.png
    """
    if not isinstance(fig, Figure):
        raise TypeError(
            f"fig is of the type {type(fig).__name__}; expected a Figure (of axes: ax.figure)."
        )
    if not is_file_name(name) or not name.endswith(".png"):
        raise ValueError(
            f"the figure's name is {name!r}; expected a plain file name that ends in .png."
        )
    path = write_output(name, drawing.as_png(fig))
    print(f"Figure: {ascii_only(path)}")
    return path


def save_results(
    name: str,
    results: Mapping[str, Real],
    histories: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
) -> Path:
    """Print a lesson's results and write them to `results/<name>.json` in the output folder.

    Args:
        name: the lesson's file name without `.py`.
        results: a finite number for each name; accuracies in percent.
        histories: training histories, as `fit` returns them, that are to be checked row by row,
            by name.

    Returns:
        The path of the JSON file: `{"results": {...}, "histories": {...}}`.

    Raises:
        TypeError: results or histories are not mappings of names to numbers.
        ValueError: a number is not finite, or `name` is not a plain file name.
        OSError: the file cannot be written; the message says where and why.

    >>> path = save_results("my_lesson", {"test_acc": 87.5})
    <BLANKLINE>
    Results
      test_acc  87.5
    """
    if not is_file_name(name):
        raise ValueError(
            f"the name of the results is {name!r}; expected the lesson's file name without .py."
        )
    numbers = checks.check_results(results)
    runs = checks.check_histories(histories or {})
    width = max((len(ascii_only(key)) for key in numbers), default=0)
    print("\nResults")
    for key, value in numbers.items():
        shown = value if isinstance(value, int) else format(value, ".6g")
        print(f"  {ascii_only(key):<{width}}  {shown}")
    document = json.dumps({"results": numbers, "histories": runs}, indent=1) + "\n"
    return write_output(f"results/{name}.json", document.encode())
