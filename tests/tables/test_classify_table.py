"""classify_table.py on the tables that people have: good ones, bad ones, and rows to predict.

The command runs in this process, where PyTorch is loaded already; two tests start it as a person does.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from table_tools import make_table, write

from course.tables import command_line, learning
from helper_functions import fit_preprocessing, preprocess, read_table

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "classify_table.py"
WRITTEN = ["model.pt", "classify_table.png", "results/classify_table.json"]


def classify(folder, *options):
    """Run the command into the folder and return its outcome."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTPUT_DIR", str(folder))
        patch.setenv("COURSE_DEVICE", "cpu")
        return command_line.run(command_line.table_options([str(word) for word in options]))


def files_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Run the command once on a good table, with rows to predict; return outcome, output, folders and tables."""
    folder = tmp_path_factory.mktemp("good")
    table, kind = make_table()
    table["class"] = np.array(["small", "m\u00f6glich $_$", "large"], dtype=object)[kind]
    table.loc[[0, 7], "class"] = None
    table.to_csv(folder / "table.csv", index=False, sep=";", encoding="utf-8")
    new = table[::-1].drop(columns=["class", "name"])[:12]
    new.assign(more="!").to_csv(folder / "new.csv", index=False)
    out = folder / "out"
    options = [folder / "table.csv", "--target", "class", "--predict", folder / "new.csv"]
    outcome = classify(out, *options)
    return SimpleNamespace(outcome=outcome, folder=folder, out=out, table=table, new=new)


# ----------------------------------------------------------------------------------------------------------------------
# A good table
# ----------------------------------------------------------------------------------------------------------------------


def test_everything_is_written_and_nothing_else(good):
    assert files_in(good.out) == sorted([*WRITTEN, "predictions.csv"])


def test_each_column_is_taken_for_what_it_is(good):
    known = good.outcome.data.preprocessing
    assert list(known["numbers"]) == ["size", "price", "code"]
    assert known["categories"] == {"colour": ["bl\u00e5", "green", "red"], "old": ["False", "True"]}
    assert list(known["left_out"]) == ["name"]
    assert good.outcome.data.class_names == ["large", "m\u00f6glich $_$", "small"]


def test_rows_without_a_label_are_left_out(good):
    data = good.outcome.data
    labels = good.table["class"].dropna().to_list()
    seen = []
    for part in (data.train, data.val, data.test):
        for row, label in zip(part.rows, part.y.tolist(), strict=True):
            assert data.class_names[label] == labels[row]
            seen.append(row)
    assert sorted(seen) == list(range(43))


def test_predictions_hold_a_label_and_the_probabilities_of_each_row(good):
    predictions = pd.read_csv(good.out / "predictions.csv")
    names = good.outcome.data.class_names
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
    saved = torch.load(good.out / "model.pt", weights_only=True)
    model = learning.build_network(saved["sizes"])
    model.load_state_dict(saved["state_dict"])
    X = preprocess(read_table(good.folder / "new.csv"), saved["preprocessing"])
    probs = learning.probabilities(model, X)
    predictions = pd.read_csv(good.out / "predictions.csv")
    np.testing.assert_allclose(predictions.drop(columns="prediction").to_numpy(), probs, atol=1e-6)
    labels = [saved["class_names"][k] for k in probs.argmax(axis=1)]
    assert predictions["prediction"].to_list() == labels
    assert saved["target"] == "class"


def test_the_kept_epoch_is_the_one_with_the_lowest_validation_loss(good):
    trained = good.outcome.trained
    val = good.outcome.data.val
    losses = [epoch.val_loss for epoch in trained.epochs]
    assert trained.best.number == int(np.argmin(losses))
    assert len(losses) == min(trained.best.number + learning.PATIENCE + 1, learning.EPOCHS)
    with torch.inference_mode():
        loss = torch.nn.functional.cross_entropy(trained.model(val.X), val.y)
    assert loss.item() == pytest.approx(min(losses), abs=1e-7)


def test_nothing_of_validation_and_test_reaches_the_features_of_the_training_set(good, tmp_path):
    data = good.outcome.data
    held_out = good.table["class"].dropna().index[np.concatenate([data.val.rows, data.test.rows])]
    other = good.table.copy()
    other.loc[held_out, "size"] = [str(1e6 + i) for i in range(len(held_out))]
    other.loc[held_out, "price"] = "unknown"
    other.loc[held_out, "colour"] = "violet"
    other.to_csv(tmp_path / "other.csv", index=False)
    same = classify(tmp_path / "out", tmp_path / "other.csv", "--target", "class").data
    assert same.train.rows.tolist() == data.train.rows.tolist()
    assert same.preprocessing == data.preprocessing
    assert torch.equal(same.train.X, data.train.X)
    colours = slice(3, 6)
    assert not same.val.X[:, colours].any(), "an unknown text must not pass for a known one"
    assert not same.val.X[:, 1].any(), "a text among numbers counts as missing"
    assert (same.val.X[:, 0] > 1e4).all()
    whole = fit_preprocessing(other[other["class"].notna()].drop(columns="class"))
    assert whole != data.preprocessing, "this table could not show a leak"


@pytest.mark.parametrize(
    ("names", "sorted_names"),
    [(["True", "False", None], ["False", "True"]), (["2", "10", "1"], ["1", "2", "10"])],
    ids=["truth values", "whole numbers"],
)
def test_other_kinds_of_target(names, sorted_names, tmp_path):
    table, kind = make_table(n=24)
    table["class"] = np.array(names, dtype=object)[kind]
    table.to_csv(tmp_path / "table.csv", index=False)
    data = classify(tmp_path / "out", tmp_path / "table.csv", "--target", "class").data
    assert data.class_names == sorted_names
    labels = table["class"].dropna().to_list()
    assert [sorted_names[k] for k in data.test.y] == [labels[row] for row in data.test.rows]


def test_three_rows_of_each_class_are_enough(tmp_path):
    pd.DataFrame({"x": range(9), "class": list("abc") * 3}).to_csv(
        tmp_path / "table.csv", index=False
    )
    data = classify(tmp_path / "out", tmp_path / "table.csv", "--target", "class").data
    for part in (data.train, data.val, data.test):
        assert sorted(part.y.tolist()) == [0, 1, 2]


def test_a_perfect_score_is_reported_and_drawn(tmp_path):
    kind = np.resize([0, 1], 640)  # 128 rows to test: the interval's upper end rounds below 100 %
    pd.DataFrame({"x": 10 * kind, "class": kind}).to_csv(tmp_path / "table.csv", index=False)
    verdict = classify(tmp_path / "out", tmp_path / "table.csv", "--target", "class").verdict
    assert [score.acc for score in verdict.scores.values()] == [100, 100, 50]
    assert files_in(tmp_path / "out") == sorted(WRITTEN)


def test_drop_leaves_columns_out(tmp_path, capsys):
    table, kind = make_table()
    table.assign(kind=kind).to_csv(tmp_path / "table.csv", index=False)
    options = [tmp_path / "table.csv", "--target", "kind", "--drop", "code", "old"]
    data = classify(tmp_path / "out", *options).data
    assert list(data.preprocessing["numbers"]) == ["size", "price"]
    assert list(data.preprocessing["categories"]) == ["colour"]
    assert "left out by --drop: 'code', 'old'" in capsys.readouterr().out


def test_the_seed_decides_the_split_and_the_weights(good, tmp_path):
    options = [good.folder / "table.csv", "--target", "class"]
    other = classify(tmp_path / "out", *options, "--seed", "7")
    assert other.data.train.rows.tolist() != good.outcome.data.train.rows.tolist()
    again = classify(tmp_path / "out", *options, "--seed", "42")
    assert again.trained.epochs == good.outcome.trained.epochs


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
        "not a table",
        "Expected 3 fields in line 22, saw 4",
    ),
    "an open quote": (GOOD + '1,"red,a\n', "not a table", "quotes"),
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
        "12 rows of the training set",
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
    "no target": (["table.csv"], "--target"),
    "no table": (["--target", "class"], "FILE"),
    "a seed that is not a number": (["table.csv", "--target", "class", "--seed", "x"], "--seed"),
    "an unknown option": (["table.csv", "--target", "class", "--predcit", "new.csv"], "--predcit"),
    "an empty name": (["", "--target", "class"], "folder"),
    "a folder": ([".", "--target", "class"], "folder"),
    "a folder to predict": (["table.csv", "--target", "class", "--predict", "."], "folder"),
    "an empty target": (["table.csv", "--target", ""], "no column ''"),
    "a column to drop that is not there": (
        ["table.csv", "--target", "class", "--drop", "x", "size"],
        "--drop names 'size'",
        "'x', 'colour'",
    ),
    "the target to drop": (["table.csv", "--target", "class", "--drop", "class"], "the target"),
    "all columns to drop": (["table.csv", "--target", "class", "--drop", "x", "colour"], "fewer"),
}


def assert_refused(folder, options, words, capsys):
    """Check that the command ends with one sentence and exit code 2, and leaves what an earlier run wrote as it was."""
    out = folder / "out"
    earlier = {out / name: b"of an earlier run" for name in [*WRITTEN, "predictions.csv"]}
    for path, content in earlier.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTPUT_DIR", "")  # put back behind the test
        with pytest.raises(SystemExit) as stop:
            command_line.main([*map(str, options), "--output-dir", str(out)])
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert "Epoch" not in said.out, "the check came after the training"
    sentence = said.err.splitlines()[-1]
    if not sentence.startswith("classify_table.py: error: "):  # argparse's, behind the usage
        assert sentence.startswith("Error: ")
        assert sentence.endswith(".")
        assert said.err.count("\n") == 1
    assert sentence.isascii()
    assert len(sentence) < 400
    for word in words:
        assert word in sentence.replace(str(folder), "")  # whose name holds the name of the case
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == earlier


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_table(case, tmp_path, capsys):
    content, *words = BAD_TABLES[case]
    write(tmp_path / "table.csv", content)
    assert_refused(tmp_path, [tmp_path / "table.csv", "--target", "class"], words, capsys)


@pytest.mark.parametrize("case", BAD_NEW_TABLES)
def test_bad_rows_to_predict(case, tmp_path, capsys):
    content, *words = BAD_NEW_TABLES[case]
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "new.csv", content)
    options = [tmp_path / "table.csv", "--target", "class", "--predict", tmp_path / "new.csv"]
    assert_refused(tmp_path, options, words, capsys)


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_options_that_do_not_fit(case, tmp_path, monkeypatch, capsys):
    options, *words = BAD_OPTIONS[case]
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "new.csv", "x,colour\n1,red\n")
    monkeypatch.chdir(tmp_path)
    assert_refused(tmp_path, options, words, capsys)


def test_an_output_folder_that_cannot_be_made_is_told_before_the_training(
    tmp_path, capsys, monkeypatch
):
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "out", "a file")
    monkeypatch.setenv("OUTPUT_DIR", "")
    with pytest.raises(SystemExit) as stop:
        command_line.main(
            [
                str(tmp_path / "table.csv"),
                "--target",
                "class",
                "--output-dir",
                str(tmp_path / "out"),
            ]
        )
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert re.fullmatch(r"Error: Cannot write to the output folder .+--output-dir\.\n", said.err)
    assert "Epoch" not in said.out


def test_a_device_that_is_not_there_gets_one_sentence(tmp_path, capsys, monkeypatch):
    write(tmp_path / "table.csv", GOOD)
    monkeypatch.setenv("OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setenv("COURSE_DEVICE", "abacus")
    with pytest.raises(SystemExit) as stop:
        command_line.main([str(tmp_path / "table.csv"), "--target", "class"])
    assert stop.value.code == 2
    assert re.fullmatch(r"Error: COURSE_DEVICE is 'abacus'.+\.\n", capsys.readouterr().err)


def test_predictions_that_cannot_be_written(tmp_path, capsys, monkeypatch):
    write(tmp_path / "table.csv", GOOD)
    write(tmp_path / "new.csv", "x,colour\n1,red\n")
    (tmp_path / "out" / "predictions.csv").mkdir(parents=True)
    monkeypatch.setenv("OUTPUT_DIR", str(tmp_path / "out"))
    with pytest.raises(SystemExit) as stop:
        command_line.main(
            [
                str(tmp_path / "table.csv"),
                "--target",
                "class",
                "--predict",
                str(tmp_path / "new.csv"),
            ]
        )
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert re.fullmatch(r"Error: Cannot write \S*predictions\.csv .+\.\n", said)
    assert files_in(tmp_path / "out") == []


# ----------------------------------------------------------------------------------------------------------------------
# As a person starts it
# ----------------------------------------------------------------------------------------------------------------------


def start(folder, *options):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OUTPUT_DIR": str(folder / "out"),
        "PYTHONIOENCODING": "cp1252",
    }
    command = [sys.executable, str(COMMAND), *map(str, options)]
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_it_works_from_any_folder_and_prints_ascii(good, tmp_path):
    done = start(tmp_path, good.folder / "table.csv", "--target", "class")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.isascii()
    assert "Table: 45 rows, 7 columns" in done.stdout
    assert "Rows without a label, left out: 2" in done.stdout
    assert files_in(tmp_path / "out") == sorted(WRITTEN)


def test_a_person_sees_one_line_and_no_traceback(tmp_path):
    done = start(tmp_path, "\u4e2d.csv", "--target", "class")
    assert done.returncode == 2
    assert (
        done.stderr == "Error: There is no file '\\u4e2d.csv'; expected the path of a CSV file.\n"
    )
    assert not (tmp_path / "out").exists()
