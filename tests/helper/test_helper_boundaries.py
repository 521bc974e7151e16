"""helper_functions: decision boundaries, read off the artists and held against the model's own predictions."""

import numpy as np
import pandas as pd
import pytest
import torch
from helper_tools import Formula, fan, scatters
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.contour import QuadContourSet
from torch import nn

import helper_functions as hf

POINTS = np.random.default_rng(0).uniform(-2, 2, size=(120, 2))  # [120, 2] float64


# ------------------------------------------------------------------------------------------------ reading a figure back


def predictions(model, X):
    """Return P(class) [N, K] and labels [N], by the rules of lesson 02, in eval mode."""
    model.eval()
    with torch.inference_mode():
        logits = model(torch.as_tensor(np.asarray(X), dtype=torch.float32)).double()
    if logits.ndim == 1 or logits.shape[1] == 1:
        p1 = torch.sigmoid(logits.reshape(-1))
        return torch.stack([1 - p1, p1], dim=1).numpy(), (p1 >= 0.5).long().numpy()
    probs = torch.softmax(logits, dim=1)
    return probs.numpy(), probs.argmax(dim=1).numpy()


def region_colors(ax, X):
    """Return the colour (RGB on white paper) of the region that each point of X lies in."""
    found = [[] for _ in X]
    for fill in ax.collections:
        if isinstance(fill, QuadMesh):
            fill.update_scalarmappable()
            corners = fill.get_coordinates()  # [201, 201, 2]
            colors = fill.get_facecolor().reshape(*np.subtract(corners.shape[:2], 1), 4)
            columns = np.searchsorted(corners[0, :, 0], np.asarray(X)[:, 0]) - 1
            rows = np.searchsorted(corners[:, 0, 1], np.asarray(X)[:, 1]) - 1
            for position, rgba in enumerate(colors[rows, columns]):
                found[position] += [rgba[:3]] if rgba[3] > 0 else []
        elif isinstance(fill, QuadContourSet) and fill.filled:
            fill.update_scalarmappable()
            for path, rgba in zip(fill.get_paths(), fill.get_facecolor(), strict=True):
                for position in np.flatnonzero(path.contains_points(X)):
                    found[position].append(rgba[:3])
    assert {len(colors) for colors in found} == {1}, "a point lies in no region or in several"
    return np.concatenate(found)


def strength(region, color):
    """Return how strong a region's colour is: 0 is white, 1 the colour of the class; fail if it is another hue."""
    ink, full = 1 - np.array(region), 1 - np.array(to_rgb(color))
    share = ink @ full / (full @ full)
    np.testing.assert_allclose(ink, share * full, atol=0.02)
    return share


def away_from_boundaries(model, X):
    """Return the points whose best class is ahead by a tenth, so that a grid cell does not matter."""
    best = np.sort(predictions(model, X)[0], axis=1)
    return X[best[:, -1] - best[:, -2] > 0.1]


# ------------------------------------------------------------------------------------------------- decision boundaries


