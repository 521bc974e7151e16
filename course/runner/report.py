"""index.html: what a run did, on one page that opens from disk and asks nothing of other places.

The page is made of what a run leaves behind: results.json, results/, logs/ and the figures. So it
also shows lessons that ran earlier, marked as such. Whatever a lesson prints or saves is shown as
text, never obeyed.
"""

import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from course.files import OutputFolder, write_whole
from course.runner.lessons import Lesson
from course.runner.receipts import Receipt, count_rows
from course.runner.summary import RunSummary
from course.runner.verdict import Outcome, read_results
from course.streams import Log
from course.text import cut, plain

LOG_HEAD = 40_000  # bytes of a log that the page holds at most, from its begin ...
LOG_TAIL = 20_000  # ... and from its end
LAST_LINES = 12  # of a failed lesson's log that stand unfolded, if no traceback ends it
LONGEST = 500  # characters of a title, a name or a reason

GUIDE = re.compile(
    r"^\| *\[(?P<title>[^]]+)\]\((?P<file>[^)\s]+\.md)\) *\|(?P<lessons>[^|]+)\|", re.MULTILINE
)
TRACEBACK = "Traceback (most recent call last):"
CHAINED = ("another exception occurred:", "direct cause of the following exception:")

# What to do, by a pattern of the reason; the first that is found counts.
ADVICE = {
    r"ModuleNotFoundError": (
        "Python did not find a module. Check the name after import. If it is right, install what "
        "the course needs: python -m pip install -r requirements.txt"
    ),
    r"^exit code": (
        "Read the last line first: it says what went wrong. The lines above it say where."
    ),
    r"^still running": (
        "Look for a loop that does not end. If there is none, give the lesson more --timeout."
    ),
    r"^printed more": "Look for a print inside a loop, and print only every so many rounds.",
    r"^killed by": (
        "The system ended the lesson, most often because memory ran out. Use less data or smaller "
        "layers."
    ),
    r"": (
        "A lesson must write every file that its header names under Writes, by save_figure, and "
        "its results, by save_results. Check that both calls are reached and that the names agree."
    ),
}


class Guide(NamedTuple):
    """A guide that goes with a lesson."""

    title: str
    path: Path


class LogExcerpt(NamedTuple):
    """What the page shows of a log, and the size of the whole in bytes."""

    text: str
    size: int


@dataclass
class Earlier:
    """How a lesson went when it ran last.

    `changed` says whether its results were saved again since then.
    """

    outcome: Outcome
    ran: datetime
    changed: bool = False


def write(summary: RunSummary) -> Path:
    """Write index.html into the output folder; returns its path."""
    path = summary.folder.path / "index.html"
    write_whole(path, render(page(summary)))
    return path


def render(values: Mapping[str, Any]) -> str:
    """The page as HTML.

    Raises:
        jinja2.UndefinedError: the template uses a name that `values` lacks.
    """
    import jinja2  # only here: nothing else in run_all.py needs it

    def show(value: Any) -> Any:
        is_markup = hasattr(value, "__html__")
        return plain(value) if isinstance(value, str) and not is_markup else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=show,  # every text that the template prints passes here
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(values)


def page(summary: RunSummary) -> dict[str, Any]:
    """What the template shows."""
    guides = find_guides(summary.root / "docs")
    sections = []
    for lesson in summary.lessons:
        sections.append(_section(summary, lesson, guides.get(lesson.number, [])))
    shown = [section["run"] for section in sections if section["run"]]
    receipts = [receipt for run in shown for receipt in run["receipts"]] + summary.gone
    rows = count_rows(receipts)
    return {
        "now": datetime.now().astimezone(),
        "versions": summary.record.versions,
        "device": summary.record.device,
        "seconds": summary.seconds,
        "lessons": sections,
        "n_run": len(summary.outcomes),
        "stopped": [f"{lesson.number:02}" for lesson in summary.stopped],
        "shown": len(shown),
        "failed": sum(bool(run["reason"]) for run in shown),
        "met": sum(receipt.met for receipt in receipts),
        "receipts": len(receipts),
        "rows_met": rows.met,
        "rows": rows.all,
        "gone": [_short(receipt.name) for receipt in summary.gone],
        "no_receipts": _short(summary.expected.problem),
    }


def read_log(path: Path) -> LogExcerpt:
    """A log; of a long one the begin and the end. It is empty if there is no such file."""
    try:
        log = Log(path, LOG_HEAD, LOG_TAIL)
        try:
            text = log.read(ended=True)
            return LogExcerpt(plain(text).strip("\n"), log.size)
        finally:
            log.close()
    except OSError:
        return LogExcerpt("", 0)


def last_words(log: str, reason: str) -> str:
    """What tells most about a failure.

    That is the traceback that ended the lesson, with its causes, else the last lines.
    """
    start = log.rfind(TRACEBACK)
    if start < 0 or not reason.startswith("exit code"):
        return "\n".join(log.splitlines()[-LAST_LINES:])
    while log[:start].rstrip().endswith(CHAINED):
        earlier = log.rfind(TRACEBACK, 0, start)
        if earlier < 0:
            break
        start = earlier
    return log[start:]


