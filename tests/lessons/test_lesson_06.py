"""Lesson 06 on the tables that learners bring: good ones, bad ones, and the functions for tables beneath it.

The lesson runs in this process, where PyTorch is loaded already; one test starts it as a learner does.
"""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

from helper_functions import (
    TableError,
    fit_preprocessing,
    preprocess,
    read_table,
    save_file,
    split_rows,
    split_target,
)

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "module_03" / "06_complete_classification_workflow.py"
WRITTEN = ["06_model.pt", "06_workflow.png", "results/06_complete_classification_workflow.json"]


def run_lesson(folder, *options, program=LESSON):
    """Run the lesson with these options into the folder; return what it said, its exit code and its variables."""
    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as streams:
        patch.setenv("OUTPUT_DIR", str(folder))
        patch.setenv("COURSE_DEVICE", "cpu")
        patch.setattr(sys, "argv", [str(program), *map(str, options)])
        out, err = Text(), Text()
        streams.setattr(sys, "stdout", out)
        streams.setattr(sys, "stderr", err)
        try:
            code, variables = 0, {"__name__": "lesson"}
            exec(
                compile(LESSON.read_bytes(), str(LESSON), "exec"), variables
            )  # like a notebook, keeps sys.argv
        except SystemExit as stop:
            code, variables = stop.code, {}
        finally:
            plt.close("all")
    return SimpleNamespace(code=code, out=out.text, err=err.text, **variables)


class Text:
    """A stream that takes only what every terminal can show."""

    encoding = "ascii"

    def __init__(self):
        self.text = ""

    def write(self, text):
        assert text.isascii(), f"not ASCII: {text!r}"
        self.text += text
        return len(text)

    def flush(self):
        pass