@pytest.mark.parametrize("labels_there", ["all", "first only", "last only", "every other"])
@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 10])
def test_points_and_regions_have_the_colours_of_their_classes(n_outputs, labels_there):
    model, n_classes = fan(n_outputs), max(2, n_outputs)
    classes = {
        "all": range(n_classes),
        "first only": [0],
        "last only": [n_classes - 1],
        "every other": range(0, n_classes, 2),
    }
    y = np.resize(list(classes[labels_there]), len(POINTS))
    ax = hf.plot_decision_boundary(model, POINTS, y)

    points = scatters(ax)
    wrong = points.popitem()[1]
    assert list(points) == [f"class {k}" for k in np.unique(y)]
    for k in np.unique(y):
        drawn = points[f"class {k}"]
        assert [to_hex(color) for color in drawn.get_facecolors()] == [hf.CLASS_COLORS[k].lower()]
        np.testing.assert_array_equal(drawn.get_offsets(), POINTS[y == k])

    clear = away_from_boundaries(model, POINTS)
    probs, preds = predictions(model, clear)
    assert set(preds) == set(range(n_classes)), "the model should use all classes"
    for color, prob, pred in zip(region_colors(ax, clear), probs, preds, strict=True):
        assert strength(color, hf.CLASS_COLORS[pred]) > 0.05
        if n_classes == 2:  # the shade is P: ten steps from one colour over white to the other
            assert strength(color, hf.CLASS_COLORS[pred]) == pytest.approx(
                2 * abs(prob[1] - 0.5), abs=0.13
            )

    regions = [c for c in ax.collections if not isinstance(c, PathCollection)]
    assert max(c.get_zorder() for c in regions if c.get_alpha()) < min(
        c.get_zorder() for c in points.values()
    )
    preds = predictions(model, POINTS)[1]
    np.testing.assert_array_equal(wrong.get_offsets(), POINTS[preds != y])
    assert wrong.get_label() == f"wrong ({np.count_nonzero(preds != y)})"
    assert to_rgba("black") in [tuple(color) for color in wrong.get_edgecolors()]
    assert len(wrong.get_facecolors()) == 0
    assert ax.get_title() == f"{np.mean(preds == y):.1%} right"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == [*(f"class {k}" for k in np.unique(y)), wrong.get_label()]


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 10])
@pytest.mark.parametrize("winner", [0, -1])
def test_a_model_that_predicts_one_class_only_paints_only_its_colour(n_outputs, winner):
    n_classes = max(2, n_outputs)
    winner = range(n_classes)[winner]
    model = fan(n_outputs)
    with torch.no_grad():
        if n_outputs == 1:
            model.bias.fill_(1000.0 if winner else -1000.0)
        else:
            model.bias[winner] = 1000.0
    y = np.arange(len(POINTS)) % n_classes
    ax = hf.plot_decision_boundary(model, POINTS, y)
    for color in region_colors(ax, POINTS):
        assert strength(color, hf.CLASS_COLORS[winner]) > 0.85
    assert not [c for c in ax.collections if isinstance(c, QuadContourSet) and not c.filled], (
        "there is no boundary"
    )
    assert f"wrong ({np.count_nonzero(y != winner)})" in scatters(ax)


def test_classes_keep_distinct_colours_up_to_thirty():
    assert len(set(hf.CLASS_COLORS)) == 10
    y = np.arange(len(POINTS)) % 30
    ax = hf.plot_decision_boundary(fan(30), POINTS, y)
    colors = {
        label: to_hex(c.get_facecolors()[0])
        for label, c in scatters(ax).items()
        if label.startswith("class")
    }
    assert len(colors) == len(set(colors.values())) == 30
    assert [colors[f"class {k}"] for k in range(10)] == [color.lower() for color in hf.CLASS_COLORS]


@pytest.mark.parametrize("n_outputs", [1, 2, 3])
def test_the_black_line_is_where_two_classes_are_equally_probable(n_outputs):
    model = fan(n_outputs)
    ax = hf.plot_decision_boundary(model, POINTS, np.zeros(120))
    lines = [c for c in ax.collections if isinstance(c, QuadContourSet) and not c.filled]
    assert {to_hex(color) for line in lines for color in line.get_edgecolors()} == {"#000000"}
    vertices = np.concatenate([path.vertices for line in lines for path in line.get_paths()])
    best = np.sort(predictions(model, vertices)[0], axis=1)
    assert len(vertices) > 200
    assert np.quantile(best[:, -1] - best[:, -2], 0.99) < 0.02


def test_one_logit_without_its_second_dimension_is_two_classes():
    ax = hf.plot_decision_boundary(Formula(lambda x: 5 * x[:, 0]), POINTS, POINTS[:, 0] > 0)
    assert list(scatters(ax)) == ["class 0", "class 1", "wrong (0)"]
    left, right = region_colors(ax, [[-1.5, 0], [1.5, 0]])
    assert strength(left, hf.CLASS_COLORS[0]) > 0.8
    assert strength(right, hf.CLASS_COLORS[1]) > 0.8


