"""A run and what it leaves behind: results.json after each lesson, and the page at the end, whatever ends it."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner import report
from runner.lessons import Lesson
from runner.record import Record
from runner.schedule import Course
from runner.verdict import Outcome


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
        self, chosen: Sequence[Lesson], started: float, stop: Callable[[], bool] = lambda: False
    ) -> tuple[list[Outcome], Path | None, float]:
        """Run the chosen lessons.

        Args:
            chosen: the lessons; they may have been read anew.
            started: the moment from which the run's seconds count.
            stop: asked again and again; True ends the run, and there will be another one at once.

        Returns:
            The outcomes in order, the page (None after `stop`), and the run's seconds.
        """
        anew = {lesson.path: lesson for lesson in chosen}
        self.lessons = [anew.get(lesson.path, lesson) for lesson in self.lessons]
        record, ended = Record(self.course.folder, self.lessons, self.versions, self.device), []

        def keep(outcome):
            ended.append(outcome)
            record.add(outcome)

        try:
            outcomes = self.course.run(chosen, record.seconds(), keep, stop)
            if len(outcomes) < len(chosen):
                return outcomes, None, 0.0
            return outcomes, *self._write_page(chosen, started, record, outcomes)
        except BaseException:  # Ctrl-C, a disk that is full, a reader that left: the page tells what came to its end
            with suppress(OSError):
                page, _ = self._write_page(chosen, started, record, ended)
                self.course.terminal.line(f"To look at what came to its end, open {page}")
            raise

    def _write_page(self, chosen, started, record, outcomes) -> tuple[Path, float]:
        seconds = time.monotonic() - started
        ended = {outcome.lesson for outcome in outcomes}
        record.stop([lesson for lesson in chosen if lesson not in ended])
        page = report.write(
            self.course.folder, self.root, self.lessons, record, outcomes, self.expected, seconds, self.no_receipts
        )
        return page, seconds
