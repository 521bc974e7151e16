"""The functions for tables: reading, splitting, features, and what is written."""

import contextlib
import doctest
import importlib
import pkgutil

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from table_tools import make_table, write

import course.tables
from course.tables.judging import score
from helper_functions import (
    TableError,
    fit_preprocessing,
    plot_intervals,
    preprocess,
    read_table,
    save_file,
    split_rows,
    split_target,
)

MODULES = [module.name for module in pkgutil.iter_modules(course.tables.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_give_what_they_say(name):
    module = importlib.import_module(f"course.tables.{name}")
    failed, _ = doctest.testmod(module)
    assert failed == 0


def test_features_equal_those_of_scikit_learn():
    table, _ = make_table(n=60)
    table = table.drop(columns=["name"]).dropna()
    seen, unseen = table[:40], table[40:].assign(old="perhaps")
    numbers, texts = ["size", "price", "code"], ["colour", "old"]
    reference = ColumnTransformer(
        [
            ("numbers", StandardScaler(), numbers),
            ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
        ],
        sparse_threshold=0,
    ).fit(seen.astype(dict.fromkeys(numbers, float)))
    known = fit_preprocessing(seen)
    for part in (seen, unseen):
        expected = reference.transform(part.astype(dict.fromkeys(numbers, float)))
        X = preprocess(part[part.columns[::-1]], known)
        assert X.dtype == torch.float32
        np.testing.assert_allclose(X.numpy(), expected, atol=1e-5)


def test_a_missing_value_is_zero_in_all_its_features():
    known = fit_preprocessing(
        pd.DataFrame({"x": ["1", None, "4", "7"], "c": ["a", "b", None, "a"]})
    )
    assert known["numbers"]["x"] == pytest.approx([4, 6**0.5])
    assert preprocess(
        pd.DataFrame({"x": [None], "c": [None]}, dtype=object), known, strict=True
    ).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("value", ["0", "0.1", "1e20"])
def test_a_constant_column_is_zero_and_stays_finite(value):
    known = fit_preprocessing(pd.DataFrame({"x": [value] * 7}))
    X = preprocess(pd.DataFrame({"x": [value, "5"]}), known)
    assert X[0].abs() < 1e-12
    assert X.isfinite().all()


def test_text_is_left_out_when_it_names_rows_or_has_too_many_values():
    table = pd.DataFrame(
        {"id": list("abcdef"), "town": list("aabbcc"), "": list("aabbcc"), "x": range(6)}
    )
    known = fit_preprocessing(table, max_categories=2)
    assert list(known["left_out"]) == ["id", "town", ""]
    assert list(fit_preprocessing(table, max_categories=3)["left_out"]) == ["id", ""]


def test_values_keep_their_text(tmp_path):
    write(tmp_path / "t.csv", "\ufeffcode\tname\n007\tTrue\n1e3\t?\n NA\t 1,5\n".encode())
    table = read_table(tmp_path / "t.csv")
    assert list(table.columns) == ["code", "name"]
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        ["007", "True"],
        ["1e3", None],
        [None, "1,5"],
    ]
    assert table.index.tolist() == [1, 2, 3]


@settings(max_examples=150)
@given(
    st.binary(max_size=60)
    | st.text(alphabet='ab,;\t"\n\r ?0.\x00\u00e9', max_size=60).map(str.encode)
)
def test_any_bytes_are_a_table_or_get_one_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with contextlib.suppress(TableError):
        table = read_table(path)
        assert len(table) > 0
        assert all(isinstance(name, str) for name in table.columns)
        return
    with pytest.raises(TableError, match=r"\A[ -~]+\.\Z"):
        read_table(path)


@pytest.mark.parametrize("counts", [[3, 3, 3], [50, 3], [100, 37, 8, 5]])
def test_each_part_has_its_share_of_each_class(counts):
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = split_rows(y, share=0.2, seed=1)
    assert sorted(np.concatenate(parts)) == list(range(len(y)))
    for k, count in enumerate(counts):
        in_parts = [int((y[part] == k).sum()) for part in parts]
        assert min(in_parts) >= 1
        assert in_parts[1] == in_parts[2] == max(1, round(0.2 * count))
    again, other = split_rows(y, share=0.2, seed=1), split_rows(y, share=0.2, seed=2)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(parts, other, strict=True))


@pytest.mark.parametrize(
    ("y", "share", "words"),
    [
        ([1, 1, 1, 0, 0], 0.2, "the class 0 has 2 rows; expected at least three"),
        ([], 0.2, "y is empty; expected at least three"),
        ([0] * 9, 0.5, "share is 0.5; expected a number between 0 and 0.5"),
        ([0] * 9, 0, "share is 0; expected a number between 0 and 0.5"),
    ],
)
def test_a_split_that_cannot_be_made(y, share, words):
    with pytest.raises(ValueError, match=words):
        split_rows(np.array(y), share)


def test_a_table_without_columns_leaves_nothing_to_learn_from():
    with pytest.raises(TableError, match="No column is left to learn from"):
        fit_preprocessing(pd.DataFrame(index=range(3)))


def test_a_long_or_foreign_name_makes_a_short_ascii_sentence():
    with pytest.raises(TableError, match=r"\A[ -~]{20,300}\.\Z"):
        split_target(pd.DataFrame({"\u00e9\n" * 1000: ["x"], "y": ["z"]}), "\u4e2d" * 1000)


def test_labels_may_be_values_of_any_type():
    table = pd.DataFrame({"x": range(6), "class": [True, False] * 3})
    features, y, names = split_target(table, "class")
    assert list(features) == ["x"]
    assert names == ["False", "True"]
    assert y.tolist() == [1, 0] * 3


def test_a_file_that_fails_to_be_written_leaves_the_old_one(output_folder):
    path = save_file("kept.bin", lambda file: file.write(b"whole"))

    def fail(file):
        file.write(b"half")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        save_file("kept.bin", fail)
    assert path.read_bytes() == b"whole"
    assert [p.name for p in output_folder.iterdir()] == ["kept.bin"]


# ----------------------------------------------------------------------------------------------------------------------
# The interval of an accuracy
# ----------------------------------------------------------------------------------------------------------------------


def test_an_interval_holds_its_accuracy_for_any_number_of_rows():
    for n in range(1, 5000):
        y = np.zeros(n)
        perfect = score("all right", y, y)
        assert perfect.low < perfect.acc <= perfect.high
        hopeless = score("none right", y + 1, y)
        assert hopeless.low <= hopeless.acc < hopeless.high


def test_a_perfect_score_can_be_drawn():
    fig, ax = plt.subplots()
    plot_intervals({"network": 100.0}, {"network": (98.0, 99.99999999999999)}, ax)
    fig.canvas.draw()
