"""Runs one lesson again each time its file, or the helper, is saved."""

import time
from collections.abc import Iterable
from pathlib import Path

from course.files import stamp
from course.runner.lessons import Lesson, read_lesson
from course.runner.run import Run
from course.runner.schedule import POLL


class Watched:
    """Files whose saves are noticed, also when an editor saves by replacing the file."""

    def __init__(self, paths: Iterable[Path]):
        self._paths = list(paths)
        self._seen = self._stamps()

    def changed(self) -> bool:
        """True once the files differ from what `settle` last saw."""
        return self._stamps() != self._seen

    def settle(self) -> None:
        """Wait until every file is there and none changes any more: an editor may be in the middle of a save."""
        before = None
        while (now := self._stamps()) != before or None in now:
            before = now
            time.sleep(POLL)
        self._seen = now

    def _stamps(self) -> list:
        return [stamp(path) for path in self._paths]


def watch(run: Run, lesson: Lesson, helper: Path) -> None:
    """Run the lesson, then again after each save, until Ctrl-C. A save during a run starts it over."""
    files, terminal, told = Watched([lesson.path, helper]), run.course.terminal, False
    while True:
        files.settle()
        try:
            lesson = read_lesson(lesson.path)
        except FileNotFoundError:
            continue  # replaced by an editor this very moment
        started = time.monotonic()
        outcomes = run([lesson], stop=files.changed)
        if not outcomes:
            continue  # saved before it came to its end
        page = run.write_page(outcomes, time.monotonic() - started)
        if not told:
            terminal.line(f"To look at it, open {page}, and load it again after each run.")
            told = True
        terminal.line(
            f"Watching {lesson.path.name} and {helper.name}; save one to run again, Ctrl-C to end."
        )
        while not files.changed():
            time.sleep(POLL)