def find_guides(docs: Path) -> dict[int, list[Guide]]:
    """The guides that go with each lesson's number, from the tables of docs/README.md.

    There are none if it is not there.
    """
    found: dict[int, list[Guide]] = {}
    try:
        text = (docs / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return found
    for row in GUIDE.finditer(text):
        guide = Guide(row["title"], docs / row["file"])
        for number in re.findall(r"module_03/(\d\d)_", row["lessons"]):
            found.setdefault(int(number), []).append(guide)
    return found


def _section(summary: RunSummary, lesson: Lesson, guides: Sequence[Guide]) -> dict[str, Any]:
    """A lesson's part of the page."""
    folder = summary.folder
    entry = summary.record.lessons.get(lesson.name)
    fresh = next((one for one in summary.outcomes if one.lesson == lesson), None)
    earlier = None
    run = None
    if fresh is not None:
        run = _run(fresh, summary.receipts[lesson.name], folder)
    elif entry is not None:
        earlier = _earlier(lesson, entry, folder)
        if earlier is not None:
            outcome = earlier.outcome
            run = _run(outcome, summary.expected.compare(outcome), folder)
    return {
        "number": f"{lesson.number:02}",
        "title": _short(lesson.title),
        "question": _short(lesson.question),
        "script": _link(lesson.path, folder.path),
        "guides": [
            {"title": _short(guide.title), "href": _link(guide.path, folder.path)}
            for guide in guides
        ],
        "player": _file(folder.path / "players" / f"{lesson.name}.html", folder.path),
        "run": run,
        "ran": earlier and earlier.ran,
        "older": fresh is None,
        "stopped": lesson in summary.stopped or bool(entry and entry.get("stopped")),
        "changed": bool(earlier and earlier.changed),
    }


def _run(outcome: Outcome, receipts: Sequence[Receipt], folder: OutputFolder) -> dict[str, Any]:
    """How a lesson went."""
    lesson = outcome.lesson
    shown = [
        replace(
            receipt,
            name=_short(receipt.name),
            got=_short(receipt.got),
            source=_short(receipt.source),
        )
        for receipt in receipts
    ]
    reason = outcome.reason
    path = folder.logs / f"{lesson.name}.log"
    log = read_log(path)
    return {
        "reason": _short(reason),
        "advice": _advice(reason) if reason else "",
        "last_words": last_words(log.text, reason) if reason else "",
        "seconds": outcome.seconds,
        "receipts": shown,
        "met": sum(receipt.met for receipt in shown),
        "sources": list(dict.fromkeys(receipt.source for receipt in shown if receipt.source)),
        "results": {_short(name): _short(str(value)) for name, value in outcome.results.items()},
        "figures": [_figure(folder, lesson, name) for name in outcome.figures],
        "not_written": [_short(name) for name in lesson.figures if name not in outcome.figures],
        "log": log.text,
        "log_lines": len(log.text.split("\n")) if log.text else 0,
        "log_bytes": log.size,
        "log_file": _file(path, folder.path),
    }


def _advice(reason: str) -> str:
    return next(advice for pattern, advice in ADVICE.items() if re.search(pattern, reason))


def _earlier(lesson: Lesson, entry: Mapping[str, Any], folder: OutputFolder) -> Earlier | None:
    """A lesson as results.json has it; None if the entry was written by another program."""
    try:
        ran = datetime.fromisoformat(entry["ran"]).astimezone()
        figures = [str(name) for name in entry["figures"]]
        seconds = float(entry["seconds"])
        outcome = Outcome(lesson, str(entry["reason"]), seconds, figures, dict(entry["results"]))
    except (LookupError, TypeError, ValueError, ArithmeticError, OSError):
        return None
    earlier = Earlier(outcome, ran)
    try:
        saved = read_results(folder.results / f"{lesson.name}.json")
    except ValueError:
        return earlier
    if saved.results == outcome.results:
        outcome.histories = saved.histories
    else:
        earlier.changed = not outcome.reason
    return earlier


def _figure(folder: OutputFolder, lesson: Lesson, name: str) -> dict[str, Any]:
    caption = lesson.figures.get(name) or f"Figure of lesson {lesson.number:02}: {lesson.title}"
    return {
        "name": _short(name),
        "href": _file(folder.path / name, folder.path),
        "caption": _short(caption),
        "size": _size_of_png(folder.path / name),
    }


def _size_of_png(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels; None if they cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(24)
        if head[12:16] != b"IHDR":
            return None
        width, height = struct.unpack(">II", head[16:])
    except (OSError, ValueError, struct.error):
        return None
    return width, height


def _file(path: Path, start: Path) -> str:
    """A link to a file that is there, else an empty text."""
    try:
        return _link(path, start) if path.is_file() else ""
    except (OSError, ValueError):
        return ""  # a name that no file can have


def _link(path: Path, start: Path) -> str:
    try:
        return quote(os.fsencode(Path(os.path.relpath(path, start)).as_posix()))
    except ValueError:
        return path.absolute().as_uri()  # Windows: on another drive


def _short(text: str) -> str:
    return cut(text, LONGEST)
