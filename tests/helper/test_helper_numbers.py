"""helper_functions: labels, accuracy, spirals, seeds and devices, each against an independent reference."""

import math
import random

import numpy as np
import pandas as pd
import pytest
import torch
from helper_tools import refuses
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import accuracy_score

import helper_functions as hf

# ---------------------------------------------------------------------------------------------------- labels, accuracy

integer_kinds = st.sampled_from(["bool", "int8", "uint8", "int32", "int64", "float32", "float64"])


@given(
    pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40),
    kinds=st.tuples(integer_kinds, integer_kinds),
    as_tensor=st.tuples(st.booleans(), st.booleans()),
)
def test_accuracy_is_scikit_learns(pairs, kinds, as_tensor):
    y_true, y_pred = (
        np.array(labels).astype(kind)
        for labels, kind in zip(zip(*pairs, strict=True), kinds, strict=True)
    )
    expected = 100 * accuracy_score(y_true.astype(int), y_pred.astype(int))
    given_labels = [
        torch.from_numpy(y) if tensor else y
        for y, tensor in zip((y_true, y_pred), as_tensor, strict=True)
    ]
    accuracy = hf.accuracy_fn(*given_labels)
    assert type(accuracy) is float
    assert accuracy == pytest.approx(expected, abs=1e-12)


def test_accuracy_takes_columns_lists_and_pandas_if_both_shapes_agree():
    column = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
    assert hf.accuracy_fn(column, 1 - column) == 0
    assert hf.accuracy_fn([0, 1, 2, 3], (0, 1, 2, 0)) == 75
    assert hf.accuracy_fn(pd.Series([3, 4], index=[7, 7]), pd.Series([3, 5])) == 50
    assert (
        hf.accuracy_fn(torch.tensor([1.0, 0.0], requires_grad=True), torch.tensor([True, True]))
        == 50
    )
    # beyond float32, labels must still be told apart
    assert hf.accuracy_fn(torch.tensor([2**53, 2**53 + 1]), torch.tensor([2**53, 2**53])) == 50


@pytest.mark.parametrize("columns", ["y_true", "y_pred"])
def test_accuracy_refuses_a_column_beside_a_row(columns):
    # the popular (y_true == y_pred).sum() / len(y_pred) gives 5000 % here
    labels = {"y_true": torch.zeros(100), "y_pred": torch.zeros(100)}
    labels[columns] = labels[columns].unsqueeze(1)
    with refuses("[100, 1]", "[100]", "squeeze(1)"):
        hf.accuracy_fn(**labels)


