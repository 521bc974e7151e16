"""helper_functions: bad input gets one sentence. First each case we know of, then whatever hypothesis can make."""

import math
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch
from helper_tools import Formula, assert_one_sentence, assert_right_kind, fan, refuses
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn

import helper_functions as hf

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])  # [5, 2]
y = np.array([0, 1, 0, 1, 0])  # [5]

# ----------------------------------------------------------------------------------------------------- the known cases

BAD_POINTS = {
    "one feature": (X[:, :1], ["[5, 1]", "[N, 2]"]),
    "three features": (np.ones((5, 3)), ["[5, 3]", "[N, 2]"]),
    "no second dimension": (X[:, 0], ["[5]", "[N, 2]"]),
    "no points": (X[:0], ["[0, 2]", "at least one point"]),
    "images": (np.ones((5, 2, 2)), ["[5, 2, 2]"]),
    "NaN": (np.where(X == 0.5, math.nan, X), ["NaN"]),
    "infinity": (torch.tensor(X) / torch.tensor(X), ["infinite"]),
    "a long double beyond float64": (
        X * np.longdouble("1e300") * np.longdouble("1e300"),
        ["infinite"],
    ),
    "beyond float32": (X * 1e40, ["1e+40", "below 1e30"]),
    "text": ([["a", "b"]] * 5, ["text"]),
    "dates": (np.full((5, 2), np.datetime64("2020-01-01")), ["datetime64"]),
    "complex": (X * 1j, ["complex128"]),
    "ragged": ([[1, 2], [3]], ["list", "one length"]),
    "missing values": (pd.DataFrame({"a": [1, None], "b": ["x", 2]}), ["object"]),
    "none": (None, ["object"]),
    "another column of tables": (np.zeros(5, dtype=[("a", "f8"), ("b", "f8")]), ["dtype"]),
    "sparse": (torch.tensor(X).to_sparse(), ["Tensor", "values"]),
    "meta": (torch.tensor(X, device="meta"), ["Tensor", "values"]),
}


@pytest.mark.parametrize("name", ["X", "limits_from"])
@pytest.mark.parametrize("case", BAD_POINTS)
def test_points_that_are_none(case, name):
    points, words = BAD_POINTS[case]
    if points is None and name == "limits_from":
        pytest.skip("None means that X gives the limits")
    with refuses(name, *words, "expected"):
        hf.plot_decision_boundary(fan(1), **{"X": X, "y": y, name: points})


BAD_LABELS = {
    "a column": (y[:, None], ["[5, 1]", "squeeze(1)"]),
    "one-hot": (np.eye(2)[y], ["[5, 2]", "[N]"]),
    "a number": (1, ["[]"]),
    "too few": (y[:4], ["5 points", "4 labels"]),
    "none at all": ([], ["5 points", "0 labels"]),
    "text": (list("ababa"), ["text", "LabelEncoder"]),
    "text of pandas": (pd.Series(list("ababa"), dtype=object), ["text", "LabelEncoder"]),
    "objects": ([0, 1, None, 1, 0], ["object"]),
    "NaN": ([0, 1, math.nan, 1, 0], ["NaN"]),
    "infinite": ([0, 1, math.inf, 1, 0], ["infinite"]),
    "negative": (y - 1, ["-1", "0 to K - 1"]),
    "halves": (y / 2, ["whole numbers"]),
    "one too large": (y * 2, ["label 2", "2 classes", "0 to 1"]),
    "far too large": (y * 1000, ["label 1000", "2 classes", "0 to 1"]),
    "astronomic": (y * 1e300, ["1e+300", "0 to K - 1"]),
    "meta": (torch.zeros(5, device="meta"), ["Tensor"]),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_labels_that_are_none(case):
    labels, words = BAD_LABELS[case]
    with refuses("y ", *words):
        hf.plot_decision_boundary(fan(1), X, labels)


def fail(error):
    def formula(x):
        raise error

    return Formula(formula)


BAD_MODELS = {
    "none": (None, ["NoneType", "torch.nn.Module"]),
    "a function": (lambda x: x, ["function", "torch.nn.Module"]),
    "a class": (nn.Linear, ["the class Linear itself", "Linear(...)"]),
    "of three features": (nn.Linear(3, 1), ["two features", "RuntimeError", "[N, 2]"]),
    "of complex numbers": (nn.Linear(2, 1, dtype=torch.complex64), ["two features"]),
    "that fails without a word": (fail(IndexError()), ["IndexError: no message"]),
    "that fails at length": (fail(KeyError("first\n\nsecond")), ["KeyError"]),
    "with two outputs": (nn.LSTM(2, 1), ["tuple", "tensor"]),
    "with one number": (Formula(lambda x: x.sum()), ["shape []", "[N, K]"]),
    "with too few rows": (Formula(lambda x: x[:-1]), ["[N, K]"]),
    "with no classes": (Formula(lambda x: x[:, :0]), [", 0]", "[N, K]"]),
    "with a third dimension": (Formula(lambda x: x[:, :, None]), [", 2, 1]", "[N, K]"]),
    "that knows nothing": (Formula(lambda x: x * math.nan), ["the model's output", "NaN"]),
    "that is too sure": (Formula(lambda x: x / 0), ["the model's output", "infinite"]),
    "without values": (nn.Linear(2, 1, device="meta"), ["the model's output"]),
    "with complex outputs": (Formula(lambda x: x * 1j), ["the model's output", "complex64"]),
    "with sparse outputs": (Formula(lambda x: x.to_sparse()), ["the model's output", "values"]),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_models_that_cannot_be_drawn(case):
    model, words = BAD_MODELS[case]
    with refuses("model", *words, "expected"):
        hf.plot_decision_boundary(model, X, y)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ax": Figure().subplots(1, 2)}, ["ndarray", "Axes"]),
        ({"ax": Figure()}, ["Figure", "Axes"]),
        ({"class_names": ["only one"]}, ["['only one']", "2 names"]),
        ({"class_names": ["a", "b", "c"]}, ["2 names"]),
        ({"class_names": "ab"}, ["'ab'", "2 names"]),
        ({"class_names": 2}, ["2 names"]),
    ],
)
def test_options_that_do_not_fit(options, words):
    with refuses(next(iter(options)), *words, "expected"):
        hf.plot_decision_boundary(fan(1), X, y, **options)


