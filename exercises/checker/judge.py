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

from exercises.checker.catalog import read_answer
from exercises.checker.comparing import Code, Wrong
from exercises.checker.messages import translate
from exercises.checker.watching import Watcher

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
    check = importlib.import_module(f"exercises.checks.{name}")
    watcher = Watcher(path).install()
    code = Code(path, {"__name__": "exercise", "__file__": str(path)}, seed, watcher)
    warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot be shown")
    try:
        torch.manual_seed(seed)
        exec(program, code.namespace)
        measured = check.check(code)
    except Wrong as wrong:
        return {"verdict": "wrong", "diagnosis": wrong.diagnosis, "sentence": wrong.sentence, **wrong.details}
    except NotImplementedError as error:
        line = line_in(error, path)
        if traceback.extract_tb(error.__traceback__)[-1].filename != str(path):
            return crash(error, code)  # PyTorch raises it too, for a model without forward
        return {"verdict": "not started", "sentence": "A part still raises NotImplementedError.", "line": line}
    except SystemExit as error:
        line = line_in(error, path)
        return {"verdict": "ended early", "sentence": f"The code ends Python itself ({error!r}).", "line": line}
    except BaseException as error:
        return crash(error, code)
    finally:
        watcher.remove()
    remarks = [{"diagnosis": name, **finding} for name, finding in code.remarks.items()]
    verdict = "passed with remarks" if remarks else "passed"
    return {"verdict": verdict, "measured": measured, "remarks": remarks}


def crash(error: BaseException, code: Code) -> dict:
    """Describe an exception that the learner's code raised, or that came of what it returned."""
    meaning, mend = translate(error)
    line = line_in(error, code.path)
    where = "" if line else f", in what {code.name or 'the file'} gave to the checker" if code.name else ""
    text = " ".join(str(error).split())[:600]
    return {
        "verdict": "crashed",
        "diagnosis": type(error).__name__,
        "sentence": f"{type(error).__name__}{where}: {text or '(no message)'}",
        "cause": f"{meaning} {mend}".strip(),
        "line": line or code.line(),
    }


def line_in(error: BaseException, path: Path) -> int | None:
    """Return the learner's line that is deepest in the traceback."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def write_verdict(path: str, name: str, seed: str, limit: str, folder: str, nonce: str) -> None:
    """Judge, then leave the verdict in `folder`; ends this process."""
    with open(Path(folder) / "trace", "w", encoding="utf-8") as trace:
        faulthandler.enable(trace)
        faulthandler.dump_traceback_later(float(limit), exit=True, file=trace)
        result = judge(Path(path), name, int(seed))
        faulthandler.cancel_dump_traceback_later()
    whole = Path(folder) / "verdict.json"
    part = whole.with_suffix(".tmp")
    part.write_text(json.dumps({"nonce": nonce, **result}), encoding="utf-8")
    part.replace(whole)
    sys.stdout.flush()
    os._exit(0)  # threads that the learner started need not end first


if __name__ == "__main__":
    arguments, sys.argv = sys.argv[1:], sys.argv[1:2]
    sys.path[0] = str(Path(arguments[0]).parent)
    write_verdict(*arguments)
