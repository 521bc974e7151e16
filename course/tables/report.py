"""What classify_table.py prints, draws and writes."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import json
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from course.files import save_file, write_output
from course.tables.judging import FREQUENT, LOGISTIC, NETWORK, Verdict
from course.tables.learning import LEARNING_RATE, Data, Epoch, Trained
from course.text import counted, listed, quoted
from helper_functions import plot_intervals, plot_kept_epoch, print_table, save_figure

if TYPE_CHECKING:
    import pandas as pd

LOGGED = {0, 1, 2, 5, 10, 20, 50, 100}  # epochs that get a line
MOST_COUNTS = 12  # classes that are listed; up to here a confusion matrix has room for counts
MOST_NAMES = 3  # classes up to which their names fit below it


def print_table_read(
    table: pd.DataFrame, dropped: list[str], y: np.ndarray, class_names: list[str]
) -> None:
    """Say what the file holds: rows, columns, and the rows per class."""
    print(f"Table: {counted(len(table), 'row')}, {counted(table.shape[1], 'column')}")
    if dropped:
        print("Columns left out by --drop:", listed(dropped))
    unlabelled = len(table) - len(y)
    if unlabelled > 0:
        print(f"Rows without a label, left out: {unlabelled}")
    rows = []
    for name, count in zip(class_names, np.bincount(y), strict=True):
        rows.append([quoted(name), count])
    print_table(["class", "rows"], rows[:MOST_COUNTS])
    if len(rows) > MOST_COUNTS:
        print(f"   and {len(rows) - MOST_COUNTS} more classes")


def print_columns(data: Data) -> None:
    """Say what each column was taken for, and what became of it."""
    known = data.preprocessing
    print("\nColumns")
    if known["numbers"]:
        print("   Numbers, scaled:", listed(known["numbers"]))
    for name, values in known["categories"].items():
        print(f"   Text, one feature per value: {quoted(name)} with {listed(values)}")
    for name, reason in known["left_out"].items():
        print(f"   Left out: {quoted(name)}, {reason}")
    if known["numbers"]:
        print("   A number that only names or counts the rows should be left out with --drop.")


def print_sets(data: Data) -> None:
    """Say how many rows each set has, and how many features."""
    print("\nSets")
    print(f"   Training {len(data.train.rows)}, validation {len(data.val.rows)}", end="")
    print(f" and test {len(data.test.rows)} rows, {data.train.X.shape[1]} features")
    print(f"\nTraining a network {data.sizes}")


def print_epoch(epoch: Epoch) -> None:
    """Print a line of the log after some of the epochs."""
    if epoch.number in LOGGED:
        print(f"Epoch {epoch.number:4d} | Train loss: {epoch.train_loss:.5f}", end="")
        print(f", accuracy: {epoch.train_acc:.2f}%", end="")
        print(f" | Validation loss: {epoch.val_loss:.5f}, accuracy: {epoch.val_acc:.2f}%")


def print_trained(trained: Trained) -> None:
    """Say which epoch was kept."""
    best = trained.best
    print(f"Stopped after epoch {trained.epochs[-1].number}; kept epoch {best.number}", end="")
    print(f", where the validation loss was {best.val_loss:.5f}")


def print_verdict(verdict: Verdict) -> None:
    """Print the accuracies on the test set, and the network beside logistic regression."""
    print(f"\nTest set: {counted(len(verdict.y), 'row')}")
    rows = []
    for score in verdict.scores.values():
        interval = f"{score.low:.1f} to {score.high:.1f} %"
        rows.append([score.name, score.right, f"{score.acc:.2f}%", interval])
    print_table(["model", "right", "accuracy", "95 % interval"], rows)
    print("Rows on which only the network is right:", verdict.only_network_right)
    print("Rows on which only logistic regression is right:", verdict.only_logistic_right)


def draw(data: Data, trained: Trained, verdict: Verdict, target: str) -> Figure:
    """Draw the losses by epoch, the network's confusion matrix and the accuracies."""
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    fig, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
    losses_ax, matrix_ax, scores_ax = axes
    train_losses = [epoch.train_loss for epoch in trained.epochs]
    val_losses = [epoch.val_loss for epoch in trained.epochs]
    plot_kept_epoch(train_losses, val_losses, trained.best.number, losses_ax)

    network = verdict.scores[NETWORK]
    names = [_short(name) for name in data.class_names]
    n_classes = len(names)
    counts = confusion_matrix(verdict.y, network.preds, labels=range(n_classes))
    ConfusionMatrixDisplay(counts, display_labels=names).plot(
        ax=matrix_ax,
        cmap="Greys",
        colorbar=False,
        include_values=n_classes <= MOST_COUNTS,
    )
    if n_classes > MOST_NAMES:
        matrix_ax.set_xticklabels([])
    matrix_ax.set_title(f"Network: {network.right} of {len(verdict.y)} right")

    accs = {}
    intervals = {}
    for score in verdict.scores.values():
        accs[score.name] = score.acc
        intervals[score.name] = (score.low, score.high)
    plot_intervals(accs, intervals, scores_ax)
    scores_ax.set_title("Test set, 95 % intervals")
    sizes = "-".join(str(size) for size in data.sizes)
    recipe = f"Adam lr {LEARNING_RATE}, batches of {trained.batch_size}, seed {trained.seed}"
    fig.suptitle(f"{_short(target)}: {sizes} with ReLU, {recipe}")
    return fig