GOOD = {
    "train_loss": [1.0, 2.0],
    "test_loss": [1.0, 2.0],
    "train_acc": [50.0, 60.0],
    "test_acc": [50.0, 60.0],
}


@pytest.mark.parametrize(
    ("history", "options", "words"),
    [
        ([1.0], {}, ["list", "fit"]),
        ({}, {}, ["history has nothing", "expected train_loss, test_loss"]),
        (
            {"train_loss": [1.0], "loss": [1.0]},
            {},
            ["history has train_loss, loss", "expected test_loss"],
        ),
        ({"train_loss": [1.0], "test_loss": [1.0], "train_acc": [1.0]}, {}, ["expected test_acc"]),
        ({**GOOD, "test_loss": [1.0]}, {}, ["test_loss [1]", "train_loss [2]"]),
        ({name: [] for name in GOOD}, {}, ["train_loss [0]"]),
        ({name: 1.0 for name in GOOD}, {}, ["train_loss []"]),
        ({name: [[1.0]] for name in GOOD}, {}, ["train_loss [1, 1]"]),
        ({**GOOD, "train_acc": ["high", "higher"]}, {}, ["history['train_acc']", "text"]),
        (GOOD, {"axes": Figure().subplots()}, ["1 axes", "2 panels"]),
        (GOOD, {"axes": ["left", "right"]}, ["another type", "expected 2 Axes"]),
        (GOOD, {"references": {"chance": "half"}}, ["references['chance']", "'half'"]),
        (GOOD, {"references": {"chance": math.nan}}, ["references['chance']", "nan"]),
        (
            {"train_loss": [1.0], "test_loss": [1.0]},
            {"references": {"chance": 50}},
            ["references", "train_acc"],
        ),
    ],
)
def test_histories_that_cannot_be_drawn(history, options, words):
    with refuses(*words):
        hf.plot_loss_curves(history, **options)


@pytest.mark.parametrize(
    ("position", "values", "words"),
    [
        (0, [1.0, 2.0], ["training data", "[2]", "[3]"]),
        (1, [[1.0, 2.0, 3.0]] * 3, ["training data", "[3, 3]"]),
        (3, [], ["test data", "[0]"]),
        (4, [1.0, 2.0, 3.0], ["predictions", "[3]"]),
        (4, 1.0, ["predictions", "[]"]),
        (2, [1.0, math.inf], ["test data", "infinite"]),
        (3, ["a", "b"], ["test data", "text"]),
        (4, [math.nan, 1.0], ["predictions", "NaN"]),
    ],
)
def test_regressions_that_cannot_be_drawn(position, values, words):
    arguments = [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [4.0, 5.0], [4.0, 5.0], [4.0, 5.0]]
    arguments[position] = values
    with refuses(*words, "expected"):
        hf.plot_predictions(*arguments)


