"""Each exercise: starters are not started, references pass, wrong answers get their diagnosis, unusual ones pass."""

import ast
import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from exercise_mutants import MUTANTS, UNUSUAL

from course.checker.catalog import PACKAGE, find_exercises
from course.checker.judge import judge

EXERCISES = {exercise.name: exercise for exercise in find_exercises()}
CASES = [(name, *mutant) for name, mutants in MUTANTS.items() for mutant in mutants]
SEEDS = range(10)
each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def judged(path, name, seed=1):
    random_state = torch.get_rng_state()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = judge(path, name, seed)
    finally:
        torch.set_rng_state(random_state)
    assert json.loads(json.dumps(result)) == result
    return result


@pytest.fixture
def answer(tmp_path):
    def answer(name, text, seed=1):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return judged(path, name, seed)

    return answer


def test_there_are_enough():
    assert len(EXERCISES) >= 12
    assert [exercise.number for exercise in EXERCISES.values()] == [
        f"{n:02}" for n in range(1, len(EXERCISES) + 1)
    ]
    assert set(MUTANTS) == set(UNUSUAL) == set(EXERCISES)


@each_exercise
def test_header_hints_and_files(exercise):
    assert list(exercise.fields) == ["Task", "Target", "Minutes", "Lesson", "Check"]
    assert exercise.fields["Minutes"].isdigit()
    assert list((PACKAGE.parent / "module_03").glob(f"{exercise.fields['Lesson']}_*.py"))
    assert exercise.fields["Check"] == f"python exercises/{exercise.name}.py"
    assert len(exercise.texts("HINTS")) == 3
    assert len(exercise.texts("WHY").split()) > 20
    for path in (exercise.starter, exercise.solution, exercise.checks):
        text = path.read_text(encoding="utf-8")
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 120
    assert "TODO" not in exercise.solution.read_text()


@each_exercise
def test_handed_out_as_the_starter(exercise):
    """Ask git, so that a learner who has solved the exercise sees no failure."""
    show = ["git", "show", f"HEAD:exercises/{exercise.name}.py"]
    shown = subprocess.run(show, cwd=PACKAGE, capture_output=True, text=True, check=False)
    if shown.returncode:
        pytest.skip("not in a git checkout")
    assert shown.stdout == exercise.starter.read_text()


@each_exercise
def test_starter_is_not_started(exercise, answer):
    starter = exercise.starter.read_text()
    assert "checker.here" in starter
    assert answer(exercise.name, starter)["verdict"] == "not started"
    assert answer(exercise.name, starter + "\n\n# a thought\n")["verdict"] == "not started"
    begun = answer(exercise.name, starter + "\n\nBEGUN = True\n")
    if exercise.name == "13_five_bugs":
        assert begun["verdict"] == "wrong"
    else:
        assert begun["verdict"] == "not started"
        assert "raise NotImplementedError" in starter.splitlines()[begun["line"] - 1]


@each_exercise
def test_solution_keeps_the_names_of_the_starter(exercise):
    asked, given = (
        {node.name for node in ast.parse(path.read_text()).body if hasattr(node, "name")}
        for path in (exercise.starter, exercise.solution)
    )
    assert asked <= given


@each_exercise
def test_reference_passes_without_remarks(exercise, answer):
    for seed in SEEDS:
        result = answer(exercise.name, exercise.solution.read_text(), seed)
        assert result["verdict"] == "passed", (seed, result)
        assert result["remarks"] == []
        assert result["measured"]


def test_every_exercise_has_wrong_answers():
    for name, mutants in MUTANTS.items():
        assert sum(verdict == "wrong" for _, _, verdict, _ in mutants) >= 3, name