def _short(name: str) -> str:
    """Return the begin of a name, as matplotlib may show it: a plain $ would begin a formula."""
    return name[:12].replace("$", r"\$")


def predictions_table(probs: np.ndarray, class_names: list[str]) -> pd.DataFrame:
    """Return a class and the probability of every class for each row of `probs` `[N, K]`.

    >>> table = predictions_table(np.array([[0.25, 0.75]]), ["no", "yes"])
    >>> table.columns.to_list(), table["prediction"].to_list()
    (['prediction', 'P(no)', 'P(yes)'], ['yes'])
    """
    import pandas as pd

    table = pd.DataFrame(probs, columns=[f"P({name})" for name in class_names])
    labels = [class_names[k] for k in probs.argmax(axis=1)]
    table.insert(0, "prediction", labels)
    return table


def write_predictions(predictions: pd.DataFrame) -> None:
    """Write `predictions.csv` into the output folder."""
    save_file("predictions.csv", lambda file: predictions.to_csv(file, index=False))


def write_model(data: Data, trained: Trained, target: str) -> None:
    """Write `model.pt`: tensors and plain data, which `torch.load(weights_only=True)` reads."""
    contents = {
        "sizes": data.sizes,
        "state_dict": trained.model.state_dict(),
        "preprocessing": data.preprocessing,
        "class_names": data.class_names,
        "target": target,
    }
    save_file("model.pt", lambda file: torch.save(contents, file))


def write_results(trained: Trained, verdict: Verdict) -> None:
    """Write the numbers of the report to `results/classify_table.json`."""
    results = {
        "best_epoch": trained.best.number,
        "best_val_loss": trained.best.val_loss,
        "n_test": len(verdict.y),
        "network_test_acc": verdict.scores[NETWORK].acc,
        "logistic_test_acc": verdict.scores[LOGISTIC].acc,
        "frequent_test_acc": verdict.scores[FREQUENT].acc,
        "only_network_right": verdict.only_network_right,
        "only_logistic_right": verdict.only_logistic_right,
    }
    document = json.dumps({"results": results}, indent=1) + "\n"
    write_output("results/classify_table.json", document.encode())


def write_figure(fig: Figure) -> None:
    """Write `classify_table.png` into the output folder."""
    save_figure(fig, "classify_table.png")
    plt.close(fig)
