"""Each exercise: starters are not started, references pass, wrong answers get their diagnosis, unusual ones pass."""

import ast
import contextlib
import io
import json
import shutil
import subprocess
import sys

import pytest
import torch
from exercise_mutants import MUTANTS, UNUSUAL

from course.checker.catalog import EXERCISES as FOLDER
from course.checker.catalog import PACKAGE, find_exercises
from course.checker.judge import judge
from course.checker.verdicts import Verdict, read_result

ROOT = PACKAGE.parents[1]
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
    assert read_result(json.loads(json.dumps(result.as_json()))) == result
    return result


@pytest.fixture
def answer(tmp_path):
    def answer(name, text, seed=1):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return judged(path, name, seed)

    return answer


def test_exercises_are_numbered_in_order_and_each_has_mutants_and_an_unusual_answer():
    assert [exercise.number for exercise in EXERCISES.values()] == [
        f"{n:02}" for n in range(1, len(EXERCISES) + 1)
    ]
    assert set(MUTANTS) == set(UNUSUAL) == set(EXERCISES)


@each_exercise
def test_header_says_what_to_do_and_hints_and_reason_are_there(exercise):
    header = exercise.header
    assert list(header.fields) == ["Task", "Target", "Minutes", "Lesson", "Check"]
    assert header.headline == f"Exercise {exercise.number}: {header.title}"
    assert header.text("Minutes").isdigit()
    assert list((ROOT / "module_03").glob(f"{header.text('Lesson')}_*.py"))
    assert header.text("Check") == f"python exercises/{exercise.name}.py"
    assert len(exercise.hints) == 3
    assert len(exercise.why.split()) > 20
    for text in (exercise.starter, exercise.solution, exercise.checks.read_text("utf-8")):
        assert text.isascii()


@each_exercise
def test_learners_get_what_the_markers_make(exercise):
    """Here, or in the last commit: a learner who has solved the exercise sees no failure."""
    if (FOLDER / f"{exercise.name}.py").read_text("utf-8") == exercise.starter:
        return
    show = ["git", "show", f"HEAD:exercises/{exercise.name}.py"]
    shown = subprocess.run(show, cwd=ROOT, capture_output=True, text=True, check=False)
    if shown.returncode:
        pytest.skip("not in a git checkout")
    assert shown.stdout == exercise.starter, "run: python tools/make_starters.py"


@each_exercise
def test_starter_and_solution_hold_no_marker_and_start_the_check(exercise):
    start = 'if __name__ == "__main__":\n    import checker  # '
    for text in (exercise.starter, exercise.solution):
        assert "# -- " not in text
        assert text.count(start) == 1
    assert "TODO" not in exercise.solution
    assert "TODO" in exercise.starter or exercise.name == "13_five_bugs"


@each_exercise
def test_starter_is_not_started(exercise, answer):
    starter = exercise.starter
    assert answer(exercise.name, starter).verdict is Verdict.NOT_STARTED
    assert answer(exercise.name, starter + "\n\n# a thought\n").verdict is Verdict.NOT_STARTED
    begun = answer(exercise.name, starter + "\n\nBEGUN = True\n")
    if exercise.name == "13_five_bugs":
        assert begun.verdict is Verdict.WRONG
    else:
        assert begun.verdict is Verdict.NOT_STARTED
        assert "raise NotImplementedError" in starter.splitlines()[begun.finding.line - 1]


@each_exercise
def test_solution_keeps_the_names_of_the_starter(exercise):
    asked, given = (
        {node.name for node in ast.parse(text).body if hasattr(node, "name")}
        for text in (exercise.starter, exercise.solution)
    )
    assert asked <= given


