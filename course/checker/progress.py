"""What is remembered between runs, in one JSON file beside the exercises."""

import hashlib
import json
from pathlib import Path

from course.checker.catalog import Exercise
from course.files import write_whole

PASSED = ("passed", "passed with remarks")
FAILED = ("syntax error", "crashed", "timed out", "ended early", "wrong")


class Progress:
    """The state of each exercise: `last` result, `digest` of what was checked, `failures`, `hints` seen, `passed`.

    `problems` holds sentences about a file that could not be read or written; the exercises work without it.
    """

    def __init__(self, folder: Path):
        self.path = folder / "progress.json"
        self.problems: list[str] = []
        self._states: dict[str, dict] = {}
        self.load()

    def load(self) -> None:
        """Read the file; what another terminal has written since counts."""
        try:
            states = json.loads(self.path.read_text(encoding="utf-8"))["exercises"]
            self._states = {name: clean(dict(state)) for name, state in states.items()}
        except FileNotFoundError:
            self._states = {}
        except OSError as error:
            self.problems.append(
                f"Cannot read {self.path} ({error.strerror}); the progress is not shown."
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            self._set_aside()

    def of(self, exercise: Exercise) -> dict:
        """Return the state of an exercise, to be changed in place and saved with `save`."""
        return self._states.setdefault(exercise.name, clean({}))

    def solved(self, exercise: Exercise) -> bool:
        """Say whether it has passed, and neither the file nor its check has changed since."""
        state = self.of(exercise)
        return (
            bool(state["digest"])
            and state["last"].get("verdict") in PASSED
            and state["digest"] == digest(exercise)
        )

    def record(self, exercise: Exercise, result: dict, checked: str) -> None:
        """Remember a verdict on the file that had the digest `checked`."""
        self.load()
        state = self.of(exercise)
        state.update(last=result, digest=checked)
        state["failures"] += result["verdict"] in FAILED
        state["passed"] |= result["verdict"] in PASSED
        self.save()

    def save(self) -> None:
        """Write the file whole: a run that is cut leaves the old one."""
        try:
            write_whole(self.path, json.dumps({"exercises": self._states}, indent=1))
        except OSError as error:
            self.problems.append(
                f"Cannot write {self.path} ({error.strerror}); this result is not remembered."
            )

    def _set_aside(self) -> None:
        aside = next(
            p
            for n in range(1, 1000)
            if not (p := self.path.with_name(f"progress-damaged-{n}.json")).exists()
        )
        try:
            self.path.rename(aside)
            self.problems.append(
                f"{self.path} is damaged. It was set aside as {aside.name}; the progress starts anew."
            )
        except OSError as error:
            self.problems.append(
                f"{self.path} is damaged and cannot be set aside ({error.strerror})."
            )


def clean(state: dict) -> dict:
    """Return a state with every entry, each of the right type."""
    empty = {"last": {}, "digest": "", "failures": 0, "hints": 0, "passed": False}
    return {
        name: state[name] if type(state.get(name)) is type(value) else value
        for name, value in empty.items()
    }


def digest(exercise: Exercise) -> str:
    """Return a fingerprint of the learner's file and of its check; empty if the file cannot be read."""
    try:
        return hashlib.sha256(
            exercise.path.read_bytes() + b"\0" + exercise.checks.read_bytes()
        ).hexdigest()
    except OSError:
        return ""
