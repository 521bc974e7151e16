"""Runs one check in a process of the warm pool, and says what came of it."""

import json
import re
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from exercises.checker.catalog import Exercise, read_answer
from runner.pool import Handle, Pool, describe_exit

JUDGE = Path(__file__).with_name("judge.py")
LIMIT = 20.0  # seconds for one check
GRACE = 15.0  # more that the parent waits: where processes are not forked, they first import PyTorch
HEAD, TAIL = 4_000, 2_000  # bytes of the learner's output that are shown
MOST_OUTPUT = 20_000_000  # bytes; whoever prints more is ended before the disk is full


def make_pool(many: bool = False) -> Pool:
    """Return a pool for checks; `many` imports all that any exercise may need, which pays from the second check on."""
    preload = ["runner.preload", "exercises.checker.judge"] if many else ["exercises.checker.judge"]
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
        crashed, timed out, ended early, wrong, passed, passed with remarks; missing if the file is not there, and
        stopped.
    """
    result = {"name": exercise.name, "seed": seed, "seconds": 0.0}
    if not exercise.path.is_file():
        return {**result, "verdict": "missing", "sentence": f"There is no file {exercise.path}."}
    program = read_answer(exercise.path.resolve(), exercise.name)
    if isinstance(program, dict):
        return {**result, **program}  # no process is needed for that
    with tempfile.TemporaryDirectory(prefix="exercise-") as name:
        folder, nonce = Path(name), secrets.token_hex(16)
        arguments = [exercise.path.resolve(), exercise.name, seed, limit, folder, nonce]
        printed = folder / "printed"
        handle = pool.start(JUDGE, arguments, output=printed, time_limit=limit + GRACE)
        shown, stopped, flooded = 0, False, False
        while handle.wait(0.03) is None:
            shown = show_head(printed, shown, show)
            stopped, flooded = stop(), printed.stat().st_size > MOST_OUTPUT
            if stopped or flooded:
                handle.kill()
        show_tail(printed, show_head(printed, shown, show), show)
        result["seconds"] = round(handle.seconds, 3)
        if stopped:
            return {**result, "verdict": "stopped"}
        if flooded:
            text = f"The code prints without end: it was stopped after {MOST_OUTPUT // 1_000_000} MB."
            return {**result, "verdict": "crashed", "diagnosis": "output", "sentence": text}
        return {**result, **verdict_of(folder, nonce, handle, exercise.path.resolve(), limit)}


def verdict_of(folder: Path, nonce: str, handle: Handle, path: Path, limit: float) -> dict:
    """Read the verdict that the process wrote; without one, say how it ended."""
    try:
        verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        if verdict.pop("nonce") == nonce:
            return verdict
    except (OSError, ValueError, KeyError, AttributeError):
        pass  # no verdict is none, whatever lies there
    trace = folder / "trace"
    text = trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""
    lines = re.findall(rf'File "{re.escape(str(path))}", line (\d+)', text)
    line = int(lines[0]) if lines else None
    if handle.timed_out or text.startswith("Timeout"):
        sentence = f"The code still ran after {limit:g} s" + (f", in line {line}." if line else ".")
        cause = "A loop that never ends, or too much work: fewer epochs, or one operation on all rows at once."
        return {"verdict": "timed out", "sentence": sentence, "cause": cause, "line": line}
    if handle.exit_code < 0 or text.startswith("Fatal"):
        how = describe_exit(handle.exit_code)
        return {
            "verdict": "crashed",
            "diagnosis": "killed",
            "sentence": f"Python itself crashed ({how}).",
            "line": line,
        }
    sentence = f"The code ended Python before the check was done ({describe_exit(handle.exit_code)})."
    return {"verdict": "ended early", "sentence": sentence, "cause": "os._exit() or quit() ends the check with it."}


def show_head(printed: Path, shown: int, show: Callable[[str], None]) -> int:
    """Show what is new among the first bytes; returns how far it got."""
    if shown < HEAD:
        with open(printed, "rb") as file:
            file.seek(shown)
            new = file.read(HEAD - shown)
        new = new[: new.rfind(b"\n") + 1] if len(new) + shown < HEAD else new
        if new:
            show(new.decode("utf-8", "replace"))
            shown += len(new)
    return shown


def show_tail(printed: Path, shown: int, show: Callable[[str], None]) -> None:
    """Show the end of what was printed, and how much was left out."""
    size = printed.stat().st_size
    if size <= shown:
        return
    start = max(shown, size - TAIL)
    with open(printed, "rb") as file:
        file.seek(start)
        tail = file.read(size - start).decode("utf-8", "replace")
    cut = f"\n[... {start - shown} bytes left out ...]\n" if start > shown else ""
    show(f"{cut}{tail}" + ("" if tail.endswith("\n") else "\n"))
