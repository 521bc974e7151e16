"""Verdicts as text, with what is known about crashes and mistakes (explanations.toml)."""

import builtins
import linecache
import re
import textwrap
import tomllib
from pathlib import Path

from course.checker.catalog import Exercise, shown

WIDTH = 100
EXPLANATIONS = tomllib.loads(
    Path(__file__).with_name("explanations.toml").read_text(encoding="utf-8")
)
CRASHES: list[dict] = EXPLANATIONS["crash"]  # error, message (a pattern), meaning, mend
MISTAKES: dict[str, dict] = EXPLANATIONS["mistake"]  # diagnosis -> sentence, cause


def explain(error: BaseException) -> str:
    """Return what an exception means and how to mend it; empty where only its own message is known."""
    for crash in CRASHES:
        if isinstance(error, getattr(builtins, crash["error"])) and re.search(
            crash["message"], str(error)
        ):
            return f"{crash['meaning']} {crash['mend']}"
    return ""


def render(exercise: Exercise, result: dict, after: list[str]) -> str:
    """Write a verdict as text.

    Args:
        exercise: that was checked.
        result: of `worker.check`.
        after: the last lines: what the learner can do next.
    """
    lines = [f"-- {exercise.number} {exercise.title}: {result['verdict'].upper()}"]
    lines += wrapped(result.get("sentence", ""))
    for name in ("got", "expected", "difference", "cause"):
        lines += wrapped(result.get(name, ""), name)
    lines += learners_line(exercise, result.get("line"))
    for measured in result.get("measured", ()):
        lines += wrapped(measured, "measured")
    for remark in result.get("remarks", ()):
        lines += wrapped(f"{remark['sentence']} {remark['cause']}", "remark")
        lines += learners_line(exercise, remark.get("line"))
    if result["verdict"] in ("wrong", "crashed", "timed out"):
        lines += wrapped(f"{exercise.command} --seed {result['seed']}", "replay")
    return "\n".join(lines + after)


def learners_line(exercise: Exercise, line: int | None) -> list[str]:
    """Return where in the learner's file, and what stands there."""
    if not line:
        return []
    linecache.checkcache()
    return wrapped(
        f"{shown(exercise.path)}:{line}: {linecache.getline(str(exercise.path), line).strip()}",
        "your line",
    )


def wrapped(text: str, label: str = "") -> list[str]:
    """Return a text on lines of readable length, a label before the first; ASCII only, and no line for no text."""
    text = re.sub(r"[^ -~\s]", lambda found: ascii(found[0])[1:-1], text)
    start = f"   {label:<11}" if label else ""
    whole = {
        "break_on_hyphens": False,
        "break_long_words": False,
    }  # a path, or a command to be pasted
    return textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), **whole
    )
