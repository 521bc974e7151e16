"""What is remembered between runs, in one JSON file beside the exercises."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course.checker.catalog import Exercise
from course.checker.verdicts import Result, read_result
from course.files import write_whole


@dataclass
class State:
    """How far the learner is with one exercise."""

    last: Result | None = None
    digest: str = ""  # of what was checked last
    failures: int = 0
    hints: int = 0  # that were shown
    passed: bool = False  # once, with whatever file

    def as_json(self) -> dict[str, Any]:
        """Return it as the file keeps it."""
        return {**asdict(self), "last": self.last.as_json() if self.last else {}}


class Progress:
    """The state of each exercise.

    `problems` holds sentences about a file that could not be read or written; the exercises work
    without it.
    """

    def __init__(self, folder: Path):
        self.path = folder / "progress.json"
        self.problems: list[str] = []
        self._states: dict[str, State] = {}
        self.load()

    def load(self) -> None:
        """Read the file; what another terminal has written since counts."""
        try:
            states = json.loads(self.path.read_text(encoding="utf-8"))["exercises"]
            self._states = {name: read_state(dict(state)) for name, state in states.items()}
        except FileNotFoundError:
            self._states = {}
        except OSError as error:
            problem = f"Cannot read {self.path} ({error.strerror}); the progress is not shown."
            self.problems.append(problem)
        except (ValueError, KeyError, TypeError, AttributeError):
            self.problems.append(self._set_aside())

    def of(self, exercise: Exercise) -> State:
        """Return the state of an exercise, to be changed in place and saved with `save`."""
        return self._states.setdefault(exercise.name, State())

    def reset(self, exercise: Exercise) -> None:
        """Forget all about an exercise."""
        self._states[exercise.name] = State()
        self.save()

    def solved(self, exercise: Exercise) -> Result | None:
        """Return the last result if it is a pass, of the file and the check as they are now."""
        state = self.of(exercise)
        if state.last is None or not state.last.verdict.passed:
            return None
        same = state.digest and state.digest == digest(exercise)
        return state.last if same else None

    def record(self, exercise: Exercise, result: Result, checked: str) -> None:
        """Remember a result on the file that had the digest `checked`."""
        self.load()
        state = self.of(exercise)
        state.last = result
        state.digest = checked
        state.failures += result.verdict.failed
        state.passed |= result.verdict.passed
        self.save()

    def save(self) -> None:
        """Write the file whole: a run that is cut leaves the old one."""
        states = {name: state.as_json() for name, state in self._states.items()}
        try:
            write_whole(self.path, json.dumps({"exercises": states}, indent=1))
        except OSError as error:
            self.problems.append(
                f"Cannot write {self.path} ({error.strerror}); this result is not remembered."
            )

    def _set_aside(self) -> str:
        """Keep a damaged file under another name; says so."""
        number = 1
        while (aside := self.path.with_name(f"progress-damaged-{number}.json")).exists():
            number += 1
        try:
            self.path.rename(aside)
        except OSError as error:
            return f"{self.path} is damaged and cannot be set aside ({error.strerror})."
        return (
            f"{self.path} is damaged. It was set aside as {aside.name}; the progress begins again."
        )


def read_state(values: dict[str, Any]) -> State:
    """Read the state of one exercise; an entry of another type counts as missing."""
    state = State()
    for name, empty in asdict(state).items():
        if name != "last" and type(values.get(name)) is type(empty):
            setattr(state, name, values[name])
    try:
        state.last = read_result(values["last"])
    except (KeyError, TypeError, ValueError):
        state.last = None  # never checked, or a verdict that this version does not know
    return state


def digest(exercise: Exercise) -> str:
    """Return a fingerprint of the learner's file and its check; empty if it cannot be read."""
    try:
        both = exercise.path.read_bytes() + b"\0" + exercise.checks.read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(both).hexdigest()
