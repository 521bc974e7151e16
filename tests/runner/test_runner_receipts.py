"""The receipts: what counts as met, and what --check says and returns."""

import re
from pathlib import Path

import pytest

from course import RefusedError
from course.runner.expected import load
from course.runner.lessons import Lesson
from course.runner.receipts import RowCount, table
from course.runner.verdict import Outcome

pytest_plugins = ["toy_course"]

LESSON = Lesson(Path("01_toy.py"), "Toy", "", {})
BOOK = 'source = "A book, chapter 2"'
HISTORY = f"""
[01_toy.histories.V1]
columns = ["epoch", "loss", "acc"]
rows = [[0, 0.69396, 50.88], [2, 0.69299, 51.12]]
decimals = {{ loss = 5, acc = 2 }}
{BOOK}
"""


@pytest.fixture
def check(tmp_path):
    def check(toml, results=None, histories=None):
        path = tmp_path / "expected_results.toml"
        path.write_text(toml)
        outcome = Outcome(LESSON, "", 1.0, [], results or {}, histories or {})
        return load(path).compare(outcome)

    return check


@pytest.mark.parametrize(
    ("entry", "got", "verdict"),
    [
        ("value = 86.5", 86.5, "met"),
        ("value = 86.5", 86.50001, "DEVIATES"),
        ("value = 3", 3, "met"),
        ("value = 1", True, "DEVIATES"),
        ("value = 86.5\ntolerance = 0.5", 86.0, "met"),
        ("value = 86.5\ntolerance = 0.5", 87.01, "DEVIATES"),
        ("value = 0.7\ntolerance = 0.1", 0.8, "met"),  # although 0.7 + 0.1 is 0.7999999999999999
        ("min = 97.0\nmax = 99.0", 97.0, "met"),
        ("min = 97.0\nmax = 99.0", 96.99, "DEVIATES"),
        ("min = 97.0\nmax = 99.0", 99.01, "DEVIATES"),
        ("min = 97.0", 100.0, "met"),
        ("max = 99.0", -5, "met"),
        ("value = 1.0", float("nan"), "DEVIATES"),
        ("min = 0", float("nan"), "DEVIATES"),
        ("value = 1.0", "1.0", "DEVIATES"),
        pytest.param("value = 1.0", 10**400, "DEVIATES", id="huge, value"),
        pytest.param("min = 0", 10**400, "DEVIATES", id="huge, min"),
        ("min = 0", float("inf"), "DEVIATES"),
        ("value = 1.0", [[1.0]], "DEVIATES"),
        ("value = 1.0", None, "MISSING"),
    ],
)
def test_a_result_meets_its_value_or_its_bounds_or_deviates(check, entry, got, verdict):
    results = {} if got is None else {"acc": got}
    (receipt,) = check(f"[01_toy.results.acc]\n{entry}\n", results)
    assert (receipt.label, receipt.verdict) == ("01 acc", verdict)


def test_a_result_without_a_receipt_is_told(check):
    for toml in ("", "[01_toy.results]", "[02_other.results.loss]\nvalue = 1"):
        (receipt,) = check(toml, {"loss": 1})
        assert (receipt.label, receipt.verdict) == ("01 loss", "NO RECEIPT")


def test_the_receipt_of_a_lesson_that_is_gone_is_missing(check, tmp_path):
    assert check("[09_gone.results.loss]\nvalue = 1") == []  # no receipt of lesson 01
    expected = load(tmp_path / "expected_results.toml")
    (receipt,) = expected.gone([LESSON])
    assert (receipt.label, receipt.verdict) == ("09_gone", "MISSING")


@pytest.mark.parametrize(
    ("loss", "acc", "verdict", "got", "deviations"),
    [
        ([0.693957, 0, 0.6929949], [50.875, 0, 51.125], "met", "2 of 2 rows", []),
        (
            [0.69396, 0, 0.692996],
            [50.88, 0, 51.12],
            "DEVIATES",
            "1 of 2 rows",
            ["epoch 2, loss: expected 0.69299, got 0.693"],
        ),
        (
            [0.69396, 0],
            [50.88, 0, 51.0],
            "DEVIATES",
            "1 of 2 rows",
            [
                "epoch 2, loss: expected 0.69299, got nothing",
                "epoch 2, acc: expected 51.12, got 51.0",
            ],
        ),
    ],
)
def test_published_rows_are_met_once_rounded_as_they_were_printed(
    check, loss, acc, verdict, got, deviations
):
    (receipt,) = check(HISTORY, histories={"V1": {"loss": loss, "acc": acc}})
    assert (receipt.label, receipt.verdict, receipt.got) == ("01 V1", verdict, got)
    assert list(receipt.deviations) == deviations


def test_a_history_may_deviate_within_its_tolerance(check):
    toml = f"{HISTORY}tolerance = 1e-5\n"
    acc = [50.88, 0, 51.12]
    (receipt,) = check(toml, histories={"V1": {"loss": [0.69397, 0, 0.69298], "acc": acc}})
    assert receipt.verdict == "met"
    (receipt,) = check(toml, histories={"V1": {"loss": [0.69398, 0, 0.69298], "acc": acc}})
    assert receipt.verdict == "DEVIATES"


def test_a_history_that_was_not_saved_is_missing(check):
    (receipt,) = check(HISTORY)
    assert (receipt.verdict, receipt.rows) == ("MISSING", RowCount(0, 2))


