"""A run and what it leaves behind: results.json after each lesson, and the page at the end, whatever ends it."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course.runner import report
from course.runner.lessons import Lesson
from course.runner.record import Record
from course.runner.schedule import Course
from course.runner.verdict import Outcome


@dataclass
class Run:
    """What all runs of one call of run_all.py have in common; call it with the lessons that are to run.

    `lessons` are all lessons there are, `expected` the receipts; `no_receipts` says why there are none, if so.
    """

    course: Course
    root: Path
    lessons: Sequence[Lesson]
    versions: Mapping[str, str]
    device: str
    expected: Mapping
    no_receipts: str = ""

    def __call__(
        self, chosen: Sequence[Lesson], stop: Callable[[], bool] = lambda: False
    ) -> list[Outcome]:
        """Run the chosen lessons, which may have been read anew, until all have ended or `stop` returns True.

        Returns:
            The outcomes in order; of lessons that `stop` ended there is none.
        """
        started, ended = time.monotonic(), []
        anew = {lesson.path: lesson for lesson in chosen}
        self.lessons = [anew.get(lesson.path, lesson) for lesson in self.lessons]
        self._chosen = chosen
        self._record = Record(self.course.folder, self.lessons, self.versions, self.device)

        def keep(outcome):
            ended.append(outcome)
            self._record.add(outcome)

        try:
            return self.course.run(chosen, self._record.seconds(), keep, stop)
        except (
            BaseException
        ):  # Ctrl-C, a disk that is full, a reader that left: the page tells what came to its end
            with suppress(OSError):
                page = self.write_page(ended, time.monotonic() - started)
                self.course.terminal.line(f"To look at what came to its end, open {page}")
            raise

    def write_page(self, outcomes: Sequence[Outcome], seconds: float) -> Path:
        """Write index.html about the lessons that have just run, and took so long; returns its path."""
        ended = {outcome.lesson for outcome in outcomes}
        self._record.stop([lesson for lesson in self._chosen if lesson not in ended])
        how = self.expected, seconds, self.no_receipts
        return report.write(
            self.course.folder, self.root, self.lessons, self._record, outcomes, *how
        )