@pytest.mark.parametrize(("name", "old", "new", "verdict", "diagnosis"), CASES)
def test_wrong_answer_gets_its_diagnosis(name, old, new, verdict, diagnosis, answer):
    right = EXERCISES[name].solution.read_text()
    assert old in right
    text = right.replace(old, new)
    result = answer(name, text)
    remarks = [remark["diagnosis"] for remark in result.get("remarks", ())]
    assert (result["verdict"], result.get("diagnosis", *remarks)) == (verdict, diagnosis)
    if verdict != "passed with remarks":
        assert result["sentence"].isascii()
        assert len(result["sentence"]) < 1000
        if diagnosis not in ("missing-function", "message", "changed-model"):
            assert 1 <= result["line"] <= len(text.splitlines())


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_answer_passes(name, answer):
    result = answer(name, UNUSUAL[name])
    assert result["verdict"] == "passed", result


def test_a_step_with_a_closure_passes(answer):
    text = """
def train_step(model, X, y, loss_fn, optimizer):
    model.train()
    def closure():
        optimizer.zero_grad()
        loss = loss_fn(model(X), y)
        loss.backward()
        return loss
    return optimizer.step(closure).item()
"""
    assert answer("05_train_step", text)["verdict"] == "passed"


def test_the_forbidden_function_under_another_name_is_no_crash(answer):
    result = answer("07_tanh", "import torch\ntanh = torch.tanh\n")
    assert (result["verdict"], result["diagnosis"]) == ("wrong", "forbidden")


def test_a_broken_installation_is_not_the_learners_fault(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "course.checker.checks.06_moons", None)
    result = answer("06_moons", EXERCISES["06_moons"].solution.read_text())
    assert result["verdict"] == "crashed"
    assert result["sentence"].startswith("The checker itself failed. ModuleNotFoundError:")
    assert "requirements.txt" in result["cause"]
    assert "line" not in result


@pytest.mark.parametrize(("unlucky", "verdict"), [(2, "passed"), (3, "wrong")])
def test_best_of_three_trainings_counts(unlucky, verdict, answer):
    text = EXERCISES["09_spirals"].solution.read_text()
    text = text.replace(
        "range(200)", f"range(200 if CALLS.append(1) or len(CALLS) > {unlucky} else 1)"
    )
    result = answer("09_spirals", text + "\n\nCALLS = []\n")
    assert result["verdict"] == verdict
    assert verdict == "passed" or result["diagnosis"] == "score"


def test_values_are_shown_in_full(answer):
    text = EXERCISES["07_tanh"].solution.read_text().replace("clamp(-20, 20)", "clamp(-3, 3)")
    result = answer("07_tanh", text)
    assert result["got"].startswith("[")
    assert result["difference"].startswith("greatest 0.00")
    assert "values differ" in result["difference"]
    assert "return" in text.splitlines()[result["line"] - 1]


def test_line_of_a_mistake_in_training_is_the_learners(answer):
    text = (
        EXERCISES["09_spirals"]
        .solution.read_text()
        .replace("loss_fn(model(X), y)", "loss_fn(model(X).softmax(1), y)")
    )
    (remark,) = answer("09_spirals", text)["remarks"]
    assert "softmax(1)" in text.splitlines()[remark["line"] - 1]


def test_same_seed_same_result(answer):
    text = (
        EXERCISES["12_threshold"]
        .solution.read_text()
        .replace("probs >= candidates", "probs > candidates")
    )
    first, second, third = (answer("12_threshold", text, seed) for seed in (5, 5, 6))
    assert first == second != third


@pytest.mark.parametrize("name", EXERCISES)
def test_nothing_stays_patched(name, answer):
    watched = (
        torch.nn.functional.cross_entropy,
        torch.autograd.backward,
        torch.Tensor.__eq__,
        torch.Tensor.detach,
    )
    answer(name, "1 / 0")
    again = (
        torch.nn.functional.cross_entropy,
        torch.autograd.backward,
        torch.Tensor.__eq__,
        torch.Tensor.detach,
    )
    assert again == watched


def test_sources_name_no_machine():
    for path in PACKAGE.rglob("*.py"):
        assert "/tmp/" not in path.read_text(encoding="utf-8"), path
    assert Path(PACKAGE, "checker").is_dir()
