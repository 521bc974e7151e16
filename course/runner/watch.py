"""Runs one lesson again each time its file, or the helper, is saved."""

import time
from pathlib import Path

from course.files import POLL, Watched
from course.runner import report
from course.runner.lessons import Lesson, read_lesson
from course.runner.run import Runner


def watch(runner: Runner, lesson: Lesson, helper: Path) -> None:
    """Run the lesson, then again after each save, until Ctrl-C.

    A save during a run starts it over.
    """
    files = Watched([lesson.path, helper])
    terminal = runner.course.terminal
    told = False
    while True:
        files.settle()
        try:
            lesson = read_lesson(lesson.path)
        except FileNotFoundError:
            continue  # replaced by an editor this very moment
        summary = runner.run([lesson], since=time.monotonic(), stop=files.changed)
        if not summary.outcomes:
            continue  # saved before it came to its end
        page = report.write(summary)
        if not told:
            terminal.line(f"To look at it, open {page}, and load it again after each run.")
            told = True
        terminal.line(
            f"Watching {lesson.path.name} and {helper.name}; save one to run again, Ctrl-C to end."
        )
        while not files.changed():
            time.sleep(POLL)
