"""index.html: what a run did, on one page that opens from disk and asks nothing of any other place.

The page is made of what a run leaves behind: results.json, results/, logs/ and the figures. So it also shows lessons
that ran earlier, marked as such. Whatever a lesson prints or saves is shown as text, never obeyed.
"""

import os
import re
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from course.files import OutputFolder, write_whole
from course.runner import receipts
from course.runner.lessons import Lesson
from course.runner.record import Record
from course.runner.verdict import Outcome, read_results

LOG_HEAD, LOG_TAIL = (
    40_000,
    20_000,
)  # bytes of a log that the page holds at most, from its begin and from its end
LAST_LINES = (
    12  # of a failed lesson's log that are shown unfolded, if it did not end with a traceback
)
LONGEST = 500  # characters of a title, a name or a reason

ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?|\x9b[0-?]*[ -/]*[@-~]"
)
# Control characters but tab and newline, halves of surrogate pairs, and what turns the direction of writing around.
UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
GUIDE = re.compile(r"^\| *\[([^]]+)\]\(([^)\s]+\.md)\) *\|([^|]+)\|", re.MULTILINE)

ADVICE = (  # the first whose pattern is found in the reason
    (
        r"ModuleNotFoundError",
        "Python did not find a module. Check the name after import. If it is right, install what the course needs: "
        "python -m pip install -r requirements.txt",
    ),
    (
        r"^exit code",
        "Read the last line first: it says what went wrong. The lines above it say where.",
    ),
    (
        r"^still running",
        "Look for a loop that does not end. If there is none, give the lesson more --timeout.",
    ),
    (r"^printed more", "Look for a print inside a loop, and print only every so many rounds."),
    (
        r"^killed by",
        "The system ended the lesson, most often because memory ran out. Use less data or smaller layers.",
    ),
    (
        r"",
        "A lesson must write every file that its header names under Writes, by save_figure, and its results, by "
        "save_results. Check that both calls are reached and that the names agree.",
    ),
)


def write(
    folder: OutputFolder,
    root: Path,
    lessons: Sequence[Lesson],
    record: Record,
    outcomes: Sequence[Outcome],
    expected: Mapping,
    seconds: float,
    no_receipts: str = "",
) -> Path:
    """Write index.html into the output folder; returns its path.

    Args:
        folder: where the run wrote.
        root: the course's folder, whose lessons and guides are linked.
        lessons: all lessons of the course, in order.
        record: what results.json says of them.
        outcomes: those of this run; lessons without one are shown as they ran last.
        expected: the receipts, as `receipts.load` reads them.
        seconds: how long the run took.
        no_receipts: why there are none, if so.
    """
    path = folder.path / "index.html"
    write_whole(
        path, render(page(folder, root, lessons, record, outcomes, expected, seconds, no_receipts))
    )
    return path


def render(values: Mapping) -> str:
    """The page as HTML. A name that the template uses and `values` lacks raises `jinja2.UndefinedError`."""
    import jinja2  # only here: nothing else in run_all.py needs it
    from markupsafe import Markup

    def show(value):
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=show,  # every text that the template prints passes here
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(values)


def page(folder, root, lessons, record, outcomes, expected, seconds, no_receipts="") -> dict:
    """What the template shows; the arguments are those of `write`."""
    guides = _guides(root / "docs")
    fresh = {outcome.lesson.name: outcome for outcome in outcomes}
    sections = []
    for lesson in lessons:
        outcome, ran, changed = fresh.get(lesson.name), None, False
        entry = record.lessons.get(lesson.name)
        if entry is not None:
            earlier, ran, changed = _earlier(lesson, entry, folder)
            outcome = outcome or earlier
        sections.append(
            {
                "number": f"{lesson.number:02}",
                "title": _short(lesson.title),
                "question": _short(lesson.question),
                "script": _link(lesson.path, folder.path),
                "guides": [
                    {"title": _short(title), "href": _link(path, folder.path)}
                    for title, path in guides.get(lesson.number, [])
                ],
                "player": _file(folder.path / "players" / f"{lesson.name}.html", folder.path),
                "run": outcome
                and _run(
                    outcome, folder, [] if no_receipts else receipts.compare(expected, [outcome])
                ),
                "ran": ran,
                "older": lesson.name not in fresh,
                "stopped": lesson in record.stopped or bool(entry and entry.get("stopped")),
                "changed": changed and lesson.name not in fresh,
            }
        )
    shown = [section["run"] for section in sections if section["run"]]
    gone = receipts.compare(expected, [], every=lessons)
    every_receipt = [receipt for run in shown for receipt in run["receipts"]] + gone
    return {
        "now": datetime.now().astimezone(),
        "versions": record.head["versions"],
        "device": record.head["device"],
        "seconds": seconds,
        "lessons": sections,
        "n_run": len(outcomes),
        "stopped": [f"{lesson.number:02}" for lesson in record.stopped],
        "shown": len(shown),
        "failed": sum(bool(run["reason"]) for run in shown),
        "met": sum(receipt.verdict == receipts.MET for receipt in every_receipt),
        "receipts": len(every_receipt),
        "rows_met": sum(receipt.rows[0] for receipt in every_receipt),
        "rows": sum(receipt.rows[1] for receipt in every_receipt),
        "gone": [_short(receipt.name) for receipt in gone],
        "no_receipts": _short(no_receipts),
    }


