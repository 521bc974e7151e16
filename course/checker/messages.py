"""Results as text, with what is known about crashes and mistakes (explanations.toml)."""

import builtins
import linecache
import re
import textwrap
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from course.checker.catalog import Exercise, shown
from course.checker.verdicts import Finding, Result, Verdict

WIDTH = 100


@dataclass(frozen=True)
class Crash:
    """An exception that is known, and what to do about it."""

    error: str  # the name of its type
    message: str  # a regular expression that is found in its message
    meaning: str
    fix: str


EXPLANATIONS = tomllib.loads(
    Path(__file__).with_name("explanations.toml").read_text(encoding="utf-8")
)
CRASHES = [Crash(**entry) for entry in EXPLANATIONS["crash"]]
MISTAKES = {name: Finding(name, **entry) for name, entry in EXPLANATIONS["mistake"].items()}


def mistake(diagnosis: str, line: int | None) -> Finding:
    """Return a known mistake, found in a line of the learner's file."""
    return replace(MISTAKES[diagnosis], line=line)


def explain(error: BaseException) -> str:
    """Return what an exception means and how to fix it; empty for an unknown one."""
    for crash in CRASHES:
        same_type = isinstance(error, getattr(builtins, crash.error))
        if same_type and re.search(crash.message, str(error)):
            return f"{crash.meaning} {crash.fix}"
    return ""


def render(exercise: Exercise, result: Result, after: list[str]) -> str:
    """Write a result as text.

    Args:
        exercise: that was checked.
        result: what came of it.
        after: the last lines: what the learner can do next.
    """
    finding = result.finding
    lines = [f"-- {exercise.number} {exercise.header.title}: {result.verdict.upper()}"]
    lines += wrapped(finding.sentence)
    lines += wrapped(finding.got, "got")
    lines += wrapped(finding.expected, "expected")
    lines += wrapped(finding.difference, "difference")
    lines += wrapped(finding.cause, "cause")
    lines += learners_line(exercise, finding.line)
    for measured in result.measured:
        lines += wrapped(measured, "measured")
    for remark in result.remarks:
        lines += wrapped(f"{remark.sentence} {remark.cause}", "remark")
        lines += learners_line(exercise, remark.line)
    if result.verdict in (Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT):
        lines += wrapped(f"{exercise.command} --seed {result.seed}", "replay")
    return "\n".join(lines + after)


def learners_line(exercise: Exercise, line: int | None) -> list[str]:
    """Return where in the learner's file, and what stands there."""
    if not line:
        return []
    linecache.checkcache()
    code = linecache.getline(str(exercise.path), line).strip()
    return wrapped(f"{shown(exercise.path)}:{line}: {code}", "your line")


def wrapped(text: str, label: str = "") -> list[str]:
    """Return a text in ASCII on lines of readable length, a label before the first one."""
    text = re.sub(r"[^ -~\s]", lambda found: ascii(found[0])[1:-1], text)
    start = f"   {label:<11}" if label else ""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,  # a path, or a command to be pasted, stays whole
        break_long_words=False,
    )
