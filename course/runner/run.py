"""A run and what it leaves behind: results.json after each lesson, and the page at its end.

The page is also written when Ctrl-C or a fault ends the run.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course.runner import report
from course.runner.expected import Expected
from course.runner.lessons import Lesson
from course.runner.record import Record
from course.runner.schedule import Course
from course.runner.summary import RunSummary
from course.runner.verdict import Outcome


@dataclass(frozen=True)
class Runner:
    """What all runs of one call of run_all.py have in common; `lessons` are all there are."""

    course: Course
    root: Path
    lessons: Sequence[Lesson]
    versions: Mapping[str, str]
    device: str
    expected: Expected

    def run(
        self,
        chosen: Sequence[Lesson],
        since: float,
        stop: Callable[[], bool] = lambda: False,
    ) -> RunSummary:
        """Run lessons until all have ended or `stop` returns True.

        Args:
            chosen: what to run; a lesson may have been read again.
            since: when the run began, by `time.monotonic`.
            stop: asked again and again.

        Returns:
            How it went; of lessons that `stop` ended there is no outcome.
        """
        read_again = {lesson.path: lesson for lesson in chosen}
        lessons = [read_again.get(lesson.path, lesson) for lesson in self.lessons]
        folder = self.course.folder
        record = Record(folder, lessons, self.versions, self.device)
        ended: list[Outcome] = []

        def keep(outcome: Outcome) -> None:
            ended.append(outcome)
            record.add(outcome)

        def summary(outcomes: list[Outcome], stopped: list[Lesson]) -> RunSummary:
            return RunSummary(
                folder=folder,
                root=self.root,
                lessons=lessons,
                record=record,
                expected=self.expected,
                outcomes=outcomes,
                stopped=stopped,
                seconds=time.monotonic() - since,
            )

        try:
            outcomes = self.course.run(chosen, record.seconds(), keep, stop)
        except BaseException:
            # Ctrl-C, a disk that is full, a reader that left: the page tells what came to its end.
            came_to_end = {outcome.lesson for outcome in ended}
            stopped = [lesson for lesson in chosen if lesson not in came_to_end]
            with suppress(OSError):
                record.stop(stopped)
                page = report.write(summary(ended, stopped))
                self.course.terminal.line(f"To look at what came to its end, open {page}")
            raise
        return summary(outcomes, [])
