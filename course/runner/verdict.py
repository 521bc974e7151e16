"""Did a lesson do what its header promises? It passes only if it ended well and wrote each of its files in this run."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course.files import OutputFolder, stamp
from course.runner.lessons import Lesson

PNG = b"\x89PNG", b"IEND\xaeB`\x82"  # how such a file begins and ends


@dataclass
class Outcome:
    """How a lesson ended. `reason` is empty if it passed; `figures` are those it wrote in this run."""

    lesson: Lesson
    reason: str
    seconds: float
    figures: list[str]
    results: dict = field(default_factory=dict)
    histories: dict = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`ok` or `FAILED`."""
        return "FAILED" if self.reason else "ok"


class Promise:
    """Remembers the files of a lesson as they are before it runs, to tell fresh ones from old ones."""

    def __init__(self, lesson: Lesson, folder: OutputFolder):
        self._lesson = lesson
        self._figures = {name: folder.path / name for name in lesson.figures}
        self._results = folder.results / f"{lesson.name}.json"
        self._before = {path: stamp(path) for path in (*self._figures.values(), self._results)}

    def judge(self, seconds: float, broken: str = "") -> Outcome:
        """The outcome; `broken` says why the lesson did not come to its end, if so."""
        wrong = {name: self._flaw(path, *PNG) for name, path in self._figures.items()}
        outcome = Outcome(
            self._lesson, "", seconds, [name for name, flaw in wrong.items() if not flaw]
        )
        flaws = [f"{name} {flaw}" for name, flaw in wrong.items() if flaw]
        flaw = self._flaw(self._results, b"{", b"")
        if not flaw:
            try:
                outcome.results, outcome.histories = read_results(self._results)
            except ValueError as error:
                flaw = str(error)
        if flaw:
            flaws.append(f"results/{self._results.name} {flaw}")
        outcome.reason = broken or "; ".join(flaws)
        return outcome

    def _flaw(self, path: Path, begin: bytes, end: bytes) -> str:
        now = stamp(path)
        if now is None:
            return "was not written"
        if now == self._before[path]:
            return "was not written in this run, only in an earlier one"
        try:
            data = path.read_bytes()
            return "" if data.startswith(begin) and data.endswith(end) else "is damaged"
        except OSError as error:
            return f"cannot be read ({error.strerror})"


def read_results(path: Path) -> tuple[dict, dict]:
    """The results and the histories that save_results wrote.

    Raises:
        ValueError: it is something else; the message goes on after the file's name.
    """
    strange = "is not what save_results writes"
    if not path.is_file():  # a pipe would never come to its end
        raise ValueError(strange)
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        results, histories = saved["results"], saved["histories"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(strange) from error
    if not isinstance(results, Mapping) or not isinstance(histories, Mapping):
        raise ValueError(strange)
    for name, value in results.items():
        if not is_number(value):
            raise ValueError(
                f"{strange}: {short(name)} is {short(value)}, and a result must be a finite number"
            )
    return results, histories


def is_number(value) -> bool:
    """Whether a value is a finite number that a float can hold; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # exact for whole numbers of any size; False for NaN


def short(value) -> str:
    """What json.loads gave, as JSON again, cut after 40 characters."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