KINDS_OF_DATA = {
    "float64 arrays": lambda X, y: (X, y.astype(np.float64)),
    "float32 arrays": lambda X, y: (X.astype(np.float32), y.astype(np.int8)),
    "whole arrays": lambda X, y: (X.round(), y.astype(bool)),
    "float64 tensors": lambda X, y: (torch.tensor(X), torch.tensor(y)),
    "float32 tensors": lambda X, y: (
        torch.tensor(X, dtype=torch.float32),
        torch.tensor(y, dtype=torch.float32),
    ),
    "bfloat16 tensors": lambda X, y: (
        torch.tensor(X, dtype=torch.bfloat16),
        torch.tensor(y, dtype=torch.uint8),
    ),
    "tensors with grad": lambda X, y: (
        torch.tensor(X, requires_grad=True),
        torch.tensor(y * 1.0, requires_grad=True),
    ),
    "lists": lambda X, y: (X.tolist(), y.tolist()),
    "pandas": lambda X, y: (pd.DataFrame(X, columns=["a", "b"]), pd.Series(y, index=y)),
    "reversed views": lambda X, y: (X[::-1], y[::-1]),
}


@pytest.mark.parametrize("kind", KINDS_OF_DATA)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_data_may_come_as_any_array_or_tensor_and_the_model_in_any_dtype(kind, dtype):
    X, y = KINDS_OF_DATA[kind](POINTS, (POINTS[:, 0] > 0).astype(int))
    model = nn.Linear(2, 1, dtype=dtype)
    nn.init.zeros_(model.bias)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[4.0, 0.0]]))
    ax = hf.plot_decision_boundary(model, X, y)
    assert model.weight.dtype == dtype
    drawn = np.concatenate(
        [c.get_offsets() for label, c in scatters(ax).items() if label.startswith("class")]
    )
    expected = X.detach().double().numpy() if isinstance(X, torch.Tensor) else np.asarray(X)
    np.testing.assert_array_equal(np.unique(drawn, axis=0), np.unique(expected, axis=0))
    n_wrong = np.count_nonzero((expected[:, 0] >= 0) != np.asarray([bool(label) for label in y]))
    assert f"wrong ({n_wrong})" in scatters(ax)
    assert n_wrong < 30


