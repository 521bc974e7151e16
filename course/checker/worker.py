"""Runs one check in a process of the warm pool, and says what came of it."""

import json
import re
import secrets
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from course.checker.catalog import Exercise, read_answer
from course.files import POLL
from course.processes import Handle, Pool, describe_exit
from course.streams import Log

JUDGE = Path(__file__).with_name("judge.py")
LIMIT = 20.0  # seconds for one check
GRACE = (
    15.0  # more that the parent waits: where processes are not forked, they first import PyTorch
)
HEAD, TAIL = 4_000, 2_000  # bytes of the learner's output that are shown
MOST_OUTPUT = 20_000_000  # bytes; whoever prints more is ended before the disk is full


def make_pool(many: bool = False) -> Pool:
    """Return a pool for checks; `many` imports all that any exercise may need, which pays from the second check on."""
    preload = (
        ["course.runner.preload", "course.checker.judge"] if many else ["course.checker.judge"]
    )
    return Pool(preload=preload, env={"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"})


def check(
    pool: Pool,
    exercise: Exercise,
    seed: int,
    limit: float = LIMIT,
    show: Callable[[str], None] = lambda text: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict:
    """Check one exercise in a process of its own.

    Args:
        pool: where the process comes from.
        exercise: whose file is checked.
        seed: of all random inputs.
        limit: seconds; then the verdict is "timed out".
        show: gets what the code prints, head and tail.
        stop: asked again and again; True ends the check.

    Returns:
        What `judge` returns, with `name`, `seed` and `seconds` added. The verdict is one of: not started, syntax error,
        crashed, timed out, ended early, wrong, passed, passed with remarks; missing if the file is not there or cannot
        be read, and stopped.
    """
    result = {"name": exercise.name, "seed": seed, "seconds": 0.0}
    path = exercise.path.resolve()
    program = read_answer(path, exercise.name)
    if isinstance(program, dict):
        return {**result, **program}  # no process is needed for that
    with tempfile.TemporaryDirectory(prefix="exercise-") as name:
        folder, nonce = Path(name), secrets.token_hex(16)
        arguments = [path, exercise.name, seed, limit, folder, nonce]
        handle = pool.start(JUDGE, arguments, output=folder / "printed", time_limit=limit + GRACE)
        stopped = flooded = False
        with closing(Log(folder / "printed", HEAD, TAIL)) as log:
            while handle.wait(POLL) is None:
                show(log.read(ended=False))
                stopped, flooded = stop(), log.size > MOST_OUTPUT
                if stopped or flooded:
                    handle.kill()
            show(log.read(ended=True))
        result["seconds"] = round(handle.seconds, 3)
        if stopped:
            return {**result, "verdict": "stopped"}
        if flooded:
            text = (
                f"The code prints without end: it was stopped after {MOST_OUTPUT // 1_000_000} MB."
            )
            return {**result, "verdict": "crashed", "diagnosis": "output", "sentence": text}
        return {**result, **verdict_of(folder, nonce, handle, path, limit)}


def verdict_of(folder: Path, nonce: str, handle: Handle, path: Path, limit: float) -> dict:
    """Read the verdict that the process wrote; without one, say how it ended."""
    with suppress(
        OSError, ValueError, KeyError, AttributeError
    ):  # no verdict is none, whatever lies there
        verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        if verdict.pop("nonce") == nonce:
            return verdict
    text = ""
    with suppress(OSError):  # ended before it could begin a trace
        text = (folder / "trace").read_text(encoding="utf-8", errors="replace")
    name = str(path).encode("ascii", "backslashreplace").decode()  # as faulthandler writes it
    found = re.search(rf'File "{re.escape(name)}", line (\d+)', text)
    line, how = found and int(found[1]), describe_exit(handle.exit_code)
    if handle.timed_out or text.startswith("Timeout"):
        sentence = f"The code still ran after {limit:g} s" + (f", in line {line}." if line else ".")
        cause = "A loop that never ends, or too much work: fewer epochs, or one operation on all rows at once."
        return {"verdict": "timed out", "sentence": sentence, "cause": cause, "line": line}
    if handle.exit_code < 0 or text.startswith("Fatal"):
        sentence = f"Python itself crashed ({how})."
        return {"verdict": "crashed", "diagnosis": "killed", "sentence": sentence, "line": line}
    sentence = f"The code ended Python before the check was done ({how})."
    return {
        "verdict": "ended early",
        "sentence": sentence,
        "cause": "os._exit() or quit() ends the check with it.",
    }
