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
from typing import Any

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
    found = {"python": platform.python_version()}
    missing = []
    for requirement in settings["project"]["dependencies"]:
        name = re.split(r"[^\w.-]", requirement)[0]  # up to an extra or a version
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise RefusedError(
            f"Not installed: {', '.join(missing)}. Install everything the course needs with: "
            "python -m pip install -r requirements.txt"
        )
    return found


class Record:
    """results.json: a run replaces the entries of its own lessons and keeps the others.

    `versions` and `device` are those of this run; `lessons` holds an entry for each lesson that
    ever ran, by name.
    """

    def __init__(
        self,
        folder: OutputFolder,
        lessons: Sequence[Lesson],
        versions: Mapping[str, str],
        device: str,
    ):
        self.versions = dict(versions)
        self.device = device
        self.lessons: dict[str, dict[str, Any]] = {}
        self._path = folder.path / "results.json"
        self._started = time.monotonic()
        # Where there is no file yet, or a damaged one, it is written afresh.
        with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            earlier = json.loads(self._path.read_text(encoding="utf-8"))["lessons"]
            self.lessons = {
                lesson.name: dict(earlier[lesson.name])
                for lesson in lessons
                if lesson.name in earlier
            }

    def seconds(self) -> dict[str, float]:
        """How long each lesson took when it ran last."""
        times = {}
        for name, entry in self.lessons.items():
            seconds = entry.get("seconds")
            if is_number(seconds):
                times[name] = float(seconds)
        return times

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
        """Mark lessons that did not come to their end: their files may be newer than their entries.

        A lesson that never ran has no entry to be marked.
        """
        entries = [self.lessons[lesson.name] for lesson in lessons if lesson.name in self.lessons]
        for entry in entries:
            entry["stopped"] = True
        if entries:
            self._write()

    def _write(self) -> None:
        content = {
            "versions": self.versions,
            "device": self.device,
            "seconds": round(time.monotonic() - self._started, 3),
            "lessons": dict(sorted(self.lessons.items())),
        }
        write_whole(self._path, json.dumps(content, indent=2) + "\n")


def table(outcomes: Sequence[Outcome]) -> str:
    """One line per lesson: seconds, figures written of those promised, key results, verdict."""
    name_width = max(len(outcome.lesson.name) for outcome in outcomes)
    room = WIDTH - name_width - 30  # what the four other columns leave
    rows = [("lesson", "seconds", "figures", "key results", "verdict")]
    for outcome in outcomes:
        seconds = f"{outcome.seconds:.1f}"
        figures = f"{len(outcome.figures)}/{len(outcome.lesson.figures)}"
        results = _fit(outcome.results, room)
        rows.append((outcome.lesson.name, seconds, figures, results, outcome.verdict))
    lines = []
    for name, seconds, figures, results, verdict in rows:
        line = f"{name:{name_width}}  {seconds:>7}  {figures:>7}  {results:{room}}  {verdict}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def _fit(results: Mapping[str, float], room: int) -> str:
    """The results that fit on a line, accuracies first."""
    accuracies = [name for name in results if "acc" in name]
    others = [name for name in results if "acc" not in name]
    chosen: list[str] = []
    for name in accuracies + others:
        shown = f"{name} {results[name]:.4g}"
        if len(", ".join([*chosen, shown])) <= room:
            chosen.append(shown)
    return ", ".join(chosen)