def plain(text: str) -> str:
    """The text as a terminal would show it in the end: without colours, overwritten lines and control characters."""
    text = ANSI.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return UNSHOWN.sub("\ufffd", text)


def read_log(path: Path) -> tuple[str, int] | None:
    """A log and its size in bytes; of a long one the begin and the end. None if there is no such file."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            text = file.read(LOG_HEAD + LOG_TAIL)
            if size > LOG_HEAD + LOG_TAIL:
                file.seek(size - LOG_TAIL)
                left_out = f"\n[... {size - LOG_HEAD - LOG_TAIL:,} bytes left out ...]\n".encode()
                text = text[:LOG_HEAD] + left_out + file.read(LOG_TAIL)
    except OSError:
        return None
    return plain(text.decode("utf-8", "replace")).strip("\n"), size


def last_words(log: str, reason: str) -> str:
    """What tells most about a failure: the traceback that ended the lesson, with its causes, else the last lines."""
    start = log.rfind("Traceback (most recent call last):")
    if start < 0 or not reason.startswith("exit code"):
        return "\n".join(log.splitlines()[-LAST_LINES:])
    chained = ("another exception occurred:", "direct cause of the following exception:")
    while log[:start].rstrip().endswith(chained):
        earlier = log.rfind("Traceback (most recent call last):", 0, start)
        if earlier < 0:
            break
        start = earlier
    return log[start:]


def _run(outcome: Outcome, folder: OutputFolder, compared: Sequence[receipts.Receipt]) -> dict:
    """How a lesson went, as the template shows it."""
    for receipt in compared:
        receipt.name = _short(
            receipt.name.partition(" ")[2]
        )  # the section says the lesson's number
        receipt.got, receipt.source = _short(receipt.got), _short(receipt.source)
    path = folder.logs / f"{outcome.lesson.name}.log"
    log, size = read_log(path) or ("", 0)
    reason = outcome.reason
    return {
        "reason": _short(reason),
        "advice": next(advice for pattern, advice in ADVICE if re.search(pattern, reason))
        if reason
        else "",
        "last_words": last_words(log, reason) if reason else "",
        "seconds": outcome.seconds,
        "receipts": compared,
        "met": sum(receipt.verdict == receipts.MET for receipt in compared),
        "sources": list(dict.fromkeys(receipt.source for receipt in compared if receipt.source)),
        "results": {_short(name): _short(str(value)) for name, value in outcome.results.items()},
        "figures": [_figure(folder, outcome.lesson, name) for name in outcome.figures],
        "not_written": [
            _short(name) for name in outcome.lesson.figures if name not in outcome.figures
        ],
        "log": log,
        "log_lines": log.count("\n") + bool(log),
        "log_bytes": size,
        "log_file": _file(path, folder.path),
    }


def _earlier(
    lesson: Lesson, entry: Mapping, folder: OutputFolder
) -> tuple[Outcome | None, datetime | None, bool]:
    """A lesson's outcome as results.json has it, when it ran, and whether its results were saved anew since then."""
    try:
        ran = datetime.fromisoformat(entry["ran"]).astimezone()
        figures = [str(name) for name in entry["figures"]]
        outcome = Outcome(
            lesson, str(entry["reason"]), float(entry["seconds"]), figures, dict(entry["results"])
        )
    except (LookupError, TypeError, ValueError, ArithmeticError, OSError):
        return None, None, False  # written by hand or by another program: as if it had not run
    try:
        saved, histories = read_results(folder.results / f"{lesson.name}.json")
    except ValueError:
        return outcome, ran, False
    if saved != outcome.results:
        return outcome, ran, not outcome.reason
    outcome.histories = histories
    return outcome, ran, False


def _figure(folder: OutputFolder, lesson: Lesson, name: str) -> dict:
    caption = lesson.figures.get(name) or f"Figure of lesson {lesson.number:02}: {lesson.title}"
    figure = {
        "name": _short(name),
        "href": _file(folder.path / name, folder.path),
        "caption": _short(caption),
    }
    try:
        with (folder.path / name).open("rb") as file:
            head = file.read(24)
        figure["size"] = struct.unpack(">II", head[16:]) if head[12:16] == b"IHDR" else None
    except (OSError, ValueError, struct.error):
        figure["size"] = None
    return figure


def _guides(docs: Path) -> dict[int, list[tuple[str, Path]]]:
    """The guides that go with each lesson's number, from the tables of docs/README.md; none if it is not there."""
    found = {}
    try:
        text = (docs / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return found
    for title, file, lessons in GUIDE.findall(text):
        for number in re.findall(r"module_03/(\d\d)_", lessons):
            found.setdefault(int(number), []).append((title, docs / file))
    return found


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
    return (
        text
        if len(text) <= LONGEST
        else f"{text[:LONGEST]} [... {len(text) - LONGEST:,} characters left out]"
    )
