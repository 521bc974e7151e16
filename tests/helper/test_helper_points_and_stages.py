"""What lessons 01 and 02 draw: points, rows of logits, a grid in three stages, and a boundary without rings."""

import numpy as np
import pytest
import torch
from helper_tools import fan, scatters
from matplotlib.colors import to_hex

import helper_functions as hf

X = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([0, 1, 1])


def test_points_have_the_colour_and_the_name_of_their_class():
    ax = hf.plot_points(X, y, class_names=["left", "right"])
    points = scatters(ax)
    assert list(points) == ["left", "right"]
    for k, drawn in enumerate(points.values()):
        np.testing.assert_array_equal(drawn.get_offsets(), X[y == k])
        assert to_hex(drawn.get_facecolors()[0]) == hf.CLASS_COLORS[k].lower()
    assert ax.get_aspect() == 1


def test_logits_stand_in_the_row_of_their_class():
    logits = torch.linspace(-2, 3, 40)
    labels = torch.arange(40) % 2
    ax = hf.plot_logits(logits, labels, class_names=["calm", "storm"])
    for k, row in enumerate(ax.collections):
        across, up = row.get_offsets().T
        np.testing.assert_allclose(across, logits[labels == k], rtol=1e-6)
        assert np.abs(up - k).max() < 0.5
    assert [text.get_text() for text in ax.get_yticklabels()] == ["calm", "storm"]
    assert list(ax.lines[0].get_xdata()) == [0, 0]


def test_stages_put_each_answer_at_its_place():
    ticks = torch.linspace(-1, 1, 5)
    grid = torch.cartesian_prod(ticks, ticks)
    logits = 10 * grid[:, 0] + grid[:, 1]
    fig = hf.plot_stages(grid, logits, torch.sigmoid(logits), (logits >= 0).long())
    panels = dict(zip(("logits", "probabilities", "labels"), fig.axes, strict=True))
    for name, values in (
        ("logits", logits),
        ("probabilities", torch.sigmoid(logits)),
        ("labels", logits >= 0),
    ):
        mesh = panels[name].collections[0]
        assert panels[name].get_title().startswith(name)
        corners = mesh.get_coordinates()  # [6, 6, 2]
        middles = (corners[:-1, :-1] + corners[1:, 1:]) / 2
        np.testing.assert_allclose(middles.reshape(-1, 2), grid, atol=1e-6)
        np.testing.assert_allclose(mesh.get_array().ravel(), values, rtol=1e-6)
    assert panels["logits"].collections[0].norm.vmin == -11
    assert panels["labels"].collections[0].norm.vmax == 1


def test_stages_refuse_what_is_no_square_or_not_one_value_per_point():
    grid = torch.cartesian_prod(torch.arange(2.0), torch.arange(2.0))
    with pytest.raises(ValueError, match=r"grid has 3 points; expected n \* n"):
        hf.plot_stages(grid[:3], [1, 2, 3], [0, 1, 1], [0, 1, 1])
    with pytest.raises(ValueError, match=r"probabilities have the shape \[3\]; expected \[4\]"):
        hf.plot_stages(grid, [1, 2, 3, 4], [0, 1, 1], [0, 1, 1, 1])


def test_rings_can_be_left_out():
    assert "wrong (3)" in scatters(hf.plot_decision_boundary(fan(1), X, 1 - (fan_labels(X))))
    ax = hf.plot_decision_boundary(fan(1), X, 1 - fan_labels(X), rings=False)
    assert not any(name.startswith("wrong") for name in scatters(ax))
    assert ax.get_title() == "0.0% right"


def fan_labels(points):
    """Return what `fan(1)` says of the points, [N]."""
    with torch.inference_mode():
        return hf.logits_to_labels(fan(1)(points))
