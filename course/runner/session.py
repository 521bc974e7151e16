"""One call of run_all.py: from its options to its exit code.

Nothing slow is imported here, so that --help, --list and refusals answer at once.
"""

import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from course import RefusedError
from course.runner.lessons import Lesson, find_lessons, select
from course.streams import Terminal, open_streams

# Exit codes; Ctrl-C gives 130, another signal 128 and its number.
PASSED = 0
FAILED = 1
REFUSED = 2


class StoppedError(BaseException):
    """A signal asks the run to stop; the argument is its number."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def run(options: Namespace, root: Path, make_pool: Callable | None = None) -> int:
    """Do what the options say for the course in `root`; returns the exit code."""
    open_streams()
    try:
        with _signals_stop():
            return _run(options, root, make_pool)
    except RefusedError as error:
        return _say(str(error), REFUSED)
    except StoppedError as stop:
        by_ctrl_c = stop.number == signal.SIGINT
        name = "Ctrl-C" if by_ctrl_c else signal.Signals(stop.number).name
        return _say(
            f"Stopped by {name}. Nothing runs on; what finished lessons wrote is kept.",
            128 + stop.number,
        )
    except EOFError:
        return _say(
            "The run cannot go on: the server of warm processes ends as soon as it starts.", FAILED
        )
    except OSError as error:
        # What standard output still holds could fail once more on the way out; all that matters
        # was flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read our output has left
            return FAILED
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"The run cannot go on: {where}{error.strerror or error}.", FAILED)


def _run(options: Namespace, root: Path, make_pool: Callable | None) -> int:
    _check_working_directory()
    terminal = Terminal(sys.stdout)
    lessons = find_lessons(root / "module_03")
    chosen = select(lessons, options.lessons)
    if options.list:
        for lesson in chosen:
            terminal.line(_description(lesson))
        return PASSED
    if options.watch and len(chosen) != 1:
        raise RefusedError("--watch runs one lesson; name it, as in: python run_all.py --watch 3")

    from course.runner.start import start

    return PASSED if start(options, root, lessons, chosen, terminal, make_pool) else FAILED


def _check_working_directory() -> None:
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise RefusedError(
            "The current folder was deleted; change to one that exists, as in: cd ~"
        ) from error


def _description(lesson: Lesson) -> str:
    lines = [f"{lesson.number:02}  {lesson.title}", f"    {lesson.question}"]
    for name, caption in lesson.figures.items():
        lines.append(f"      outputs/{name} - {caption}")
    return "\n".join(lines)


def _say(sentence: str, code: int) -> int:
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
    return code


@contextmanager
def _signals_stop() -> Iterator[None]:
    """Let Ctrl-C and its like raise StoppedError, unless they were ignored before."""
    last = -60.0

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal last
        if time.monotonic() - last > 5:  # pressed twice: the clean-up goes on
            last = time.monotonic()
            raise StoppedError(number)

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, stop)
    try:
        yield
    finally:
        if last < 0:
            for number in numbers:
                signal.signal(number, before[number])
