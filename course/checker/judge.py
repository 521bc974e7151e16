"""What a process of the pool does: load the learner's code, check it, and write the verdict.

A pass exists only as a file with the number that the parent drew for this run: whatever else ends this process, an exit
code of 0 included, is no pass. The process has one time limit; when it is over, `faulthandler` notes the line that was
running, which nothing in Python can catch or delay, and ends the process.
"""

import faulthandler
import importlib
import json
import os
import sys
import traceback
import warnings
from pathlib import Path

import torch

from course.checker.catalog import read_answer
from course.checker.comparing import Code, Wrong
from course.checker.messages import explain
from course.checker.watching import Watcher
from course.files import write_whole

torch.set_num_threads(1)


def judge(path: Path, name: str, seed: int) -> dict:
    """Check one file.

    Args:
        path: the learner's file.
        name: of the exercise.
        seed: of all random inputs.

    Returns:
        `verdict`, and as far as there is something to say `diagnosis`, `sentence`, `got`, `expected`, `difference`,
        `cause`, `line`, `measured` (sentences) and `remarks` (diagnosis, sentence, cause, line each).
    """
    program = read_answer(path, name)
    if isinstance(program, dict):
        return program
    code = Code(path, {"__name__": "exercise", "__file__": str(path)}, seed, Watcher(path))
    warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot be shown")
    try:
        check = importlib.import_module(f"course.checker.checks.{name}")
        torch.manual_seed(seed)
        exec(program, code.namespace)
        measured = check.check(code)
    except BaseException as error:
        return verdict_on(error, code)
    remarks = [{"diagnosis": name, **finding} for name, finding in code.remarks.items()]
    return {
        "verdict": "passed with remarks" if remarks else "passed",
        "measured": measured,
        "remarks": remarks,
    }


def verdict_on(error: BaseException, code: Code) -> dict:
    """Return the verdict where an exception ended the check."""
    if isinstance(error, Wrong):
        found = {
            "diagnosis": error.diagnosis,
            "sentence": error.sentence,
            "line": code.line(),
            **error.details,
        }
        return {"verdict": "wrong", **found}
    trace = traceback.extract_tb(error.__traceback__)
    line = next(
        (frame.lineno for frame in reversed(trace) if frame.filename == str(code.path)), None
    )
    if isinstance(error, NotImplementedError) and trace[-1].filename == str(
        code.path
    ):  # PyTorch raises it too
        return {
            "verdict": "not started",
            "sentence": "A part still raises NotImplementedError.",
            "line": line,
        }
    if isinstance(error, SystemExit):
        return {
            "verdict": "ended early",
            "sentence": f"The code ends Python itself ({error!r}).",
            "line": line,
        }
    kind, text = type(error).__name__, " ".join(str(error).split())[:600] or "(no message)"
    if not line and not code.name:  # nothing of the learner's has run
        cause = "Install what requirements.txt names, into the environment of this Python."
        return {
            "verdict": "crashed",
            "sentence": f"The checker itself failed. {kind}: {text}",
            "cause": cause,
        }
    where = "" if line else f", in what {code.name} gave to the checker"
    found = {"diagnosis": kind, "sentence": f"{kind}{where}: {text}", "cause": explain(error)}
    return {"verdict": "crashed", **found, "line": line or code.line()}


def write_verdict(path: str, name: str, seed: str, limit: str, folder: str, nonce: str) -> None:
    """Judge, then leave the verdict in `folder`; ends this process."""
    with open(Path(folder) / "trace", "w", encoding="utf-8") as trace:
        faulthandler.enable(trace)
        faulthandler.dump_traceback_later(float(limit), exit=True, file=trace)
        result = judge(Path(path), name, int(seed))
        faulthandler.cancel_dump_traceback_later()
    write_whole(Path(folder) / "verdict.json", json.dumps({"nonce": nonce, **result}))
    sys.stdout.flush()
    os._exit(0)  # threads that the learner started need not end first


if __name__ == "__main__":
    arguments, sys.argv = sys.argv[1:], sys.argv[1:2]
    sys.path[0] = str(Path(arguments[0]).parent)
    write_verdict(*arguments)