@pytest.mark.parametrize("shape", [(0,), (0, 1), (3, 0)])
def test_accuracy_refuses_to_judge_nothing(shape):
    with refuses("empty"):
        hf.accuracy_fn(torch.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize("value", [0.7, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["y_true", "y_pred"])
@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_accuracy_refuses_values_that_are_no_labels(value, name, kind):
    labels = {"y_true": kind([0.0, 1.0]), "y_pred": kind([0.0, 1.0])}
    labels[name] = kind([0.0, value])
    with refuses(name, "whole numbers", "logits_to_labels"):
        hf.accuracy_fn(**labels)


@given(logits=npst.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
def test_one_logit_becomes_label_1_where_its_probability_is_at_least_a_half(logits):
    expected = (torch.sigmoid(torch.from_numpy(logits)) >= 0.5).long()
    # a sigmoid of -1e-17 rounds to 0.5, so below 1e-15 the logit knows better than the probability
    expected[torch.from_numpy((logits > -1e-15) & (logits < 0))] = 0
    for shape in ([-1], [-1, 1]):
        labels = hf.logits_to_labels(torch.from_numpy(logits).reshape(shape))
        assert labels.dtype == torch.int64
        assert torch.equal(labels, expected)


def test_probability_one_half_is_class_1():
    assert hf.logits_to_labels(torch.tensor([0.0, -0.0, -1e-30])).tolist() == [1, 1, 0]


@given(
    logits=npst.arrays(
        np.float32, st.tuples(st.integers(1, 20), st.integers(2, 6)), elements=st.integers(-50, 50)
    )
)
def test_k_logits_become_the_class_of_the_largest_probability(logits):
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1)
    labels = hf.logits_to_labels(torch.from_numpy(logits))
    assert labels.dtype == torch.int64
    assert labels.shape == (len(logits),)
    chosen = probabilities.gather(1, labels.unsqueeze(1)).squeeze(1)
    assert torch.equal(chosen, probabilities.max(dim=1).values)


@pytest.mark.parametrize("shape", [(), (2, 0), (2, 3, 1), (1, 1, 1)])
def test_logits_of_another_shape_are_refused(shape):
    with refuses(str(list(shape)), "[N, K]"):
        hf.logits_to_labels(torch.zeros(shape))


def test_logits_that_are_no_tensor_are_refused():
    with refuses("ndarray", "[N, K]"):
        hf.logits_to_labels(np.zeros(3))


# ---------------------------------------------------------------------------------------------------------------- data


@pytest.mark.parametrize(("n_samples", "arms"), [(300, 3), (10, 3), (5, 5), (7, 1), (101, 4)])
def test_spirals_have_an_arm_per_class_and_stay_in_the_unit_circle(n_samples, arms):
    X, y = hf.make_spirals(n_samples, arms, noise=0.3, random_state=0)
    assert (X.shape, X.dtype, y.shape, y.dtype) == (
        (n_samples, 2),
        np.float64,
        (n_samples,),
        np.int64,
    )
    counts = np.bincount(y, minlength=arms)
    assert counts.sum() == n_samples
    assert len(counts) == arms
    assert sorted(counts, reverse=True) == list(counts)
    assert counts[0] - counts[-1] <= 1
    assert (np.diff(y) >= 0).all()
    assert np.linalg.norm(X, axis=1).max() <= 1 + 1e-12


def test_spirals_without_noise_are_one_arm_turned_about_the_centre():
    X, y = hf.make_spirals(300, 3, noise=0, random_state=0)
    arm = X[y == 0]
    radius = np.linalg.norm(arm, axis=1)
    np.testing.assert_allclose(radius, np.linspace(0.05, 1, 100), atol=1e-12)
    # measured clockwise from the top; 4 radians from the centre to the rim
    turned = np.unwrap(np.arctan2(arm[:, 0], arm[:, 1]))
    np.testing.assert_allclose(turned - turned[0], 4 * (radius - 0.05), atol=1e-9)
    for k in (1, 2):
        angle = -2 * np.pi * k / 3
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        np.testing.assert_allclose(X[y == k], arm @ rotation.T, atol=1e-12)


def test_the_noise_of_spirals_is_in_radians_of_the_angle():
    clean, noisy = (hf.make_spirals(30000, 3, noise, random_state=1)[0] for noise in (0, 0.2))
    off = np.angle((noisy @ [1, 1j]) / (clean @ [1, 1j]))
    assert off.std() == pytest.approx(0.2, rel=0.02)
    np.testing.assert_allclose(
        np.linalg.norm(noisy, axis=1), np.linalg.norm(clean, axis=1), atol=1e-12
    )


def test_spirals_are_the_same_for_the_same_seed_and_leave_global_seeds_alone():
    state = np.random.get_state()[1].copy()
    first, again, other, free = (
        hf.make_spirals(30, random_state=seed)[0] for seed in (5, 5, 6, None)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(free, hf.make_spirals(30)[0])
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    "arguments",
    [
        {"arms": 0}, {"arms": -1}, {"arms": 2.5}, {"arms": "3"}, {"n_samples": 2}, {"n_samples": 0}, {"n_samples": 9.5},
        {"noise": -0.1}, {"noise": math.nan}, {"noise": math.inf}, {"noise": "much"}, {"noise": None},
    ],
)  # fmt: skip
def test_spirals_that_cannot_be_are_refused(arguments):
    ((name, value),) = arguments.items()
    with refuses(f"{name} is {value!r}", "expected"):
        hf.make_spirals(**arguments)


# --------------------------------------------------------------------------------------------------- seeds and devices


def test_set_seeds_seeds_all_three_libraries():
    def draws():
        return random.random(), np.random.rand(), torch.rand(1).item()

    hf.set_seeds(42)
    first = draws()
    hf.set_seeds()
    assert draws() == first, "42 is the default"
    assert all(a != b for a, b in zip(draws(), first, strict=True))
    hf.set_seeds(43)
    assert all(a != b for a, b in zip(draws(), first, strict=True))


@pytest.mark.parametrize(
    ("wanted", "present", "picked"),
    [
        (None, None, "cpu"), (None, "cuda", "cuda"), (None, "mps", "mps"), ("auto", "cuda", "cuda"),
        ("", "cuda", "cuda"), ("cpu", None, "cpu"), ("cpu", "cuda", "cpu"), ("cuda", "cuda", "cuda"),
        (" CUDA ", "cuda", "cuda"), ("mps", "mps", "mps"),
    ],
)  # fmt: skip
def test_pick_device_takes_what_is_asked_for_or_the_accelerator(
    monkeypatch, wanted, present, picked
):
    pretend(monkeypatch, wanted, present)
    assert hf.pick_device() == torch.device(picked)


@pytest.mark.parametrize(
    ("wanted", "present", "words"),
    [
        ("cuda", None, ["cuda", "only the CPU"]),
        ("mps", "cuda", ["mps", "the CPU and cuda"]),
        ("gpu", "cuda", ["'gpu'", "cuda or mps"]),
        ("cuda:0", "cuda", ["'cuda:0'"]),
    ],
)
def test_pick_device_refuses_what_is_not_there(monkeypatch, wanted, present, words):
    pretend(monkeypatch, wanted, present)
    with refuses("COURSE_DEVICE", *words):
        hf.pick_device()


def pretend(monkeypatch, wanted, present):
    """Set COURSE_DEVICE, and let PyTorch find an accelerator of this type, or none."""
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    if wanted is not None:
        monkeypatch.setenv("COURSE_DEVICE", wanted)
    found = None if present is None else torch.device(present)
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available=False: found
    )


def test_pick_device_asks_pytorch_only_for_an_accelerator_that_works(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    asked = []
    monkeypatch.setattr(
        torch.accelerator,
        "current_accelerator",
        lambda check_available=False: asked.append(check_available),
    )
    assert hf.pick_device().type == "cpu"
    assert asked == [True]
