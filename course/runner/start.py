"""Prepares a run, brings it to its end, and says how it went."""

import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from course import RefusedError
from course.files import OutputFolder, temporary
from course.processes import Pool, describe_exit
from course.runner import expected, receipts, record, report
from course.runner.lessons import Lesson
from course.runner.run import Runner
from course.runner.schedule import Course
from course.runner.summary import RunSummary
from course.runner.watch import watch
from course.streams import Terminal, last_line

PATIENCE = 120  # seconds until a device is known; importing PyTorch takes a few


def start(
    options: Namespace,
    root: Path,
    lessons: Sequence[Lesson],
    chosen: Sequence[Lesson],
    terminal: Terminal,
    make_pool: Callable | None,
) -> bool:
    """Run the chosen ones of all lessons; returns whether all that was asked for is as it must be.

    Raises:
        RefusedError: something that the run needs is missing.
    """
    versions = record.versions(root)
    promised = _load_expected(root, must_be_there=options.check)
    folder = OutputFolder(options.output_dir)
    env = _environment(options, folder)
    with folder.hold(), (make_pool or _warm_pool)(path=[root], env=env) as pool:
        since = time.monotonic()
        terminal.status(
            "Starting: importing PyTorch, scikit-learn and Matplotlib, once for all lessons ..."
        )
        try:
            device = _ask_device(pool, folder)
        except RefusedError:
            if not options.watch:
                raise
            device = options.device  # the lesson shows what is wrong, and a save may fix it
        finally:
            terminal.status("")
        course = Course(pool, folder, terminal, options.jobs, options.timeout)
        runner = Runner(course, root, lessons, versions, device, promised)
        if options.watch:
            watch(runner, chosen[0], root / "helper_functions.py")
        summary = runner.run(chosen, since)
        passed = _say_how_it_went(summary, terminal)
        if options.check:
            compared = [receipt for found in summary.receipts.values() for receipt in found]
            if not options.lessons:
                compared += summary.gone
            terminal.line()
            terminal.line(receipts.table(compared))
            passed = passed and all(receipt.met for receipt in compared)
        terminal.line(f"To look at it all, open {report.write(summary)}")
    return passed


def _load_expected(root: Path, must_be_there: bool) -> expected.Expected:
    """The receipts; unless they must be there, a page without them says why."""
    try:
        return expected.load(root / "module_03" / "expected_results.toml")
    except RefusedError as error:
        if must_be_there:
            raise
        return expected.Expected(problem=str(error))


def _environment(options: Namespace, folder: OutputFolder) -> dict[str, str]:
    """The environment variables of every lesson."""
    env = {
        "OUTPUT_DIR": str(folder.path),
        "COURSE_DEVICE": options.device,
        "MPLBACKEND": "Agg",
        # Tensors this small gain nothing from more threads, and threads do not survive a fork.
        "OMP_NUM_THREADS": "1",
    }
    if options.watch:
        # Two saves within a second would share one compiled helper.
        env["PYTHONDONTWRITEBYTECODE"] = "1"
    return env


def _warm_pool(**how) -> Pool:
    return Pool(preload=["course.runner.preload"], **how)


def _ask_device(pool: Pool, folder: OutputFolder) -> str:
    """The device that lessons will use.

    The answer is also the first proof that the helper and PyTorch can be imported.

    Raises:
        RefusedError: there is no such device, or the helper cannot be imported.
    """
    answer = temporary(folder.logs / "device")
    script = Path(__file__).with_name("device.py")
    handle = pool.start(script, output=answer, time_limit=PATIENCE)
    code = handle.wait()
    if code is None or handle.timed_out:
        raise RefusedError(
            f"No lesson can run: importing the helper and PyTorch takes more than {PATIENCE} s."
        )
    last = last_line(answer.read_text(encoding="utf-8", errors="replace"))
    if code == 0:
        return last
    why = last.removeprefix("ValueError: ") or describe_exit(code)
    raise RefusedError(f"No lesson can run: {why}")


def _say_how_it_went(summary: RunSummary, terminal: Terminal) -> bool:
    """Print the closing table, and each failure again; returns whether all lessons passed."""
    terminal.line(record.table(summary.outcomes))
    for outcome in summary.failed:
        terminal.line(f"FAILED {outcome.lesson.name}: {outcome.reason}")
    count = len(summary.outcomes)
    passed = count - len(summary.failed)
    terminal.line(
        f"{passed} of {count} lessons ok in {summary.seconds:.1f} s; "
        f"figures, results and logs are in {summary.folder.path}"
    )
    return passed == count
