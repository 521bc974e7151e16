"""Did a lesson do what its header promises? It passes only if it ended well and wrote each of its files in this run."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from runner.folder import OutputFolder
from runner.lessons import Lesson


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
        self._before = {path: _stamp(path) for path in (*self._figures.values(), self._results)}

    def judge(self, seconds: float, broken: str = "") -> Outcome:
        """The outcome; `broken` says why the lesson did not come to its end, if so."""
        wrong = {name: self._flaw(path, b"\x89PNG") for name, path in self._figures.items()}
        outcome = Outcome(self._lesson, "", seconds, [name for name, flaw in wrong.items() if not flaw])
        flaws = [f"{name} {flaw}" for name, flaw in wrong.items() if flaw]
        flaw = self._flaw(self._results, b"{")
        if not flaw:
            try:
                saved = json.loads(self._results.read_text(encoding="utf-8"))
                if not all(isinstance(value, int | float) for value in saved["results"].values()):
                    raise ValueError("a result is a number")
                outcome.results, outcome.histories = saved["results"], {**saved["histories"]}
            except (ValueError, LookupError, TypeError, AttributeError):
                flaw = "is not what save_results writes"
        if flaw:
            flaws.append(f"results/{self._results.name} {flaw}")
        outcome.reason = broken or "; ".join(flaws)
        return outcome

    def _flaw(self, path: Path, begin: bytes) -> str:
        stamp = _stamp(path)
        if stamp is None:
            return "was not written"
        if stamp == self._before[path]:
            return "was not written in this run, only in an earlier one"
        try:
            with path.open("rb") as file:
                return "" if file.read(len(begin)) == begin else "is damaged"
        except OSError as error:
            return f"cannot be read ({error.strerror})"


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size