def make_table(n=45, seed=0):
    """Return a table with what real ones have: numbers, text, truth values, codes, gaps, names, three classes."""
    rng = np.random.default_rng(seed)
    kind = np.resize([0, 1, 2], n)
    table = pd.DataFrame(
        {
            "size": (rng.normal(size=n) + 4 * kind).round(3).astype(str),
            "price": (1000 * rng.normal(size=n)).round(1).astype(str),
            "colour": rng.choice(["red", "green", "bl\u00e5"], n),
            "old": rng.choice(["True", "False"], n),
            "code": rng.choice(["007", "7"], n),
            "name": [f"row {i}" for i in range(n)],
        },
        dtype=object,
    )
    table.loc[[1, 5], "price"] = None
    table.loc[[2, 5], "colour"] = None
    return table, kind


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Run the lesson once on a good table, with rows to predict; return run, folders and tables."""
    folder = tmp_path_factory.mktemp("good")
    table, kind = make_table()
    table["class"] = np.array(["small", "m\u00f6glich $_$", "large"], dtype=object)[kind]
    table.loc[[0, 7], "class"] = None
    table.to_csv(folder / "table.csv", index=False, sep=";", encoding="utf-8")
    new = table[::-1].drop(columns=["class", "name"])[:12]
    new.assign(more="!").to_csv(folder / "new.csv", index=False)
    run = run_lesson(
        folder / "out",
        "--csv",
        folder / "table.csv",
        "--target",
        "class",
        "--predict",
        folder / "new.csv",
    )
    assert run.code == 0, run.err
    return SimpleNamespace(run=run, folder=folder, out=folder / "out", table=table, new=new)


# ----------------------------------------------------------------------------------------------------------------------
# A good table
# ----------------------------------------------------------------------------------------------------------------------


def test_everything_is_written_and_nothing_else(good):
    written = [p.relative_to(good.out).as_posix() for p in good.out.rglob("*") if p.is_file()]
    assert sorted(written) == sorted([*WRITTEN, "06_predictions.csv"])


def test_each_column_is_taken_for_what_it_is(good):
    known = good.run.known
    assert list(known["numbers"]) == ["size", "price", "code"]
    assert known["categories"] == {"colour": ["bl\u00e5", "green", "red"], "old": ["False", "True"]}
    assert list(known["left_out"]) == ["name"]
    assert good.run.class_names == ["large", "m\u00f6glich $_$", "small"]


def test_rows_without_a_label_are_left_out_and_counted(good):
    assert len(good.run.y) == 43
    assert "45 rows, 43 labelled" in good.run.out
    labels = good.table["class"].dropna().to_list()
    assert [good.run.class_names[k] for k in good.run.y] == labels


def test_predictions_hold_a_label_and_the_probabilities_of_each_row(good):
    predictions = pd.read_csv(good.out / "06_predictions.csv")
    names = good.run.class_names
    assert list(predictions.columns) == ["prediction", *(f"P({name})" for name in names)]
    assert len(predictions) == len(good.new)
    probs = predictions.drop(columns="prediction").to_numpy()
    assert ((probs >= 0) & (probs <= 1)).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert predictions["prediction"].to_list() == [names[k] for k in probs.argmax(axis=1)]
    # the classes differ by 4 standard deviations: whoever mixes rows or classes up cannot get most of them right
    right = predictions["prediction"].to_numpy() == good.table["class"][::-1][:12].to_numpy()
    assert right.mean() > 0.7


def test_the_saved_file_alone_gives_the_same_predictions(good):
    saved = torch.load(good.out / "06_model.pt", weights_only=True)
    a, b, c, d = saved["sizes"]
    model = nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c), nn.ReLU(), nn.Linear(c, d))
    model.load_state_dict(saved["state_dict"])
    with torch.inference_mode():
        probs = model(
            preprocess(read_table(good.folder / "new.csv"), saved["preprocessing"])
        ).softmax(dim=1)
    predictions = pd.read_csv(good.out / "06_predictions.csv")
    np.testing.assert_allclose(
        predictions.drop(columns="prediction").to_numpy(), probs.numpy(), atol=1e-6
    )
    assert predictions["prediction"].to_list() == [
        saved["class_names"][k] for k in probs.argmax(dim=1)
    ]


def test_the_kept_epoch_is_the_one_with_the_lowest_validation_loss(good):
    val_losses = [val_loss for _, val_loss in good.run.history]
    assert good.run.best_epoch == int(np.argmin(val_losses))
    assert good.run.reload_gap == 0
    assert len(val_losses) == min(good.run.best_epoch + good.run.PATIENCE + 1, good.run.EPOCHS)


def test_nothing_of_validation_and_test_reaches_the_features_of_the_training_part(good):
    held_out = good.table["class"].dropna().index[np.concatenate([good.run.val, good.run.test])]
    other = good.table.copy()
    other.loc[held_out, "size"] = [str(1e6 + i) for i in range(len(held_out))]
    other.loc[held_out, "price"] = "unknown"
    other.loc[held_out, "colour"] = "violet"
    other.to_csv(good.folder / "other.csv", index=False)
    run = run_lesson(good.folder / "other", "--csv", good.folder / "other.csv", "--target", "class")
    assert run.code == 0, run.err
    assert run.train.tolist() == good.run.train.tolist()
    assert run.known == good.run.known
    assert torch.equal(run.X_train, good.run.X_train)
    rows = len(run.val)
    colours = slice(3, 6)
    assert not run.X_val[:, colours].any(), "an unknown text must not pass for a known one"
    assert not run.X_val[:, 1].any(), "a text among numbers counts as missing"
    assert (run.X_val[:, 0] > 1e4).sum() == rows
    whole = fit_preprocessing(other[other["class"].notna()].drop(columns="class"))
    assert whole != run.known, "this table could not show a leak"


@pytest.mark.parametrize(
    ("names", "sorted_names"),
    [(["True", "False", None], ["False", "True"]), (["2", "10", "1"], ["1", "2", "10"])],
    ids=["truth values", "whole numbers"],
)
def test_other_kinds_of_target(names, sorted_names, tmp_path):
    table, kind = make_table(n=24)
    table["class"] = np.array(names, dtype=object)[kind]
    table.to_csv(tmp_path / "table.csv", index=False)
    run = run_lesson(tmp_path / "out", "--csv", tmp_path / "table.csv", "--target", "class")
    assert run.code == 0, run.err
    assert run.class_names == sorted_names
    assert [run.class_names[k] for k in run.y] == table["class"].dropna().to_list()


def test_three_rows_of_each_class_are_enough(tmp_path):
    pd.DataFrame({"x": range(9), "class": list("abc") * 3}).to_csv(
        tmp_path / "table.csv", index=False
    )
    run = run_lesson(tmp_path / "out", "--csv", tmp_path / "table.csv", "--target", "class")
    assert run.code == 0, run.err
    for rows in (run.train, run.val, run.test):
        assert sorted(run.y[rows]) == [0, 1, 2]


def test_in_a_notebook_the_arguments_of_the_kernel_are_none_of_ours(tmp_path):
    run = run_lesson(tmp_path, "-f", "kernel-1.json", program="/somewhere/ipykernel_launcher.py")
    assert run.code == 0, run.err
    assert run.class_names == ["benign", "malignant"]
    assert sorted(
        p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()
    ) == sorted(WRITTEN)


# ----------------------------------------------------------------------------------------------------------------------
# Bad input: one sentence, exit code 2, nothing overwritten
# ----------------------------------------------------------------------------------------------------------------------

GOOD = "x,colour,class\n" + "1.5,red,a\n2.5,blue,b\n3.5,red,a\n4.5,blue,b\n" * 5
OTHER_COLUMNS = {"wrong_target.csv": "label"}

BAD_TABLES = {  # name of the case: content of the file, words that the sentence must hold
    "no such file": (None, "There is no file", "table.csv"),
    "empty": ("", "is empty"),
    "only empty lines": (" \n\n", "is empty"),
    "only a header": ("x,class\n", "no row"),
    "not UTF-8": (GOOD.replace("red", "r\u00f6t").encode("cp1252"), "not UTF-8", "byte 21"),
    "binary": (b"PK\x03\x04\x00\x00 a workbook", "binary"),
    "a row that is too long": (
        GOOD + "1,red,a,b\n",
        "no table",
        "Expected 3 fields in line 22, saw 4",
    ),
    "an open quote": (GOOD + '1,"red,a\n', "no table", "quotes"),
    "a name twice": (GOOD.replace("x,colour,class", "class,colour,class"), "two columns 'class'"),
    "no such target": (
        GOOD.replace(",class", ",klass"),
        "no column 'class'",
        "'x', 'colour', 'klass'",
    ),
    "one class": (GOOD.replace(",b\n", ",a\n"), "'class'", "only the class 'a'"),
    "a target without values": (re.sub(",[ab]\n", ",\n", GOOD), "'class' has no value"),
    "a class with two rows": (GOOD + "1,red,c\n2,red,c\n", "fewer than 3 rows of 'c'"),
    "a measured target": (
        "x,class\n" + "".join(f"1,{i}.5\n" for i in range(40)),
        "40 classes",
        "and 32 more",
    ),
    "nothing but the target": ("class\n" + "a\nb\n" * 9, "no column beside the target 'class'"),
    "a column without values": (
        re.sub(r"\d\.5,", "?,", GOOD),
        "'x' has no value",
        "12 rows of the training part",
    ),
    "an infinite number": (GOOD.replace("1.5,", "inf,"), "'x' holds inf"),
    "only names": (
        "x,class\n" + "".join(f"row {i},{'ab'[i % 2]}\n" for i in range(20)),
        "No column is left",
        "row ",
    ),
}

BAD_NEW_TABLES = {
    "no such new file": (None, "There is no file", "new.csv"),
    "new file without rows": ("x,colour\n", "no row"),
    "new file without a column": ("x\n1\n", "lacks the column 'colour'"),
    "unseen category": (
        "x,colour\n1,red\n2,vi\u00f6let\n",
        "'colour'",
        r"'vi\xf6let' in row 2",
        "'blue', 'red'",
    ),
    "text among numbers": (
        "x,colour\n1,red\n,blue\ntwo,red\n",
        "'x' holds 'two' in row 3",
        "only numbers",
    ),
    "a number out of all bounds": (
        "x,colour\n1e300,red\n",
        "'x' holds '1e300' in row 1",
        "numbers near",
    ),
}

BAD_OPTIONS = {
    "no target": (["--csv", "table.csv"], "--csv came without --target COLUMN"),
    "no table": (["--target", "class"], "--target came without --csv FILE"),
    "only rows to predict": (["--predict", "new.csv"], "--predict came without --csv"),
    "an empty name": (["--csv", "", "--target", "class"], "folder"),
    "a folder": (["--csv", ".", "--target", "class"], "folder"),
    "a folder to predict": (
        ["--csv", "table.csv", "--target", "class", "--predict", "."],
        "folder",
    ),
    "an empty target": (["--csv", "table.csv", "--target", ""], "no column ''"),
}


def assert_refused(folder, options, words):
    """Check that the lesson ends with one sentence and exit code 2, and leaves what an earlier run wrote as it was."""
    out = folder / "out"
    earlier = {out / name: b"of an earlier run" for name in [*WRITTEN, "06_predictions.csv"]}
    for path, content in earlier.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    run = run_lesson(out, *options)
    assert run.code == 2
    assert run.err.endswith(".\n"), run.err
    assert run.err.count("\n") == 1, run.err
    assert run.err.startswith("Error: ")
    assert len(run.err) < 400
    said = run.err.replace(str(folder), "")  # whose name holds the name of the case
    for word in words:
        assert word in said
    assert "Epoch" not in run.out, "the check came after the training"
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == earlier


def write(path, content):
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_table(case, tmp_path):
    content, *words = BAD_TABLES[case]
    write(tmp_path / "table.csv", content)
    assert_refused(tmp_path, ["--csv", tmp_path / "table.csv", "--target", "class"], words)


@pytest.mark.parametrize("case", BAD_NEW_TABLES)
def test_bad_rows_to_predict(case, tmp_path):
    content, *words = BAD_NEW_TABLES[case]
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "new.csv", content)
    options = [
        "--csv",
        tmp_path / "table.csv",
        "--target",
        "class",
        "--predict",
        tmp_path / "new.csv",
    ]
    assert_refused(tmp_path, options, words)


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_options_that_do_not_fit(case, tmp_path, monkeypatch):
    options, *words = BAD_OPTIONS[case]
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "new.csv", "x,colour\n1,red\n")
    monkeypatch.chdir(tmp_path)
    assert_refused(tmp_path, options, words)


def test_an_unknown_option_is_not_ignored(tmp_path):
    run = run_lesson(tmp_path / "out", "--cvs", "table.csv")
    assert run.code == 2
    assert "unrecognized arguments: --cvs" in run.err
    assert not (tmp_path / "out").exists()


def test_predictions_that_cannot_be_written(tmp_path):
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "new.csv", "x,colour\n1,red\n")
    (tmp_path / "out" / "06_predictions.csv").mkdir(parents=True)
    run = run_lesson(
        tmp_path / "out",
        "--csv",
        tmp_path / "table.csv",
        "--target",
        "class",
        "--predict",
        tmp_path / "new.csv",
    )
    assert run.code == 2
    assert re.fullmatch(r"Error: Cannot write \S*06_predictions\.csv .+\.\n", run.err)


def test_a_learner_sees_one_line_and_no_traceback(tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OUTPUT_DIR": str(tmp_path / "out"),
        "PYTHONIOENCODING": "cp1252",
    }
    command = [sys.executable, str(LESSON), "--csv", "\u4e2d.csv", "--target", "class"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert (
        done.stderr == "Error: There is no file '\\u4e2d.csv'; expected the path of a CSV file.\n"
    )
    assert not (tmp_path / "out").exists()


# ----------------------------------------------------------------------------------------------------------------------
# The functions beneath it
# ----------------------------------------------------------------------------------------------------------------------


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
