"""One call of run_all.py: from its options to its exit code."""

import os
import re
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

from course import RefusedError
from course.runner.lessons import Lesson, find_lessons, select
from course.streams import Terminal, last_line, open_streams

PASSED, FAILED, REFUSED = 0, 1, 2  # exit codes; Ctrl-C gives 130, another signal 128 and its number


class Stopped(BaseException):
    """A signal asks the run to stop; the argument is its number."""


def run(options: Namespace, root: Path, make_pool: Callable | None = None) -> int:
    """Do what the options say for the course in `root`; returns the exit code."""
    open_streams()
    try:
        with _signals_stop():
            return _run(options, root, make_pool)
    except RefusedError as error:
        return _say(error, REFUSED)
    except Stopped as stop:
        name = "Ctrl-C" if stop.args[0] == signal.SIGINT else signal.Signals(stop.args[0]).name
        return _say(
            f"Stopped by {name}. Nothing runs on; what finished lessons wrote is kept.",
            128 + stop.args[0],
        )
    except EOFError:
        return _say(
            "The run cannot go on: the server of warm processes ends as soon as it starts.", FAILED
        )
    except OSError as error:
        # What standard output still holds could fail once more on the way out; all that matters was flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read our output has left
            return FAILED
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"The run cannot go on: {where}{error.strerror or error}.", FAILED)


def _run(options: Namespace, root: Path, make_pool: Callable | None) -> int:
    terminal = Terminal(sys.stdout)
    lessons = find_lessons(root / "module_03")
    chosen = select(lessons, options.lessons)
    if options.list:
        terminal.line("\n".join(map(_description, chosen)))
        return PASSED
    if options.watch and len(chosen) != 1:
        raise RefusedError("--watch runs one lesson; name it, as in: python run_all.py --watch 3")

    # Imported here, so that --list and refusals answer at once.
    from course.files import OutputFolder
    from course.processes import Pool
    from course.runner import receipts, record
    from course.runner.run import Run
    from course.runner.schedule import Course
    from course.runner.watch import watch

    make_pool = make_pool or (lambda **how: Pool(preload=["course.runner.preload"], **how))
    versions = record.versions(root)
    expected, no_receipts = {}, ""
    try:
        expected = receipts.load(root / "module_03" / "expected_results.toml")
    except RefusedError as error:
        if options.check:
            raise
        no_receipts = str(error)  # the report says so
    folder = OutputFolder(options.output_dir)
    # One thread a process: tensors this small gain nothing from more, and threads do not survive a fork.
    env = {
        "OUTPUT_DIR": str(folder.path),
        "COURSE_DEVICE": options.device,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
    }
    if options.watch:
        env["PYTHONDONTWRITEBYTECODE"] = (
            "1"  # two saves within a second would share one compiled helper
        )
    with folder.hold(), make_pool(path=[root], env=env) as pool:
        course = Course(pool, folder, terminal, options.jobs, options.timeout)
        started = time.monotonic()
        terminal.status(
            "Starting: importing PyTorch, scikit-learn and Matplotlib, once for all lessons ..."
        )
        try:
            device = _ask_device(pool, folder)
        except RefusedError:
            if not options.watch:
                raise
            device = (
                options.device
            )  # --watch goes on: the lesson shows what is wrong, and a save may mend it
        finally:
            terminal.status("")

        run = Run(course, root, lessons, versions, device, expected, no_receipts)
        if options.watch:
            watch(run, chosen[0], root / "helper_functions.py")
        outcomes = run(chosen)
        seconds = time.monotonic() - started
        failed = [outcome for outcome in outcomes if outcome.reason]
        terminal.line(record.table(outcomes))
        for outcome in failed:
            terminal.line(f"FAILED {outcome.lesson.name}: {outcome.reason}")
        terminal.line(
            f"{len(outcomes) - len(failed)} of {len(outcomes)} lessons ok in {seconds:.1f} s; "
            f"figures, results and logs are in {folder.path}"
        )
        passed = not failed
        if options.check:
            compared = receipts.compare(
                expected, outcomes, every=None if options.lessons else lessons
            )
            terminal.line()
            terminal.line(receipts.table(compared))
            passed &= all(receipt.verdict == receipts.MET for receipt in compared)
        terminal.line(f"To look at it all, open {run.write_page(outcomes, seconds)}")
    return PASSED if passed else FAILED


def _ask_device(pool, folder) -> str:
    """The device that lessons will use; also the first proof that the helper and PyTorch can be imported.

    Raises:
        RefusedError: there is no such device, or the helper cannot be imported.
    """
    from course.files import temporary
    from course.processes import describe_exit

    answer = temporary(folder.logs / "device")
    handle = pool.start(Path(__file__).with_name("device.py"), output=answer, time_limit=120)
    code = handle.wait()
    last = last_line(answer.read_text(encoding="utf-8", errors="replace")) or describe_exit(code)
    if handle.timed_out:
        raise RefusedError(
            "No lesson can run: importing the helper and PyTorch takes more than 120 s."
        )
    if code != 0:
        raise RefusedError("No lesson can run: " + re.sub(r"^ValueError: ", "", last))
    return last


def _description(lesson: Lesson) -> str:
    figures = "".join(
        f"\n      outputs/{name} - {caption}" for name, caption in lesson.figures.items()
    )
    return f"{lesson.number:02}  {lesson.title}\n    {lesson.question}{figures}"


def _say(sentence, code: int) -> int:
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
    return code


@contextmanager
def _signals_stop():
    last = -60.0

    def stop(number, _):
        nonlocal last
        if time.monotonic() - last > 5:  # pressed twice: the clean-up goes on
            last = time.monotonic()
            raise Stopped(number)

    numbers = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]
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
