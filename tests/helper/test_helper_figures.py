"""helper_functions: where figures are drawn, and loss curves and predictions, read off their artists."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from helper_tools import fan, scatters
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import helper_functions as hf

POINTS = np.random.default_rng(0).uniform(-2, 2, size=(120, 2))  # [120, 2] float64

# ----------------------------------------------------------------------------------------- which axes are drawn into


def test_drawing_into_given_axes_touches_no_other_figure():
    other, (current, _) = plt.subplots(1, 2)
    plt.sca(current)
    mine = Figure().subplots()
    open_before, artists_before = plt.get_fignums(), [len(ax.get_children()) for ax in other.axes]
    assert hf.plot_decision_boundary(fan(3), POINTS, np.zeros(120), ax=mine) is mine
    assert hf.plot_decision_boundary(fan(1), POINTS, np.zeros(120), mine, colorbar=True) is mine
    assert hf.plot_predictions([1], [1], [2], [2], ax=mine) is mine
    assert list(hf.plot_loss_curves({"train_loss": [1], "test_loss": [2]}, [mine])) == [mine]
    assert plt.get_fignums() == open_before
    assert plt.gcf() is other
    assert plt.gca() is current
    assert [len(ax.get_children()) for ax in other.axes] == artists_before


@pytest.mark.parametrize("draw", [
    lambda: hf.plot_decision_boundary(fan(1), POINTS, np.zeros(120)),
    lambda: hf.plot_predictions([1], [1], [2], [2]),
])  # fmt: skip
def test_without_axes_the_empty_current_ones_are_taken_else_a_new_figure(draw):
    figure, axes = plt.subplots(1, 2)
    for ax in axes:  # as in plt.subplot(1, 2, 1); plot_decision_boundary(...)
        plt.sca(ax)
        assert draw() is ax
    assert plt.get_fignums() == [figure.number]
    first = draw()
    second = draw()
    assert len({first.figure, second.figure, figure}) == 3
    assert len(plt.get_fignums()) == 3
    plt.close("all")
    assert draw().figure is plt.gcf()


def test_a_refused_call_opens_no_figure_and_draws_nothing():
    ax = Figure().subplots()
    before = ax.get_children()
    for axes in (ax, None):
        with pytest.raises(ValueError, match="label 5"):
            hf.plot_decision_boundary(fan(1), POINTS, np.full(120, 5), axes)
    assert ax.get_children() == before
    assert plt.get_fignums() == []


# ------------------------------------------------------------------------------------------ loss curves and regression

HISTORY = {
    "train_loss": [3.0, 2.0, 1.0],
    "train_acc": [50, 60, 70],
    "test_loss": [4.0, float("nan"), 2.0],
    "test_acc": [40, 50, 90],
}


def test_loss_curves_draw_the_history():
    axes = hf.plot_loss_curves(HISTORY, references={"chance": 50, "best line": 66.7})
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes] == [
        ("epoch", "loss"),
        ("epoch", "accuracy in %"),
    ]
    assert axes[0].figure is axes[1].figure is plt.gcf()
    for ax, metric in zip(axes, ("loss", "acc"), strict=True):
        lines = {line.get_label(): line for line in ax.get_lines()[:2]}
        assert list(lines) == ["train", "test"]
        for part, line in lines.items():
            np.testing.assert_array_equal(line.get_xdata(), [0, 1, 2])
            np.testing.assert_array_equal(line.get_ydata(), HISTORY[f"{part}_{metric}"])
        assert lines["test"].get_color() == "black"
        assert lines["train"].get_color() == "0.6"
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "test"]
    assert len(axes[0].get_lines()) == 2, "references belong to the accuracy"
    assert [list(line.get_ydata()) for line in axes[1].get_lines()[2:]] == [[50, 50], [66.7, 66.7]]
    assert {text.get_text(): text.get_position()[1] for text in axes[1].texts} == {
        "chance": 50,
        "best line": 66.7,
    }


def test_loss_curves_without_accuracy_have_one_panel():
    losses = {name: values for name, values in HISTORY.items() if name.endswith("loss")}
    (ax,) = hf.plot_loss_curves(losses)
    assert ax.get_ylabel() == "loss"
    mine = Figure().subplots()
    assert list(hf.plot_loss_curves(losses, mine)) == [mine]
    two = Figure().subplots(1, 2)
    assert list(hf.plot_loss_curves(HISTORY, two)) == list(two)


def test_a_single_epoch_is_a_point_that_can_be_seen():
    (ax,) = hf.plot_loss_curves({"train_loss": [1.0], "test_loss": [2.0]})
    assert all(line.get_marker() not in ("None", None, "") for line in ax.get_lines())
    (ax,) = hf.plot_loss_curves({"train_loss": [1.0, 2.0], "test_loss": [2.0, 1.0]})
    assert all(line.get_marker() in ("None", None, "") for line in ax.get_lines())


def test_predictions_are_drawn_beside_what_they_should_be():
    X = torch.linspace(0, 1, 10).unsqueeze(1)
    y = 0.7 * X + 0.3
    guess = (y[8:] + 0.1).requires_grad_()
    ax = hf.plot_predictions(X[:8], y[:8], X[8:].numpy(), y[8:].squeeze(1).tolist(), guess)
    drawn = scatters(ax)
    assert list(drawn) == ["training data", "test data", "predictions"]
    assert len({to_hex(c.get_facecolors()[0]) for c in drawn.values()}) == 3
    for collection, xs, ys in zip(
        drawn.values(), (X[:8], X[8:], X[8:]), (y[:8], y[8:], guess.detach()), strict=True
    ):
        np.testing.assert_allclose(collection.get_offsets(), torch.cat([xs, ys], dim=1), rtol=1e-6)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(drawn)
    assert list(scatters(hf.plot_predictions(X[:8], y[:8], X[8:], y[8:]))) == [
        "training data",
        "test data",
    ]


def test_the_names_of_the_learn_pytorch_course_take_its_arguments():
    first = {name: list(inspect.signature(getattr(hf, name)).parameters) for name in (
        "accuracy_fn", "plot_decision_boundary", "plot_predictions", "plot_loss_curves", "set_seeds"
    )}  # fmt: skip
    assert first["accuracy_fn"] == ["y_true", "y_pred"]
    assert first["plot_decision_boundary"][:3] == ["model", "X", "y"]
    assert first["plot_predictions"][:5] == [
        "train_data",
        "train_labels",
        "test_data",
        "test_labels",
        "predictions",
    ]
    assert first["set_seeds"] == ["seed"]
