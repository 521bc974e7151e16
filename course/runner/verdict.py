"""Did a lesson do what its header promises?

It passes only if it ended well and wrote each of its files in this run.
"""

import json
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from course.files import OutputFolder, stamp
from course.runner.lessons import Lesson
from course.text import cut

PNG_BEGIN = b"\x89PNG"
PNG_END = b"IEND\xaeB`\x82"


class Verdict(StrEnum):
    """Whether a lesson did what its header promises."""

    OK = "ok"
    FAILED = "FAILED"


@dataclass
class Outcome:
    """How a lesson ended.

    `reason` is empty if it passed; `figures` are those it wrote in this run. Results and histories
    are by name; of an older run they may hold anything that JSON can.
    """

    lesson: Lesson
    reason: str
    seconds: float
    figures: list[str]
    results: dict[str, Any] = field(default_factory=dict)
    histories: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """A lesson fails for a reason."""
        return Verdict.FAILED if self.reason else Verdict.OK


class Promise:
    """Remembers a lesson's files as they are before it runs, to tell fresh ones from old ones."""

    def __init__(self, lesson: Lesson, folder: OutputFolder):
        self._lesson = lesson
        self._figures = {name: folder.path / name for name in lesson.figures}
        self._results = folder.results / f"{lesson.name}.json"
        self._before = {path: stamp(path) for path in (*self._figures.values(), self._results)}

    def judge(self, seconds: float, broken: str = "") -> Outcome:
        """The outcome; `broken` says why the lesson did not come to its end, if so."""
        written = []
        flaws = []
        for name, path in self._figures.items():
            flaw = self._flaw_of_figure(path)
            if flaw:
                flaws.append(f"{name} {flaw}")
            else:
                written.append(name)
        outcome = Outcome(self._lesson, broken, seconds, written)
        flaw = self._flaw_of_age(self._results)
        if not flaw:
            try:
                saved = read_results(self._results)
                outcome.results = saved.results
                outcome.histories = saved.histories
            except ValueError as error:
                flaw = str(error)
        if flaw:
            flaws.append(f"results/{self._results.name} {flaw}")
        if not broken:
            outcome.reason = "; ".join(flaws)
        return outcome

    def _flaw_of_age(self, path: Path) -> str:
        now = stamp(path)
        if now is None:
            return "was not written"
        if now == self._before[path]:
            return "was not written in this run, only in an earlier one"
        return ""

    def _flaw_of_figure(self, path: Path) -> str:
        flaw = self._flaw_of_age(path)
        if flaw:
            return flaw
        try:
            data = path.read_bytes()
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        whole = data.startswith(PNG_BEGIN) and data.endswith(PNG_END)
        return "" if whole else "is damaged"


class SavedResults(NamedTuple):
    """What save_results wrote."""

    results: dict[str, Any]
    histories: dict[str, Any]


def read_results(path: Path) -> SavedResults:
    """What save_results wrote into a file.

    Raises:
        ValueError: it is something else; the message goes on after the file's name.
    """
    strange = "is not what save_results writes"
    if not path.is_file():  # a pipe would never come to its end
        raise ValueError(strange)
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        results = saved["results"]
        histories = saved["histories"]
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(strange) from error
    if not isinstance(results, dict) or not isinstance(histories, dict):
        raise ValueError(strange)
    for name, value in results.items():
        if not is_number(value):
            raise ValueError(
                f"{strange}: {as_json(name)} is {as_json(value)}, "
                "and a result must be a finite number"
            )
    return SavedResults(results, histories)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number that a float can hold; True and False are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # exact for whole numbers of any size; False for NaN


def as_json(value: object) -> str:
    """What json.loads gave, as it stands in the file, without the middle if it is long."""
    return cut(json.dumps(value), 40)
