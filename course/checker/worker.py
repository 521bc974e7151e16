"""Runs one check in a process of the warm pool, and says what came of it."""

import json
import re
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from course.checker.catalog import Exercise, read_answer
from course.checker.verdicts import Finding, Result, Verdict, read_result
from course.files import POLL
from course.processes import Handle, Pool, describe_exit
from course.streams import Log

JUDGE = Path(__file__).with_name("judge.py")
LIMIT = 20.0  # seconds for one check
GRACE = (
    15.0  # seconds more that the parent waits: a process that is not forked first imports PyTorch
)
HEAD, TAIL = 4_000, 2_000  # bytes of the learner's output that are shown
MOST_OUTPUT = 20_000_000  # bytes; whoever prints more is ended before the disk is full


def make_pool(many: bool = False) -> Pool:
    """Return a pool; `many` imports all that exercises need, which pays for several checks."""
    preload = ["course.checker.judge"]
    if many:
        preload = ["course.runner.preload", *preload]
    return Pool(preload=preload, env={"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"})


def check(
    pool: Pool,
    exercise: Exercise,
    seed: int,
    limit: float = LIMIT,
    show: Callable[[str], None] = lambda text: None,
    stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Check one exercise in a process of its own.

    Args:
        pool: where the process comes from.
        exercise: whose file is checked.
        seed: of all random inputs.
        limit: seconds; then the verdict is "timed out".
        show: gets what the code prints, head and tail.
        stop: asked again and again; True ends the check.
    """
    exercise = replace(exercise, path=exercise.path.resolve())
    program = read_answer(exercise)
    if isinstance(program, Result):
        return replace(program, name=exercise.name, seed=seed)  # no process is needed for that
    with tempfile.TemporaryDirectory(prefix="exercise-") as name:
        folder = Path(name)
        arguments: list[str | Path] = [exercise.path, exercise.name, str(seed), str(limit), folder]
        printed = folder / "printed"
        handle = pool.start(JUDGE, arguments, output=printed, time_limit=limit + GRACE)
        result = None
        with closing(Log(printed, HEAD, TAIL)) as log:
            while handle.wait(POLL) is None:
                show(log.read(ended=False))
                result = reason_to_end(stop(), log.size)
                if result is not None:
                    handle.kill()
            show(log.read(ended=True))
        result = result or verdict_of(folder, handle, exercise.path, limit)
    seconds = round(handle.seconds, 3)
    return replace(result, name=exercise.name, seed=seed, seconds=seconds)


def reason_to_end(stopped: bool, printed: int) -> Result | None:
    """Return the result where a check is ended from outside; None lets it go on."""
    if stopped:
        return Result(Verdict.STOPPED)
    if printed <= MOST_OUTPUT:
        return None
    megabytes = MOST_OUTPUT // 1_000_000
    sentence = f"The code prints without end: it was stopped after {megabytes} MB."
    return Result(Verdict.CRASHED, Finding("output", sentence))


def verdict_of(folder: Path, handle: Handle, path: Path, limit: float) -> Result:
    """Read the verdict that the process wrote; without one, say how it ended."""
    with suppress(OSError, ValueError, KeyError, TypeError):  # whatever else lies there is none
        return read_result(json.loads((folder / "verdict.json").read_text(encoding="utf-8")))
    trace = ""
    with suppress(OSError):  # ended before it could begin a trace
        trace = (folder / "trace").read_text(encoding="utf-8", errors="replace")
    line = line_in_trace(trace, path)
    exit_code = handle.exit_code or 0
    how = describe_exit(exit_code)
    if handle.timed_out or trace.startswith("Timeout"):
        where = f", in line {line}" if line else ""
        sentence = f"The code still ran after {limit:g} s{where}."
        cause = (
            "A loop that never ends, or too much work: fewer "
            "epochs, or one operation on all rows at once."
        )
        return Result(Verdict.TIMED_OUT, Finding(sentence=sentence, cause=cause, line=line))
    if exit_code < 0 or trace.startswith("Fatal"):
        sentence = f"Python itself crashed ({how})."
        return Result(Verdict.CRASHED, Finding("killed", sentence, line=line))
    sentence = f"The code ended Python before the check was done ({how})."
    cause = "os._exit() or quit() ends the check with it."
    return Result(Verdict.ENDED_EARLY, Finding(sentence=sentence, cause=cause))


def line_in_trace(trace: str, path: Path) -> int | None:
    """Return the line of the learner's file that a trace of `faulthandler` names."""
    name = str(path).encode("ascii", "backslashreplace").decode()  # as faulthandler writes it
    found = re.search(rf'File "{re.escape(name)}", line (\d+)', trace)
    return int(found[1]) if found else None