def test_a_foreign_object_whose_conversion_fails_gets_a_sentence_too():
    class Stubborn:
        def __array__(self, *args, **kwargs):
            raise KeyError

    with refuses("y_true is of the type Stubborn", "no message"):
        hf.accuracy_fn(Stubborn(), [1])


# -------------------------------------------------------------------------------------------- anything hypothesis makes


@contextmanager
def success_or_one_sentence():
    """Let nothing out but an error with a full sentence, of the right kind; no warning either."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        caught = None
        try:
            yield
        except (TypeError, ValueError) as error:
            caught = error
    if caught is not None:
        assert_right_kind(caught)
        assert_one_sentence(str(caught))


numbers = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(),
    npst.unsigned_integer_dtypes(),
    npst.floating_dtypes(sizes=(16, 32, 64)),
    st.just(np.dtype(np.longdouble)),
)
dtypes = st.one_of(
    numbers,
    npst.complex_number_dtypes(),
    npst.datetime64_dtypes(),
    npst.timedelta64_dtypes(),
    npst.byte_string_dtypes(max_len=3),
    npst.unicode_string_dtypes(max_len=3),
    npst.nested_dtypes(max_itemsize=100),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.binary(max_size=3)
)
shapes = st.one_of(
    npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    st.tuples(st.integers(0, 6), st.integers(1, 2)),
)
arrays = st.one_of(npst.arrays(dtypes, shapes), npst.arrays(object, shapes, elements=scalars))


def torch_forms(array):
    """Yield tensors of every kind that hold the array's numbers."""
    tensor = torch.from_numpy(np.array(array))
    yield tensor
    yield tensor.to_sparse()
    yield tensor.to("meta")
    yield tensor.bfloat16()
    yield tensor.to(torch.float8_e5m2)
    yield tensor.cfloat().conj()
    yield tensor.double().requires_grad_() * 1
    yield torch.nested.nested_tensor([tensor.ravel(), tensor.ravel()[:1]])
    with torch.inference_mode():
        yield tensor * 1


@st.composite
def tensors(draw):
    array = draw(npst.arrays(st.sampled_from(["?", "u1", "i2", "i8", "f2", "f4", "f8"]), shapes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch announces some of its kinds as young
        return draw(st.sampled_from(list(torch_forms(array))))


lists = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner), max_leaves=8
)
tables = arrays.filter(lambda array: array.ndim in (1, 2)).map(
    lambda array: pd.DataFrame(array.tolist())
)
anything = st.one_of(
    arrays, tensors(), lists, tables, st.dictionaries(st.text(max_size=2), scalars, max_size=3)
)


@given(y_true=anything, y_pred=anything)
def test_accuracy_of_anything(y_true, y_pred):
    with success_or_one_sentence():
        assert 0 <= hf.accuracy_fn(y_true, y_pred) <= 100


@given(labels=anything)
def test_accuracy_of_anything_against_itself(labels):
    with success_or_one_sentence():
        assert hf.accuracy_fn(labels, labels) == 100


MODELS = [fan(n_outputs) for n_outputs in (1, 2, 3)]
models = st.sampled_from(MODELS)


def draw(model, *data, **options):
    """Draw the whole figure, because Matplotlib warns late."""
    ax = Figure(figsize=(2, 2)).subplots()
    with success_or_one_sentence():
        FigureCanvasAgg(hf.plot_decision_boundary(model, *data, ax, **options).figure).draw()


@given(model=models, points=anything, labels=anything)
def test_boundaries_of_anything(model, points, labels):
    draw(model, points, labels)


@given(points=anything)
def test_boundaries_of_good_labels_and_any_points(points):
    draw(MODELS[0], points, y)


@given(labels=anything)
def test_boundaries_of_good_points_and_any_labels(labels):
    draw(MODELS[2], X, labels, limits_from=X)


@settings(max_examples=15)
@given(model=models, points=npst.arrays(numbers, st.just((2, 2))))
@example(MODELS[0], np.array([[5e-324, 0], [0, 0]]))
@example(MODELS[0], np.array([[1e29, -1e-300], [-1e30, 1e-300]]))
@example(MODELS[2], np.array([[1e30, 1e30], [1e30, 1e30]]))
def test_boundaries_of_any_two_points(model, points):
    draw(model, points, [0, 1])


@settings(max_examples=25)
@given(
    model=models, points=npst.arrays(np.float64, st.just((2, 2)), elements=st.floats(-1e30, 1e30))
)
def test_boundaries_of_any_two_finite_points(model, points):
    ax = Figure(figsize=(2, 2)).subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hf.plot_decision_boundary(model, points, [0, 1], ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < points[:, 0].min() <= points[:, 0].max() < right
    assert bottom < points[:, 1].min() <= points[:, 1].max() < top
