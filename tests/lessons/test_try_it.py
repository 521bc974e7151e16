"""Every "Try it" can be tried: the lesson runs to its end with the new value, and the answer given comes out."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from knobs import knobs_of, with_knobs
from prose_numbers import NUMBER, Proofs, is_proven, numbers_of_text

from course.processes import Pool, wait_any

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "module_03").glob("[0-9][0-9]_*.py"))
AT_A_TIME = 2
SECONDS = 300  # most that one run may take

KNOB = r"[A-Z][A-Z0-9_]*"
ITEM = re.compile(r"(\d+)\. ")
SET = re.compile(rf"Set (?P<knobs>{KNOB} = .+?)\.(?=\s|$)")


@dataclass(frozen=True)
class Trial:
    """One item of a "Try it": the values that it sets, as source text, and the answer that it gives."""

    lesson: Path
    number: str
    knobs: tuple[tuple[str, str], ...]
    answer: str

    def __str__(self):
        return f"{self.lesson.stem}-{self.number}"


def items(lines):
    """Return the numbered items of some lines of prose, by number, each as one line of text."""
    found = {}
    number = None
    for line in lines:
        mark = ITEM.match(line)
        if mark:
            number = mark[1]
            assert number not in found, f"two items {number}"
            found[number] = line[mark.end() :]
        elif number is not None and line:
            found[number] += f" {line}"
    return found


def read_trials(path, source):
    """Return the trials of a lesson's last cell.

    It holds items such as `# 1. Set EPOCHS = 1000. Does it help?` and, after a line `# Answers:`, for each of them
    `# 1. No: it stays at 50.12 %.`
    """
    title, _, cell = source.rpartition("\n# %% ")[2].partition("\n")
    assert title.endswith("Try it"), f"{path.name}: the last cell is called {title!r}"
    lines = [line.removeprefix("#").strip() for line in cell.splitlines()]
    assert "Answers:" in lines, f"{path.name}: no line '# Answers:' in the last cell"
    middle = lines.index("Answers:")
    questions = items(lines[:middle])
    answers = items(lines[middle + 1 :])
    assert list(questions) == list(answers), f"{path.name}: items without answer, or the other way"
    trials = []
    for number, question in questions.items():
        match = SET.match(question)
        assert match, f"{path.name}: item {number} does not begin with 'Set NAME = value.'"
        knobs = re.split(rf" and (?={KNOB} = )", match["knobs"])
        pairs = tuple(tuple(knob.split(" = ", 1)) for knob in knobs)
        trials.append(Trial(path, number, pairs, answers[number]))
    return trials


def with_other_knobs(source, trial):
    """Return a lesson's source as the trial sets it; every value must differ from the lesson's own."""
    knobs = knobs_of(source)
    for name, value in trial.knobs:
        assert name in knobs, f"{trial}: {name} is no knob of Setup"
        same = ast.dump(knobs[name]) == ast.dump(ast.parse(value, mode="eval").body)
        assert not same, f"{trial}: {name} is {value} already"
    return with_knobs(source, dict(trial.knobs))


def numbers_not_in(log, answer):
    """Return the decimals and percentages of an answer that a log does not show, as they are or rounded."""
    proofs = Proofs(numbers_of_text(log), set())
    claims = [n for n in NUMBER.findall(answer) if "." in n or n.endswith("%")]
    return [number for number in claims if not is_proven(number, proofs)]


TRIALS = []
UNREADABLE = {}
for _path in LESSONS:
    try:
        TRIALS += read_trials(_path, _path.read_text(encoding="utf-8"))
    except AssertionError as _error:
        UNREADABLE[_path] = str(_error).partition("\n")[0]


@pytest.fixture(scope="module")
def tried(request, tmp_path_factory):
    """Run the selected trials, two at a time; return exit code and log of each."""
    folder = tmp_path_factory.mktemp("tried")
    selected = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    waiting = [params["trial"] for params in selected if "trial" in params]
    environment = {"COURSE_DEVICE": "cpu", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    running = {}
    ended = {}
    with Pool(preload=["course.runner.preload"], path=[ROOT], env=environment) as pool:
        while waiting or running:
            while waiting and len(running) < AT_A_TIME:
                trial = waiting.pop(0)
                place = folder / str(trial)
                place.mkdir()
                script = place / trial.lesson.name
                source = trial.lesson.read_text(encoding="utf-8")
                script.write_text(with_other_knobs(source, trial), encoding="utf-8")
                running[trial] = pool.start(
                    script,
                    output=place / "log",
                    env={"OUTPUT_DIR": str(place / "outputs")},
                    time_limit=SECONDS,
                )
            wait_any(running.values(), 1.0)
            for trial, handle in list(running.items()):
                if handle.poll() is not None:
                    log = (folder / str(trial) / "log").read_text(encoding="utf-8")
                    ended[trial] = (handle.exit_code, log)
                    del running[trial]
    return ended


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_last_cell_sets_knobs_and_gives_answers(path):
    assert path not in UNREADABLE, UNREADABLE[path]
    source = path.read_text(encoding="utf-8")
    for trial in read_trials(path, source):
        with_other_knobs(source, trial)


@pytest.mark.pinned
@pytest.mark.slow
@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_trying_it_ends_and_gives_the_answer(tried, trial):
    exit_code, log = tried[trial]
    assert exit_code == 0, log[-2000:]
    assert numbers_not_in(log, trial.answer) == [], f"{trial.answer}\n{log[-3000:]}"


# ----------------------------------------------------------------------------------------------------------------------
# The reader of the last cell
# ----------------------------------------------------------------------------------------------------------------------

SOURCE = '''"""Lesson 99"""

# %% Setup
import math

RATE = 0.1  # length of a step
SIZES = (
    2,
    5,
)  # units

# %% 1. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set RATE = 0.5. Does it still
#    arrive?
# 2. Set RATE = 1 and SIZES = (2, 8). What now?
#
# Answers:
# 1. No, it ends at 46.50 %
#    after 12 steps.
# 2. Yes.
'''


def test_items_are_read_with_their_knobs_and_answers():
    path = Path("99.py")
    assert read_trials(path, SOURCE) == [
        Trial(path, "1", (("RATE", "0.5"),), "No, it ends at 46.50 % after 12 steps."),
        Trial(path, "2", (("RATE", "1"), ("SIZES", "(2, 8)")), "Yes."),
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("# Answers:\n", "", "no line"),
        ("# 2. Yes.\n", "", "without answer"),
        ("Set RATE = 0.5. ", "Take RATE = 0.5. ", "does not begin with"),
        ("1. Try it", "1. More", "the last cell is called"),
    ],
)
def test_another_form_is_named(old, new, complaint):
    with pytest.raises(AssertionError, match=complaint):
        read_trials(Path("99.py"), SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("knob", "complaint"), [(("RATE", "0.10"), "already"), (("LR", "1"), "no knob")]
)
def test_a_knob_must_be_there_and_change(knob, complaint):
    with pytest.raises(AssertionError, match=complaint):
        with_other_knobs(SOURCE, Trial(Path("99.py"), "1", (knob,), ""))


def test_an_answer_is_held_against_the_log():
    log = "accuracy 46.50%, loss 0.69315 after 12 steps"
    assert numbers_not_in(log, "It ends at 46.5 %, near 0.693, after 99 steps.") == []
    assert numbers_not_in(log, "It ends at 47.5 %, near 0.694.") == ["47.5 %", "0.694"]