def test_the_table_names_deviations_and_sources_and_counts_what_was_met(check):
    toml = (
        f"[01_toy.results.acc]\nvalue = 86.5\n{BOOK}\n[01_toy.results.loss]\nmax = 0.5\n{HISTORY}"
    )
    history = {"loss": [0.69396, 0, 0.7], "acc": [50.88, 0, 51.12]}
    receipts = check(
        toml, {"acc": 86.5, "loss": 0.25, "new": 3}, {"V1": history, "unpublished": {}}
    )
    lines = [re.sub("  +", " | ", line) for line in table(receipts).splitlines()]
    assert lines == [
        "receipt | expected | got | verdict | source",
        "01 acc | 86.5 | 86.5 | met | [1]",
        "01 loss | <= 0.5 | 0.25 | met",
        "01 V1 | 2 rows | 1 of 2 rows | DEVIATES | [1]",
        " | epoch 2, loss: expected 0.69299, got 0.7",
        "01 new | - | 3 | NO RECEIPT",
        "[1] A book, chapter 2",
        "Receipts: 2 of 4 met; 1 of 2 published rows.",
    ]


@pytest.mark.parametrize(
    "toml",
    [
        "no toml at all",
        "01_toy = 3",
        "[01_toy.results]\nacc = 3",
        "[01_toy.result.acc]\nvalue = 1",
        "[01_toy.results.acc]",
        "[01_toy.results.acc]\ntolerance = 1",
        "[01_toy.results.acc]\nvalue = '1'",
        "[01_toy.results.acc]\nvalue = 1\nmin = 1",
        "[01_toy.results.acc]\nvalue = 1\ntolerance = -1",
        "[01_toy.results.acc]\nvalue = 1\ntolerence = 1",
        f"[01_toy.results.acc]\nvalue = 1{400 * '0'}",
        "[01_toy.results.acc]\nvalue = nan",
        "[01_toy.results.acc]\nmin = -inf",
        "[01_toy.results.acc]\nvalue = true",
        "[01_toy.results.acc]\nvalue = 1\nsource = 3",
        HISTORY.replace('["epoch", "loss", "acc"]', "3"),
        HISTORY.replace('"loss", "acc"]', '["loss"], "acc"]'),
        HISTORY.replace("acc = 2", "acc = 2.5"),
        HISTORY.replace("{ loss = 5, acc = 2 }", '["loss", "acc"]'),
        HISTORY.replace("[2, 0.69299, 51.12]", "3"),
        HISTORY.replace(BOOK, "source = 3"),
        HISTORY.replace('"epoch", ', ""),
        HISTORY.replace("50.88", "'50.88'"),
        HISTORY.replace(", 50.88", ""),
        HISTORY.replace("acc = 2", "accuracy = 2"),
        f"{HISTORY}tolerance = -1",
        HISTORY.replace("2, 0.69299", "2.5, 0.69299"),
    ],
)
def test_a_file_that_holds_no_receipts_is_refused(check, toml):
    with pytest.raises(RefusedError, match=r"expected_results\.toml"):
        check(toml)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("01_toy = 3", "01_toy is '3'; expected a table."),
        (
            "[01_toy.results.acc]\nvalue = '1'",
            "01_toy.results.acc.value is '1'; expected a finite number.",
        ),
        (
            "[01_toy.results.acc]\nvalue = 1\ntolerence = 1",
            "01_toy.results.acc has the key 'tolerence'; "
            "expected 'value', 'tolerance', 'min', 'max', 'source'.",
        ),
        (
            "[01_toy.results.acc]\nsource = 'a book'",
            "01_toy.results.acc needs either a value or bounds, a min or a max or both.",
        ),
        (
            HISTORY.replace("50.88", "'50.88'"),
            "01_toy.histories.V1.rows[0][2] is '50.88'; expected a finite number.",
        ),
        (
            HISTORY.replace(", 50.88", ""),
            "01_toy.histories.V1 has a row of 2 numbers; expected 3.",
        ),
        (
            HISTORY.replace("decimals = { loss = 5, acc = 2 }", ""),
            "01_toy.histories.V1 lacks decimals.",
        ),
    ],
)
def test_the_sentence_says_which_entry_is_wrong_and_what_was_expected(check, toml, sentence):
    with pytest.raises(RefusedError) as refused:
        check(toml)
    assert str(refused.value) == f"expected_results.toml: {sentence}"


@pytest.mark.parametrize(
    ("arguments", "three", "code", "last"),
    [
        ([], 3, 0, "Receipts: 2 of 2 met."),
        ([], 4, 1, "Receipts: 1 of 2 met."),
        (["1"], 4, 0, "Receipts: 1 of 1 met."),
    ],
)
def test_check_fails_if_a_receipt_of_the_chosen_lessons_is_not_met(
    course, arguments, three, code, last
):
    course.lesson(1)
    course.lesson(3)
    (course.root / "module_03" / "expected_results.toml").write_text(
        f"[01_toy.results.answer]\nvalue = 1\n[03_toy.results.answer]\nvalue = {three}\n"
    )
    run = course.run("--check", *arguments)
    assert run.code == code
    assert run.out.splitlines()[-2:] == [
        last,
        f"To look at it all, open {course.outputs / 'index.html'}",
    ]


def test_results_of_an_earlier_run_meet_no_receipt(course):
    course.lesson(1)
    (course.root / "module_03" / "expected_results.toml").write_text(
        "[01_toy.results.answer]\nvalue = 1\n"
    )
    assert course.run("--check").code == 0
    course.lesson(1, "raise ValueError")  # the results of the run before must not count
    run = course.run("--check")
    assert run.code == 1
    assert re.search(r"01 answer +1 +- +MISSING", run.out)
