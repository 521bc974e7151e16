"""results.json, which remembers the last run of every lesson, and the table that closes a run."""

import json
import platform
import re
import time
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from course import RefusedError
from course.files import OutputFolder, write_whole
from course.runner.lessons import Lesson
from course.runner.verdict import Outcome, is_number

WIDTH = 100  # columns of the table


def versions(project: Path) -> dict[str, str]:
    """The versions of Python and of each dependency that pyproject.toml names.

    Raises:
        RefusedError: one of them is not installed.
    """
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    found, missing = {"python": platform.python_version()}, []
    for requirement in settings["project"]["dependencies"]:
        name = re.match(r"[\w.-]+", requirement)[0]
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        install = "python -m pip install -r requirements.txt"
        raise RefusedError(
            f"Not installed: {', '.join(missing)}. Install everything the course needs with: {install}"
        )
    return found


class Record:
    """results.json: a run replaces the entries of its own lessons and keeps the others.

    `head` holds the versions and the device of this run, `lessons` an entry for each lesson that ever ran, by name,
    `stopped` the lessons that this run began or was to begin, and did not bring to their end.
    """

    def __init__(
        self,
        folder: OutputFolder,
        lessons: Sequence[Lesson],
        versions: Mapping[str, str],
        device: str,
    ):
        self._path = folder.path / "results.json"
        self._started = time.monotonic()
        self.head = {"versions": versions, "device": device}
        self.stopped: list[Lesson] = []
        self.lessons = {}
        # no file yet, or a damaged one: written anew
        with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            earlier = json.loads(self._path.read_text(encoding="utf-8"))["lessons"]
            self.lessons = {
                lesson.name: dict(earlier[lesson.name])
                for lesson in lessons
                if lesson.name in earlier
            }

    def seconds(self) -> dict[str, float]:
        """How long each lesson took when it ran last."""
        times = {name: entry.get("seconds") for name, entry in self.lessons.items()}
        return {name: time for name, time in times.items() if is_number(time)}

    def add(self, outcome: Outcome) -> None:
        """Enter a lesson's outcome and write the file."""
        self.lessons[outcome.lesson.name] = {
            "verdict": outcome.verdict,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
            "figures": outcome.figures,
            "results": outcome.results,
            "ran": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._write()

    def stop(self, lessons: Sequence[Lesson]) -> None:
        """Mark lessons that this run did not bring to their end: their files may be newer than their entries."""
        self.stopped = list(lessons)
        entries = [self.lessons[lesson.name] for lesson in lessons if lesson.name in self.lessons]
        for entry in entries:
            entry["stopped"] = True
        if entries:
            self._write()

    def _write(self) -> None:
        lessons = dict(sorted(self.lessons.items()))
        seconds = round(time.monotonic() - self._started, 3)
        text = json.dumps({**self.head, "seconds": seconds, "lessons": lessons}, indent=2)
        write_whole(self._path, text + "\n")


def table(outcomes: Sequence[Outcome]) -> str:
    """One line a lesson: seconds, figures written of those promised, the results that fit, verdict."""
    name_width = max(len(outcome.lesson.name) for outcome in outcomes)
    room = WIDTH - name_width - 30  # what the four other columns leave
    rows = [("lesson", "seconds", "figures", "key results", "verdict")]
    for outcome in outcomes:
        figures = f"{len(outcome.figures)}/{len(outcome.lesson.figures)}"
        rows.append(
            (
                outcome.lesson.name,
                f"{outcome.seconds:.1f}",
                figures,
                _fit(outcome.results, room),
                outcome.verdict,
            )
        )
    return "\n".join(
        f"{a:{name_width}}  {b:>7}  {c:>7}  {d:{room}}  {e}".rstrip() for a, b, c, d, e in rows
    )


def _fit(results: Mapping[str, float], room: int) -> str:
    chosen = []
    for name in sorted(
        results, key=lambda name: "acc" not in name
    ):  # a stable sort: accuracies first
        shown = f"{name} {results[name]:.4g}"
        if len(", ".join([*chosen, shown])) <= room:
            chosen.append(shown)
    return ", ".join(chosen)
