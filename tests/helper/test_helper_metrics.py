"""What the lessons on metrics draw and measure: confusion matrix, averages, curves, calibration, invented people."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.metrics import confusion_matrix

from course.patients import CENTERS, SPREADS
from helper_functions import (
    make_patients,
    plot_calibration,
    plot_class_scores,
    plot_confusion_matrix,
    plot_threshold_curves,
    print_history,
    true_probs,
)


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


def test_confusion_matrix_holds_the_counts_of_scikit_learn():
    torch.manual_seed(0)
    y_true = torch.randint(3, (200,))
    y_pred = torch.randint(3, (200,))
    ax = plot_confusion_matrix(y_true, y_pred)
    counts = [int(text.get_text()) for text in ax.texts]
    assert counts == confusion_matrix(y_true, y_pred).ravel().tolist()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["class 0", "class 1", "class 2"]


def test_confusion_matrix_has_a_row_for_an_absent_class():
    ax = plot_confusion_matrix([0, 0], [0, 0], class_names=["healthy", "ill"])
    assert [text.get_text() for text in ax.texts] == ["2", "0", "0", "0"]


def test_confusion_matrix_refuses_unequal_shapes():
    with pytest.raises(ValueError, match="must be equal"):
        plot_confusion_matrix([0, 1], [[0], [1]])


def test_class_scores_are_bars_and_averages_are_lines():
    ax = plot_class_scores({"a": 0.9, "b": 0.5}, {"macro": 0.7})
    assert [bar.get_height() for bar in ax.patches] == [0.9, 0.5]
    assert [line.get_ydata()[0] for line in ax.lines] == [0.7]
    assert "macro 0.70" in [text.get_text() for text in ax.texts]


def test_threshold_curves_mark_recall_precision_and_false_alarms():
    _, axes = plt.subplots(1, 2)
    plot_threshold_curves(
        [0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.4, 0.9], axes, thresholds=[0.5]
    )
    roc, precision = [ax.lines[-1] for ax in axes]
    assert (roc.get_xdata()[0], roc.get_ydata()[0]) == (0.25, 0.5)
    assert (precision.get_xdata()[0], precision.get_ydata()[0]) == (0.5, 0.5)


def test_calibration_of_honest_probabilities_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    probs = rng.random(20_000)
    y = (rng.random(20_000) < probs).astype(int)
    line = plot_calibration(y, {"honest": probs}).lines[-1]
    assert np.abs(line.get_xdata() - line.get_ydata()).max() < 0.03


def test_history_is_printed_in_at_most_eleven_lines_with_the_last_epoch(capsys):
    history = {name: [0.5] * 205 for name in ("train_loss", "train_acc", "test_loss", "test_acc")}
    print_history(history, "Validation")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 11
    assert lines[-1].startswith("Epoch  204 | Train loss: 0.50000")
    assert all("Validation loss" in line and "Test" not in line for line in lines)


def test_true_probs_are_those_of_bayes_rule():
    counts = [4500, 350, 150]
    X, _ = make_patients([50, 30, 20], seed=1)
    densities = []
    for count, center, spread in zip(counts, CENTERS, SPREADS, strict=True):
        density = multivariate_normal(center, spread**2 * np.eye(2)).pdf(X)
        densities.append(count * density)
    expected = np.array(densities) / np.sum(densities, axis=0)
    assert np.allclose(true_probs(X, counts), expected.T, atol=1e-5)


def test_patients_are_of_the_asked_kinds_and_repeat():
    X, kind = make_patients([90, 7, 3], seed=42)
    again, _ = make_patients([90, 7, 3], seed=42)
    other, _ = make_patients([90, 7, 3], seed=43)
    assert kind.bincount().tolist() == [90, 7, 3]
    assert torch.equal(X, again)
    assert not torch.equal(X, other)
    assert math.isclose(X[kind == 0].mean().item(), 0, abs_tol=0.3)


@pytest.mark.parametrize(
    ("counts", "error"),
    [([90, 10], ValueError), ([90, 0, 10], ValueError), ([1.5, 2, 3], TypeError)],
)
def test_patients_refuse_other_counts(counts, error):
    with pytest.raises(error, match="count"):
        make_patients(counts, seed=0)
