"""What a process of the pool does: load the learner's code, check it, and write the verdict.

A pass exists only as a file that this process writes when the check is done: whatever else ends
the process, an exit code of 0 included, is not a pass. The process has one time limit; when it is
over, `faulthandler` notes the line that was running, which nothing in Python can catch or delay,
and ends the process.
"""

import faulthandler
import importlib
import json
import os
import sys
import traceback
import warnings
from dataclasses import replace
from pathlib import Path

import torch

from course.checker.catalog import Exercise, read_answer
from course.checker.comparing import WrongAnswerError
from course.checker.learners_code import Code
from course.checker.messages import explain
from course.checker.verdicts import Finding, Result, Verdict
from course.files import write_whole

MOST_CHARACTERS = 600  # of an exception's message that are shown

torch.set_num_threads(1)


def judge(path: Path, name: str, seed: int) -> Result:
    """Check one file.

    Args:
        path: the learner's file.
        name: of the exercise.
        seed: of all random inputs.
    """
    program = read_answer(Exercise(name, path))
    if isinstance(program, Result):
        return program
    code = Code(path, {"__name__": "exercise", "__file__": str(path)}, seed)
    warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot be shown")
    try:
        check = importlib.import_module(f"course.checker.checks.{name}")
        torch.manual_seed(seed)
        exec(program, code.namespace)
        measured = check.check(code)
    except WrongAnswerError as error:
        return Result(Verdict.WRONG, with_line(error.finding, code.line()))
    except BaseException as error:
        return verdict_on(error, code)
    verdict = Verdict.REMARKS if code.remarks else Verdict.PASSED
    return Result(verdict, measured=tuple(measured), remarks=tuple(code.remarks.values()))


def with_line(finding: Finding, line: int | None) -> Finding:
    """Return a finding that names a line of the learner's file, its own or else `line`."""
    return replace(finding, line=finding.line or line)


def verdict_on(error: BaseException, code: Code) -> Result:
    """Return the result where an exception ended the check."""
    trace = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in trace if frame.filename == str(code.path)]
    line = lines[-1] if lines else None
    raised_by_learner = trace[-1].filename == str(code.path)
    if isinstance(error, NotImplementedError) and raised_by_learner:  # PyTorch raises it too
        sentence = "A part still raises NotImplementedError."
        return Result(Verdict.NOT_STARTED, Finding(sentence=sentence, line=line))
    if isinstance(error, SystemExit):
        sentence = f"The code ends Python itself ({error!r})."
        return Result(Verdict.ENDED_EARLY, Finding(sentence=sentence, line=line))
    kind = type(error).__name__
    text = " ".join(str(error).split())[:MOST_CHARACTERS] or "(no message)"
    if not line and not code.name:  # nothing of the learner's has run
        sentence = f"The checker itself failed. {kind}: {text}"
        cause = "Install what requirements.txt names, into the environment of this Python."
        return Result(Verdict.CRASHED, Finding(sentence=sentence, cause=cause))
    where = "" if line else f", in what {code.name} gave to the checker"
    sentence = f"{kind}{where}: {text}"
    finding = Finding(kind, sentence, cause=explain(error), line=line or code.line())
    return Result(Verdict.CRASHED, finding)


def write_verdict(path: str, name: str, seed: str, limit: str, folder: str) -> None:
    """Judge, then leave the verdict in `folder`; ends this process."""
    with open(Path(folder) / "trace", "w", encoding="utf-8") as trace:
        faulthandler.enable(trace)
        faulthandler.dump_traceback_later(float(limit), exit=True, file=trace)
        result = judge(Path(path), name, int(seed))
        faulthandler.cancel_dump_traceback_later()
    write_whole(Path(folder) / "verdict.json", json.dumps(result.as_json()))
    sys.stdout.flush()
    os._exit(0)  # threads that the learner started need not end first


if __name__ == "__main__":
    arguments, sys.argv = sys.argv[1:], sys.argv[1:2]
    sys.path[0] = str(Path(arguments[0]).parent)
    write_verdict(*arguments)