def test_make_starters_writes_what_differs_and_says_which(tmp_path):
    for name in ("course", "tools", "exercises"):
        skip = shutil.ignore_patterns("__pycache__", "progress*.json", "backups")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    for exercise in EXERCISES.values():
        (tmp_path / "exercises" / f"{exercise.name}.py").write_text(exercise.starter)
    path = tmp_path / "exercises" / "06_moons.py"
    path.write_text("old")
    command = [sys.executable, tmp_path / "tools" / "make_starters.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.replace("\\", "/") == "wrote exercises/06_moons.py\n"
    assert path.read_text() == EXERCISES["06_moons"].starter


@each_exercise
def test_reference_passes_without_remarks(exercise, answer):
    for seed in SEEDS:
        result = answer(exercise.name, exercise.solution, seed)
        assert result.verdict is Verdict.PASSED, (seed, result)
        assert result.remarks == ()
        assert result.measured


def test_every_exercise_has_wrong_answers():
    for name, mutants in MUTANTS.items():
        assert sum(verdict == "wrong" for _, _, verdict, _ in mutants) >= 3, name


@pytest.mark.parametrize(("name", "old", "new", "verdict", "diagnosis"), CASES)
def test_wrong_answer_gets_its_diagnosis(name, old, new, verdict, diagnosis, answer):
    right = EXERCISES[name].solution
    assert old in right
    text = right.replace(old, new)
    result = answer(name, text)
    assert result.verdict == verdict, result
    if result.verdict is Verdict.REMARKS:
        assert [remark.diagnosis for remark in result.remarks] == [diagnosis]
        return
    finding = result.finding
    assert finding.diagnosis == diagnosis
    assert finding.sentence.isascii()
    assert len(finding.sentence) < 1000
    if diagnosis not in ("missing-function", "message", "changed-model"):
        assert 1 <= finding.line <= len(text.splitlines())


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_answer_passes(name, answer):
    result = answer(name, UNUSUAL[name])
    assert result.verdict is Verdict.PASSED, result


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
    assert answer("05_train_step", text).verdict is Verdict.PASSED


def test_the_forbidden_function_under_another_name_is_no_crash(answer):
    result = answer("07_tanh", "import torch\ntanh = torch.tanh\n")
    assert (result.verdict, result.finding.diagnosis) == ("wrong", "forbidden")


def test_a_broken_installation_is_not_the_learners_fault(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "course.checker.checks.06_moons", None)
    result = answer("06_moons", EXERCISES["06_moons"].solution)
    assert result.verdict is Verdict.CRASHED
    assert result.finding.sentence.startswith("The checker itself failed. ModuleNotFoundError:")
    assert "requirements.txt" in result.finding.cause
    assert result.finding.line is None


@pytest.mark.parametrize(("unlucky", "verdict"), [(2, "passed"), (3, "wrong")])
def test_best_of_three_trainings_counts(unlucky, verdict, answer):
    text = EXERCISES["09_spirals"].solution
    text = text.replace(
        "range(200)", f"range(200 if CALLS.append(1) or len(CALLS) > {unlucky} else 1)"
    )
    result = answer("09_spirals", text + "\n\nCALLS = []\n")
    assert result.verdict == verdict
    assert verdict == "passed" or result.finding.diagnosis == "score"


def test_values_are_shown_in_full(answer):
    text = EXERCISES["07_tanh"].solution.replace("clamp(-20, 20)", "clamp(-3, 3)")
    finding = answer("07_tanh", text).finding
    assert finding.got.startswith("[")
    assert finding.difference.startswith("greatest 0.00")
    assert "values differ" in finding.difference
    assert "return" in text.splitlines()[finding.line - 1]


def test_line_of_a_mistake_in_training_is_the_learners(answer):
    right = EXERCISES["09_spirals"].solution
    text = right.replace("loss_fn(logits, y)", "loss_fn(logits.softmax(1), y)")
    (remark,) = answer("09_spirals", text).remarks
    assert "softmax(1)" in text.splitlines()[remark.line - 1]


def test_same_seed_same_result(answer):
    right = EXERCISES["12_threshold"].solution
    text = right.replace("probs >= threshold", "probs > threshold")
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
    for folder in (PACKAGE, FOLDER):
        paths = list(folder.rglob("*.py"))
        assert paths
        for path in paths:
            assert "/tmp/" not in path.read_text(encoding="utf-8"), path