class Moody(nn.Module):
    """Dropout, batch norm and a mode that turns every prediction round; notes how it is called."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1)
        )
        self.calls = []

    def forward(self, x):
        self.calls.append((self.training, torch.is_grad_enabled(), len(x)))
        return self.layers(x) + (100 if self.training else -100)


def test_the_model_is_judged_in_eval_mode_and_keeps_mode_statistics_and_random_numbers():
    model = Moody().train()
    model.layers[1].eval()  # each part has a mode of its own
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random_state = torch.get_rng_state()
    ax = hf.plot_decision_boundary(model, POINTS, np.zeros(120))
    assert "wrong (0)" in scatters(ax)  # -100 for all: class 0
    assert {(training, grad) for training, grad, _ in model.calls} == {(False, False)}
    assert (
        [module.training for module in model.modules()]
        == modes
        == [True, True, True, False, True, True]
    )
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(
        parameter.grad is None and parameter.requires_grad for parameter in model.parameters()
    )
    assert torch.equal(torch.get_rng_state(), random_state)


def test_the_modes_come_back_also_when_the_model_fails():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2), nn.Linear(3, 1)).train()
    model[1].eval()
    with pytest.raises(ValueError, match="two features"):
        hf.plot_decision_boundary(model, POINTS, np.zeros(120))
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_nothing_is_moved_to_another_device():
    # the device "meta" has shapes and no values: it stands in for a GPU
    class Elsewhere(nn.Linear):
        def _apply(self, *args, **kwargs):
            raise AssertionError("the model was moved")

        def forward(self, x):
            seen.append(x.device)
            return torch.zeros(len(x)) - 1

    seen = []
    model = Elsewhere(2, 1, device="meta")
    weight = model.weight
    ax = hf.plot_decision_boundary(model, torch.tensor(POINTS), torch.zeros(120))
    assert "wrong (0)" in scatters(ax)
    assert {device.type for device in seen} == {"meta"}
    assert model.weight is weight
    assert weight.device.type == "meta"


def test_a_model_without_values_is_refused_and_left_where_it_is():
    model = nn.Linear(2, 1, device="meta")
    with pytest.raises(TypeError, match="the model's output"):
        hf.plot_decision_boundary(model, POINTS, np.zeros(120))
    assert model.weight.device.type == "meta"


@pytest.mark.skipif(
    not torch.accelerator.is_available(),
    reason="this machine has no accelerator that PyTorch can use",
)
def test_a_model_on_the_accelerator_stays_there():
    model = fan(3)
    expected = list(scatters(hf.plot_decision_boundary(model, POINTS, np.zeros(120))))
    device = torch.accelerator.current_accelerator()
    model.to(device)
    X, y = torch.tensor(POINTS, device=device), torch.zeros(120, device=device)
    assert list(scatters(hf.plot_decision_boundary(model, X, y))) == expected
    assert {parameter.device.type for parameter in model.parameters()} == {device.type}


def test_limits_are_a_tenth_beyond_the_points_or_those_that_were_asked_for():
    X = np.array([[0.0, 10.0], [4.0, 30.0]])
    ax = hf.plot_decision_boundary(fan(1), X, [0, 1])
    np.testing.assert_allclose([*ax.get_xlim(), *ax.get_ylim()], [-0.4, 4.4, 8, 32])
    other = hf.plot_decision_boundary(fan(1), X[:1], [0], limits_from=X)
    assert (other.get_xlim(), other.get_ylim()) == (ax.get_xlim(), ax.get_ylim())
    single = hf.plot_decision_boundary(fan(1), X[:1], [0])
    np.testing.assert_allclose([*single.get_xlim(), *single.get_ylim()], [-0.5, 0.5, 9.5, 10.5])


@pytest.mark.parametrize(
    ("height", "aspect"), [(1, 1), (3, 1), (5, "auto"), (0.3, 1), (0.2, "auto")]
)
def test_a_unit_is_as_long_in_both_directions_unless_the_data_is_a_strip(height, aspect):
    ax = hf.plot_decision_boundary(fan(1), [[0, 0], [1, height]], [0, 1])
    assert ax.get_aspect() == aspect


def test_names_of_classes_stand_in_the_legend_and_beside_the_bar():
    ax = hf.plot_decision_boundary(
        fan(1), POINTS, np.arange(120) % 2, class_names=np.array(["calm", "storm"]), colorbar=True
    )
    assert list(scatters(ax))[:2] == ["calm", "storm"]
    (bar,) = (axes for axes in ax.figure.axes if axes is not ax)
    assert bar.get_ylabel() == "P(storm)"
    assert bar.get_ylim() == (0, 1)
    assert len(hf.plot_decision_boundary(fan(1), POINTS, np.zeros(120)).figure.axes) == 1


@pytest.mark.parametrize("names", [["_private", "_"], ["public", "_private"]])
def test_a_name_that_begins_with_an_underscore_stands_in_the_legend_too(names):
    # Matplotlib leaves out of a legend whatever is called `_...`
    ax = hf.plot_decision_boundary(fan(1), POINTS, np.arange(120) % 2, class_names=names)
    legend = [text.get_text().strip() for text in ax.get_legend().get_texts()]
    assert legend[:2] == names
    assert legend[2].startswith("wrong (")


def test_the_threshold_says_from_which_probability_on_class_1_is_predicted():
    model = Formula(lambda x: x[:, :1])  # the logit is x1
    y = POINTS[:, 0] > 0
    half = hf.plot_decision_boundary(model, POINTS, y)
    assert "wrong (0)" in scatters(half)
    strict = hf.plot_decision_boundary(model, POINTS, y, threshold=0.75)
    probability = 1 / (1 + np.exp(-POINTS[:, 0]))
    missed = np.count_nonzero(y & (probability < 0.75))
    assert missed > 10
    assert f"wrong ({missed})" in scatters(strict)
    (line,) = [c for c in strict.collections if isinstance(c, QuadContourSet) and not c.filled]
    np.testing.assert_allclose(line.get_paths()[0].vertices[:, 0], np.log(3), atol=0.01)


def test_without_rings_wrong_points_are_neither_ringed_nor_counted():
    y = np.arange(120) % 2
    ringed = hf.plot_decision_boundary(fan(1), POINTS, y)
    plain = hf.plot_decision_boundary(fan(1), POINTS, y, rings=False)
    assert list(scatters(plain)) == ["class 0", "class 1"]
    assert plain.get_title() == ringed.get_title()
