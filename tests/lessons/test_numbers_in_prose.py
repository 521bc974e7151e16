"""Every number in a lesson's prose is one that its run gives, that somebody measured, or that adds up beside it."""

import math
from pathlib import Path

import pytest
from prose_numbers import (
    Paragraph,
    Proofs,
    evaluate,
    is_proven,
    is_rounded,
    numbers_of_knobs,
    numbers_of_measured,
    numbers_of_run,
    paragraphs,
    unproven,
    without_proof,
)

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "module_03").glob("[0-9][0-9]_*.py"))

LESSON = '''"""Lesson 99: An example"""

# %% Setup
LAYERS = (24, 36)  # units of each hidden layer; 77 would be too many

# %% 1. Of 24 units
# It reaches 96.5 %.
#
# 1. The first of 12 things.

x = make(size=0.25)  # [800, 2]
for step in steps:
    # 2. Step 13 of 36
    go()

# %% 2. Try it
# Nobody asks for the proof of 123.45.
'''


@pytest.mark.pinned
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_number_in_prose_has_its_proof(course_run, path):
    missing = unproven(path, course_run.folder)
    assert missing == [], "\n".join(["numbers without proof:", *missing])


def test_paragraphs_know_their_line_and_leave_out_try_it():
    found = [(paragraph.line, paragraph.text) for paragraph in paragraphs(LESSON)]
    assert found == [
        (3, "Setup"),
        (6, "1. Of 24 units"),
        (7, "It reaches 96.5 %."),
        (9, "1. The first of 12 things."),
        (13, "2. Step 13 of 36"),
    ]


def test_a_number_without_proof_is_named_with_file_and_line(tmp_path):
    path = tmp_path / "99_example.py"
    path.write_text(LESSON)
    for folder in ("results", "logs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "results" / "99_example.json").write_text('{"results": {"acc": 96.4999}}')
    (tmp_path / "logs" / "99_example.log").write_text("12 things\n")
    assert unproven(path, tmp_path) == ["99_example.py:13: 13 has no proof: 2. Step 13 of 36"]
    (tmp_path / "measured.toml").write_text(
        '[99_example]\nsteps = { value = 13, what = "steps", seeds = 16 }\n'
    )
    assert unproven(path, tmp_path) == []
    assert numbers_of_measured(tmp_path / "measured.toml", "98_other") == set()


def test_another_lesson_proves_only_where_it_is_named(tmp_path):
    for folder in ("results", "logs"):
        (tmp_path / folder).mkdir()
    for name, results in (("99_example", "{}"), ("98_other", '{"acc": 73.25}')):
        (tmp_path / "results" / f"{name}.json").write_text(f'{{"results": {results}}}')
        (tmp_path / "logs" / f"{name}.log").write_text("")
    path = tmp_path / "99_example.py"
    sentences = "# 73.25 % is what it is.\n#\n# Lesson 98 has 73.25 %.\n"
    path.write_text(f"# %% Setup\n{sentences}# %% 1. Try it\n")
    assert [line.split(" has ")[0] for line in unproven(path, tmp_path)] == [
        "99_example.py:2: 73.25 %"
    ]


def test_numbers_of_a_run_are_its_results_and_its_log(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "01_a.json").write_text('{"results": {"acc": 0.5}, "histories": {}}')
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "01_a.log").write_text("Epoch 100 | Loss: 0.69115, Accuracy: 52.88%\n")
    proofs = numbers_of_run(tmp_path, "01_a")
    assert proofs == Proofs({0.5}, {100, 0.69115, 52.88})


def test_knobs_are_the_upper_case_names_of_setup():
    assert numbers_of_knobs(LESSON) == {24, 36}


@pytest.mark.parametrize(
    ("number", "value", "same"),
    [
        ("46.5", 46.499999, True),
        ("47", 46.4, False),
        ("0.0366", -0.03660783, True),
        ("0.037", 0.0364, False),
        ("1,000", 1000, True),
        ("1e-5", 1.04e-5, True),
        ("1e-5", 2e-5, False),
        ("96 %", 95.63, True),
    ],
)
def test_a_rounded_number_is_known(number, value, same):
    assert is_rounded(number, value) is same


@pytest.mark.parametrize(
    ("number", "proven"),
    [
        ("7", True),  # counts things
        ("0 %", False),  # a percentage is a claim
        ("52.9 %", True),  # the log has 52.88
        ("53", False),  # so many numbers of a log lie near a whole one
        ("100", True),  # the log has it
        ("96.5 %", True),  # the results have 0.965
        ("251", True),  # the results have 251.3
        ("0.7", True),
        ("0.71", False),
    ],
)
def test_a_number_is_proven_by_results_and_log(number, proven):
    proofs = Proofs(rounded={0.965, 251.3}, exact={52.88, 100, 0.69315})
    assert is_proven(number, proofs) is proven


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("100 - 60 = 40 % of them", []),
        ("100 - 60 = 41 % of them", ["100", "60", "41 %"]),
        ("0.5 x 24 + (-12.5) x 2 = -13", []),
        ("that is 44 of 50 = 88 %", []),
        ("near ln 2, 0.693", []),
        ("near ln 24 = 3.178", []),
        ("near 0.693", ["0.693"]),
        ("It is = 40", ["40"]),
        ("see lesson 12, guides 03 and 11, section 14", []),
        ("float32, x12, 2-to-12x", []),
        ("1. 11 dogs", ["11"]),
        ("of the shape [800, 2]", []),
        ("make 0.25 of them", []),
    ],
)
def test_sums_references_and_code_beside_it_prove(text, missing):
    code = "x = make(size=0.25)  # [800, 2]\n"
    found = [number for _, number in without_proof(Paragraph(1, text, code), Proofs(set(), set()))]
    assert found == missing


@pytest.mark.parametrize(
    ("text", "value"),
    [("2 x 3 + 1", 7), ("10 / 4", 2.5), ("ln 2", math.log(2)), ("40", None), ("2 (3 + 1)", None)],
)
def test_only_a_sum_is_computed(text, value):
    assert evaluate(text) == (None if value is None else pytest.approx(value))
