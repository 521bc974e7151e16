"""The report of a run, index.html: what it says after good, failed and partial runs, and that nothing breaks it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import jinja2
import pytest

from course.files import OutputFolder
from course.runner import expected, report
from course.runner.lessons import Lesson, find_lessons
from course.runner.record import Record
from course.runner.summary import RunSummary
from course.runner.verdict import Outcome
from course.text import plain

pytest_plugins = ["real_browser", "toy_course"]

PROJECT = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x02\x80\x00\x00\x01\xe0"  # 640 x 480 pixels
VOID = {"meta", "img", "br", "wbr", "link", "input", "hr"}


class Page(HTMLParser):
    """A page taken apart: `tags` with their attributes, `text`, `headings`, and each lesson's text by number."""

    def __init__(self, html):
        super().__init__()
        self.html, self.tags, self.headings, self.lessons, self.text = html, [], [], {}, ""
        self._open, self._section = [], None
        self.feed(html)
        self.close()
        assert self._open == [], "an element is never closed"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "section":
            self._section = int(attributes["id"].removeprefix("lesson-"))
            self.lessons[self._section] = ""
        if re.fullmatch(r"h\d", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, "elements overlap"
        if tag == "section":
            self._section = None

    def handle_data(self, data):
        if self._open and re.fullmatch(r"h\d", self._open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        if "script" not in self._open and "style" not in self._open:
            self.text += data
            if self._section is not None:
                self.lessons[self._section] += data

    def all(self, tag):
        """The attributes of every element of this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def figures(self):
        """The attributes of every image but the small ones at the top, which stand beside a lesson's title."""
        return [image for image in self.all("img") if image["alt"] != ""]

    def fact(self, name):
        """What the head of the page says of something."""
        return re.search(rf"{name}\n?(?:for \d+ lessons?)?([^\n]*)", self.text)[1]


def page_of(course):
    return Page((course.outputs / "index.html").read_text(encoding="utf-8"))


class Made:
    """A report made without a run: lessons, what they left behind, and the page of it."""

    def __init__(self, root):
        self.root = root
        (root / "module_03").mkdir(parents=True)
        self.folder = OutputFolder(root / "outputs")
        self.folder.logs.mkdir(parents=True)
        self.folder.results.mkdir()
        self.lessons, self.outcomes, self.expected = [], [], {}

    def lesson(
        self, number=1, title="Toy", question="What now?", figures=None, log="", ran=True, **outcome
    ):
        name = f"{number:02}_toy"
        figures = {f"{number:02}_a.png": "points on a line"} if figures is None else figures
        lesson = Lesson(self.root / "module_03" / f"{name}.py", title, question, figures)
        self.lessons.append(lesson)
        if ran:
            for figure in figures:
                (self.folder.path / Path(figure).name).write_bytes(PNG)
            log = log if isinstance(log, bytes) else log.encode("utf-8", "surrogateescape")
            (self.folder.logs / f"{name}.log").write_bytes(log)
            outcome = {"reason": "", "seconds": 1.25, "figures": list(figures), **outcome}
            self.outcomes.append(Outcome(lesson, **outcome))
        return lesson

    def summary(self):
        """How a run of the lessons went, as run_all.py tells the report."""
        record = Record(self.folder, self.lessons, {"python": "3.11"}, "cpu")
        for outcome in self.outcomes:
            record.add(outcome)
        return RunSummary(
            folder=self.folder,
            root=self.root,
            lessons=self.lessons,
            record=record,
            expected=expected.read(self.expected),
            outcomes=self.outcomes,
            stopped=[],
            seconds=2.5,
        )

    def page(self):
        path = report.write(self.summary())
        return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path)


def test_a_good_run_as_its_page_tells_it(course):
    course.lesson(1, "print('said by 1')")
    course.lesson(2)
    (course.root / "module_03" / "expected_results.toml").write_text(
        '[01_toy.results.answer]\nvalue = 1\nsource = "a book"\n[02_toy.results.answer]\nmin = 0\n'
    )
    run = course.run()
    assert run.code == 0, run.errors
    assert run.out.splitlines()[-1] == f"To look at it all, open {course.outputs / 'index.html'}"
    page = page_of(course)
    assert page.fact("Lessons passed") == "2 of 2"
    assert page.fact("Receipts met") == "2 of 2"
    assert page.fact("Device") == "cpu"
    assert page.fact("Versions") == f"python {sys.version.split()[0]}"
    assert 0 < float(page.fact("Seconds ")) < 20
    assert datetime.now() - datetime.fromisoformat(page.fact("When")) < timedelta(minutes=3)
    assert "Every lesson shown here did what its header promises." in page.text
    assert list(page.lessons) == [1, 2]
    for words in (
        "Lesson 01: Toy",
        "What now?",
        "1 of 1 receipt met",
        "a book",
        "said by 1",
        "1 line",
    ):
        assert words in page.lessons[1], words
    assert ">= 0" in page.lessons[2]
    assert "older" not in page.text
    assert "FAILED" not in page.text
    assert not [attributes for attributes in page.all("details") if "open" in attributes]


def test_receipts_are_compared_without_check_but_only_check_fails(course):
    course.lesson(1)
    path = course.root / "module_03" / "expected_results.toml"
    path.write_text("[01_toy.results.answer]\nvalue = 5\n[09_gone.results.answer]\nvalue = 5\n")
    assert course.run().code == 0
    page = page_of(course)
    assert page.fact("Receipts met") == "0 of 2"
    assert "DEVIATES" in page.lessons[1]
    assert "Every lesson passed, but 2 receipts of 2 are not met." in page.text
    assert "receipts for lessons that are gone: 09_gone." in page.text
    assert course.run("--check").code == 1
    path.write_text("damaged")
    assert course.run("--check").code == 2
    assert course.run().code == 0
    page = page_of(course)
    assert page.fact("Receipts met") == "not compared"
    assert "Cannot read the receipts" in page.text
    assert "answer" in page.lessons[1]  # what came out is shown all the same


def test_a_failed_lesson_shows_its_traceback_and_what_to_do(course):
    course.lesson(1)
    course.lesson(
        2,
        "print('before')\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('shapes differ')",
    )
    (course.root / "module_03" / "expected_results.toml").write_text(
        "[02_toy.results.answer]\nvalue = 2\n"
    )
    assert course.run().code == 1
    page = page_of(course)
    assert page.fact("Lessons passed") == "1 of 2"
    assert "1 lesson FAILED:" in page.text
    assert {"class": "bad", "href": "#lesson-02"} in page.all("a")
    classes = [attributes.get("class") for attributes in page.all("section")]
    assert classes == [None, "failed"]
    told = page.lessons[2][: page.lessons[2].index("What it printed")]  # without the folded log
    for words in (
        "FAILED after",
        "exit code 1: ValueError: shapes differ",
        "Traceback (most recent call last):",
        "ZeroDivisionError: division by zero",
        "ValueError: shapes differ",
        "Read the last line first",
        "python run_all.py 2",
        "It saved no results",
        "Not written: 02_a.png",
    ):
        assert words in told, words
    assert "before" not in told
    assert "What to do" not in page.lessons[1]


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (
            "exit code 1: ModuleNotFoundError: No module named 'tourch'",
            "pip install -r requirements.txt",
        ),
        ("exit code 3", "Read the last line first"),
        ("still running after 300 s", "--timeout"),
        ("printed more than 200 MB", "print inside a loop"),
        ("killed by SIGKILL", "memory"),
        ("01_a.png was not written", "save_figure"),
    ],
)
def test_advice_fits_the_reason(made, reason, advice):
    made.lesson(reason=reason)
    told = made.page().lessons[1]
    assert advice in told[told.index("What to do") :]


def test_the_last_words_are_the_traceback_with_its_causes_or_the_last_lines():
    first = "Traceback (most recent call last):\n  a\nKeyError: 1"
    second = "Traceback (most recent call last):\n  b\nValueError: 2"
    during = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    cause = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    log = "lines\n" * 40
    assert (
        report.last_words(log + first + during + second, "exit code 1: ") == first + during + second
    )
    assert (
        report.last_words(log + first + cause + second, "exit code 1: ") == first + cause + second
    )
    assert (
        report.last_words(log + first + "\nshown on purpose\n" + second, "exit code 1: ") == second
    )
    assert report.last_words(
        log + first + "\nhandled\n" + log, "still running after 9 s"
    ) == "\n".join(["lines"] * 12)
    assert report.last_words(during + second, "exit code 1: ") == second
    assert report.last_words("", "exit code 1") == ""


def test_a_partial_run_keeps_the_others_and_marks_them_older(course):
    toml = "[0{0}_toy.results.answer]\nvalue = {0}\n"
    history = '[03_toy.histories.V1]\ncolumns = ["epoch", "loss"]\nrows = [[0, 0.5]]\ndecimals = {loss = 1}\ntolerance = 0\n'
    expected = "".join(toml.format(number) for number in (1, 2, 3)) + history
    (course.root / "module_03" / "expected_results.toml").write_text(expected)
    course.lesson(1, "print('said by 1')")
    course.lesson(2, "raise ValueError('an old fault')")
    course.lesson(
        3,
        "save_figure('03_a.png'); save_results('03_toy', {'answer': 3}, {'V1': {'loss': [0.5]}})",
        end=False,
    )
    course.lesson(4)
    assert course.run("1", "2", "3").code == 1
    page = page_of(course)
    assert "This run was of 3 lessons" in page.text
    assert "Not run yet" in page.lessons[4]
    assert "older" not in "".join(page.lessons.values())
    assert page.fact("Lessons passed") == "2 of 3"
    assert page.fact("Published log rows met") == "1 of 1"

    ran = json.loads((course.outputs / "results.json").read_text())["lessons"]["03_toy"]["ran"]
    assert course.run("1").code == 0
    page = page_of(course)
    assert "This run was of 1 lesson." in page.text
    assert [number for number, text in page.lessons.items() if "older" in text] == [2, 3]
    assert re.search(r"03 Toy\s+passed\s+older\s+04 Toy\s+not run yet", page.text)
    assert "an old fault" in page.lessons[2]
    assert datetime.fromisoformat(ran).astimezone().strftime("%Y-%m-%d %H:%M") in page.lessons[3]
    assert page.fact("Lessons passed") == "2 of 3"
    assert page.fact("Receipts met") == "3 of 4"  # lesson 02 saved no result
    assert page.fact("Published log rows met") == "1 of 1"
    assert {"src": "03_a.png", "alt": "a"} in page.figures
    assert "saved other results since" not in page.text


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_after_ctrl_c_the_page_says_which_lessons_were_stopped(course):
    for number in (1, 2, 3):
        course.lesson(number)
    assert course.run().code == 0
    course.lesson(1, "print('fresh')")
    course.lesson(2, "import time; save_figure('02_a.png'); print('going'); time.sleep(1000)")
    course.lesson(4)
    run = course.start("--jobs", 1)
    run.expect("going")
    assert run.interrupt(signal.SIGINT) == 130
    assert run.out.endswith(
        f"\nTo look at what came to its end, open {course.outputs / 'index.html'}\n"
    )
    page = page_of(course)
    stopped = "The run was stopped before these lessons came to an end:\n02, 03, 04.\n"
    assert stopped in page.text
    assert page.html.index("<title>Stopped: 3 of 3 lessons passed") > 0
    assert "did what its header promises" not in page.text
    assert page.fact("Seconds for 1 lesson")
    assert "fresh" in page.lessons[1]
    assert [number for number, text in page.lessons.items() if "older" in text] == [2, 3]
    shown = "Stopped before it came to its end, when it ran last. Shown is the run before that"
    assert [number for number, text in page.lessons.items() if shown in text] == [2, 3]
    assert "it never did before" in page.lessons[4]
    assert re.search(
        r"02 Toy\s+passed\s+older\s+stopped\s+03 Toy\s+passed\s+older\s+stopped", page.text
    )
    assert re.search(r"04 Toy\s+not run yet\s+stopped", page.text)

    assert (
        course.run("1", "3").code == 0
    )  # another run: lesson 2 has a figure that is newer than its results, still
    page = page_of(course)
    assert stopped not in page.text
    assert [number for number, text in page.lessons.items() if "Stopped before" in text] == [2]
    course.lesson(2)
    assert course.run().code == 0
    assert "topped" not in page_of(course).text


def test_results_saved_since_the_run_are_noticed(made):
    made.lesson(results={"answer": 1.5})
    made.lesson(2, results={"answer": float("nan")})
    made.lesson(3, reason="exit code 1")
    for number, answer in ((1, 7), (2, float("nan")), (3, 7)):
        saved = {"results": {"answer": answer}, "histories": {}}
        (made.folder.results / f"0{number}_toy.json").write_text(json.dumps(saved))
    made.page()
    made.outcomes = []
    page = made.page()
    assert [
        number for number, text in page.lessons.items() if "saved other results since" in text
    ] == [1]
    assert "1.5" in page.lessons[1]


@pytest.mark.parametrize(
    "junk",
    [10**400, float("nan"), float("-inf"), True, None, "word", [[{"a": [1]}]]],
    ids=lambda junk: str(junk)[:9],
)
def test_results_of_any_kind_in_an_old_record_are_shown(made, junk):
    made.lesson(results={"answer": junk, "extra": junk})
    made.lesson(2)
    made.expected = {"01_toy": {"results": {"answer": {"value": 1}}}}
    made.summary()  # enters them
    del made.outcomes[0]
    page = made.page()
    assert "0 of 2 receipts met" in page.lessons[1]
    assert page.lessons[1].count("DEVIATES") == (junk is not None)


def test_a_record_that_nests_too_deep_counts_as_none(made):
    made.lesson(ran=False)
    (made.folder.path / "results.json").write_text('{"lessons": ' + 50_000 * "[")
    assert "Not run yet" in made.page().lessons[1]


def test_a_figure_or_a_log_that_is_gone_is_said_to_be_gone(made):
    made.lesson()
    made.lesson(2)
    (made.folder.path / "01_a.png").unlink()
    (made.folder.logs / "01_toy.log").unlink()
    (made.folder.logs / "02_toy.log").unlink()
    (made.folder.logs / "02_toy.log").mkdir()
    page = made.page()
    assert [image["src"] for image in page.figures] == ["02_a.png"]
    assert "points on a line: the file 01_a.png is no longer there." in page.lessons[1]
    assert "There is no log of this lesson." in page.lessons[1]
    assert "There is no log of this lesson." in page.lessons[2]


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"ran": "yesterday"},
        {"ran": None},
        {"figures": 3},
        {"results": [1]},
        {"seconds": "soon"},
        {"seconds": 10**400},
        {"ran": "0001-01-01T00:00:00+23:00"},
    ],
)
def test_a_damaged_entry_counts_as_not_run(made, damage):
    lesson = made.lesson(ran=False)
    good = {
        "reason": "", "seconds": 1.0, "figures": [], "results": {}, "ran": datetime.now().astimezone().isoformat()
    }  # fmt: skip
    entry = {**good, **damage} if damage else {}
    (made.folder.path / "results.json").write_text(json.dumps({"lessons": {lesson.name: entry}}))
    assert "Not run yet" in made.page().lessons[1]
    (made.folder.path / "results.json").write_text(json.dumps({"lessons": {lesson.name: good}}))
    assert "Passed" in made.page().lessons[1]


HOSTILE = (
    "</pre></script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \"'&amp; {{ 7 * 7 }} {% raw %} ]]> "
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x00 \x08 \x1b \x9b1m \u202eeurt \ud800"
)


def test_hostile_text_is_only_text(made):
    harmless = Made(made.root / "harmless")
    for which, text in ((made, HOSTILE), (harmless, "text")):
        which.expected = {
            "01_toy": {"results": {text: {"value": 1, "source": text}}, "histories": {}}
        }
        which.lesson(
            title=text,
            question=text,
            figures={"01_a.png": text},
            log=text.encode("utf-8", "replace") + b"\xff\xfe\n",
            results={text: 1.0, text + "2": 2.0},
            reason=f"exit code 1: {text}",
        )
        (which.root / "docs").mkdir()
        (which.root / "docs" / "README.md").write_text(
            "| [<b>x</b>](01.md) | [01](../module_03/01_toy.py) | ? |\n"
        )
    page, plain = made.page(), harmless.page()
    # The same elements with the same attributes, whatever the text says.
    shape = [
        [(tag, sorted(attributes)) for tag, attributes in p.tags if tag != "wbr"]
        for p in (page, plain)
    ]
    assert shape[0] == shape[1]
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "red link" in page.text
    assert page.headings[1][1].startswith("Lesson 01: </pre></script>")
    assert "evil.example" not in page.html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page.html)


def test_names_of_files_stay_names(made):
    made.lesson(
        figures={"javascript:alert(1).png": "a", 'x"onerror="y.png': "b", "a#b?c d.png": "c"}
    )
    page = made.page()
    shown = [image["src"] for image in page.figures]
    assert [unquote(src) for src in shown] == list(made.lessons[0].figures)
    assert not re.search(r"[:\"#?\s]", "".join(shown))


def test_10_megabytes_of_text_make_a_small_page_in_linear_time(made):
    made.lesson(
        log="first line\n" + "x" * 10_000_000 + "\nlast line",
        reason="exit code 1: " + "y" * 10_000_000,
    )
    made.lesson(2, log="\r" * 5_000_000, title="z" * 1_000_000, results={"q" * 1_000_000: 1})
    made.lesson(3, log="\x1b[" * 5_000_000, results={str(i): i for i in range(10_000)})
    start = time.process_time()
    page = made.page()
    assert time.process_time() - start < 20  # quadratic time would take hours
    assert len(page.html) < 700_000
    assert "first line" in page.lessons[1]
    assert "last line" in page.lessons[1]
    assert "[... 9,940,021 bytes left out ...]" in page.lessons[1]
    assert "10.0 MB" in page.lessons[1]
    assert f"exit code 1: {235 * 'y'}...{248 * 'y'}\n" in page.lessons[1]
    assert "and 9800 more" in page.lessons[3]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("10%\r50%\r100%\nnext", "100%\nnext"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[?25l\x1b[2Kbar\x1b(B", "bar"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;x\x1b\\link", "link"),
        ("end\x1b", "end"),
        ("nul\x00bell\x07", "nul\ufffdbell\ufffd"),
        ("turn \u202e around", "turn \ufffd around"),
        ("half \ud800", "half \ufffd"),
        ("\u65e5\u672c \U0001f600", "\u65e5\u672c \U0001f600"),
    ],
)
def test_text_is_shown_as_a_terminal_would_show_it_in_the_end(raw, shown):
    assert plain(raw) == shown


def test_a_name_that_the_template_lacks_is_an_error(made):
    made.lesson()
    values = report.page(made.summary())
    values["rows"] = 1  # so that what stands under a condition is used as well
    report.render(values)
    for name in values:
        with pytest.raises(jinja2.UndefinedError, match=name):
            report.render({key: value for key, value in values.items() if key != name})
    del values["lessons"][0]["run"]["log"]
    with pytest.raises(jinja2.UndefinedError, match="log"):
        report.render(values)


def test_the_page_is_written_whole_or_not_at_all(made, monkeypatch):
    made.lesson()
    made.page()
    before = (made.folder.path / "index.html").read_bytes()

    def fail(source, target):
        raise OSError(28, "No space left on device")

    summary = made.summary()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        report.write(summary)
    assert (made.folder.path / "index.html").read_bytes() == before
    assert not list(made.folder.path.glob(".*.tmp"))


@pytest.fixture
def rich(made):
    """A page with everything on it: a failed lesson, deviations, sources, a player, a missing figure, no run."""
    made.expected = {
        "01_toy": {
            "results": {"test_acc": {"value": 5, "source": "a book: http://book.example/"}},
            "histories": {
                "V1": {
                    "columns": ["epoch", "loss"],
                    "rows": [[i, 0.5] for i in range(30)],
                    "decimals": {"loss": 1},
                    "tolerance": 0,
                    "source": "a book",
                }
            },
        }
    }
    made.lesson(results={"test_acc": 5}, histories={"V1": {"loss": [1.5] * 20}}, log="a\n")
    made.lesson(
        2,
        reason="exit code 1: no",
        log="Traceback (most recent call last):\nno",
        figures={"a.png": "", "b.png": "b"},
    )
    made.lesson(3, ran=False)
    (made.folder.path / "b.png").unlink()
    (made.folder.path / "players").mkdir()
    (made.folder.path / "players" / "02_toy.html").write_text("a player")
    return made.page()


def test_deviating_rows_of_a_history_are_named(rich):
    assert "0 of 30 rows" in rich.lessons[1]
    assert "epoch 0, loss: expected 0.5, got 1.5" in rich.lessons[1]
    assert "and 20 more" in rich.lessons[1]
    assert rich.lessons[1].count("expected 0.5, got") == 10
    assert "[1] a book: http://book.example/" in rich.lessons[1]


def test_the_page_asks_nothing_of_any_other_place(rich):
    for tag, attributes in rich.tags:
        for name, value in attributes.items():
            assert "//" not in (value or ""), (tag, name, value)
        assert tag not in ("link", "iframe", "base", "form", "object", "embed", "audio", "video"), (
            tag
        )
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert [attributes for attributes in rich.all("script") if attributes] == []
    template = (PROJECT / "course" / "runner" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttp|import\(", template)
    (policy,) = [
        a["content"] for a in rich.all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")


def test_headings_images_and_tables_can_be_read_aloud(rich):
    levels = [level for level, _ in rich.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [text for level, text in rich.headings if level == 2] == [
        f"Lesson 0{i}: Toy" for i in (1, 2, 3)
    ]
    assert [image["src"] for image in rich.all("img") if image not in rich.figures] == [
        "01_a.png",
        "a.png",
    ]
    captions = {
        image["src"]: (image["alt"], image.get("width"), image.get("height"))
        for image in rich.figures
    }
    assert captions == {
        "01_a.png": ("points on a line", "640", "480"),
        "a.png": ("Figure of lesson 02: Toy", "640", "480"),  # its header gives no caption
    }
    assert {attributes.get("scope") for attributes in rich.all("th")} == {"col", "row"}
    names = [attributes["id"] for _, attributes in rich.tags if "id" in attributes]
    assert len(names) == len(set(names))
    targets = [link["href"][1:] for link in rich.all("a") if link["href"].startswith("#")]
    assert set(targets) <= set(names)
    assert rich.all("html") == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in rich.all(
        "meta"
    )


def test_links_to_player_script_and_guides(rich):
    links = [link["href"] for link in rich.all("a")]
    assert [link for link in links if link.startswith("players")] == ["players/02_toy.html"]
    assert "Training player (may be of an earlier run)" in rich.lessons[2]  # the lesson failed
    assert "../module_03/01_toy.py" in links
    assert not [link for link in links if link.endswith(".md")]


def test_every_guide_is_linked_from_its_lesson():
    lessons = find_lessons(PROJECT / "module_03")
    guides = report.find_guides(PROJECT / "docs")
    linked = {path.name for found in guides.values() for _, path in found}
    assert linked == {path.name for path in (PROJECT / "docs").glob("[0-9][0-9]-*.md")}
    assert set(guides) == {lesson.number for lesson in lessons}, "a lesson has no guide"
    assert [path.name for _, path in guides[5]] == ["07-evaluation-metrics.md"]


class Screen:
    """A page in a browser, used by keyboard and mouse."""

    def __init__(self, driver, path):
        self.driver = driver
        driver.set_window_size(1280, 1000)
        driver.get(path.as_uri())
        driver.execute_script(
            "document.documentElement.style.scrollBehavior = 'auto'"
        )  # a click must not miss

    def press(self, *keys):
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def focus(self, selector):
        self.driver.execute_script("document.querySelector(arguments[0]).focus()", selector)

    @property
    def focused(self):
        """What has the focus, in words."""
        return self.driver.execute_script(
            "const e = document.activeElement; if (e === document.body) return 'body';"
            "return e.getAttribute('aria-label') || e.innerText.trim() || e.querySelector('img').alt"
        )

    def wait_for_focus(self, name):
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 10).until(
            lambda _: self.focused == name, f"the focus is not on {name}"
        )

    @property
    def viewer(self):
        """What the viewer says of the figure it shows, empty if it is closed."""
        return self.driver.execute_script(
            "return viewer.open ? viewer.querySelector('p').textContent + ' ' +"
            "viewer.querySelector('img').getAttribute('src') : ''"
        )


@pytest.fixture
def screen(browser, made):
    """A page with three figures in two lessons."""
    made.lesson(
        figures={"01_a.png": "one", "01_b.png": "two"}, log="x" * 5000, results={"x" * 300: 1}
    )
    made.lesson(2, figures={"02_a.png": "three"}, log="Traceback", reason="exit code 1")
    (made.root / "docs").mkdir()
    (made.root / "docs" / "README.md").write_text(
        "| [a guide](01.md) | [01](../module_03/01_toy.py) | ? |\n"
    )
    made.page()
    return Screen(browser, made.folder.path / "index.html")


@pytest.mark.parametrize("key", ["ENTER", "SPACE", "click"])
def test_figures_are_enlarged_by_keyboard_and_by_mouse(screen, key):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    def use(selector):
        if key == "click":
            screen.driver.find_element(By.CSS_SELECTOR, selector).click()
        else:
            screen.focus(selector)
            screen.press(getattr(Keys, key))

    assert screen.viewer == ""
    use('a[href="01_b.png"]')
    assert screen.viewer == "2 of 3: two 01_b.png"
    screen.press(Keys.ARROW_RIGHT)
    assert screen.viewer == "3 of 3: three 02_a.png"
    screen.press(Keys.ARROW_RIGHT)  # round the end
    assert screen.viewer == "1 of 3: one 01_a.png"
    screen.press(Keys.ARROW_LEFT)
    use('[data-step="-1"]')
    assert screen.viewer == "2 of 3: two 01_b.png"
    use('[data-step="1"]')
    assert screen.viewer == "3 of 3: three 02_a.png"
    screen.press(Keys.ESCAPE)
    assert screen.viewer == ""
    screen.wait_for_focus("three")  # where the eye is now, not where it began
    use('a[href="01_a.png"]')
    assert screen.viewer == "1 of 3: one 01_a.png"
    use('[data-step="0"]')
    assert screen.viewer == ""
    screen.wait_for_focus("one")
    assert screen.driver.current_url.endswith("index.html")


def test_tab_visits_everything_in_order_and_stays_in_the_viewer(screen):
    from selenium.webdriver.common.keys import Keys

    visited = []
    for _ in range(40):
        screen.press(Keys.TAB)
        if screen.focused in ("body", *visited[:1]):
            break
        visited.append(screen.focused)
        outline = screen.driver.execute_script(
            "return getComputedStyle(document.activeElement).outlineStyle"
        )
        assert outline == "solid", f"no ring around {screen.focused}"
    assert visited == [
        "To the lessons",
        "02",  # failed, says the head
        "01 Toy",
        "02 Toy",
        "Guide a guide",
        "The script",
        "Results of lesson 01",
        "one",
        "two",
        "What it printed: 1 line, 5.0 kB",
        "The script",
        "What lesson 02 printed last",
        "three",
        "What it printed: 1 line, 9 Bytes",
    ]
    screen.focus(".skip")
    screen.press(Keys.ENTER)
    screen.press(Keys.TAB)
    assert screen.focused == "Guide a guide"  # past the list of lessons
    screen.focus('a[href="01_a.png"]')
    screen.press(Keys.ENTER)
    assert screen.focused == "Next"
    there = set()
    for _ in range(8):
        screen.press(Keys.TAB)
        there.add(screen.focused)
    assert {"Previous", "Next", "Close"} <= there <= {"Previous", "Next", "Close", "body"}
    screen.press(Keys.ESCAPE)
    screen.wait_for_focus("one")
    screen.focus("summary")
    screen.press(Keys.ENTER)
    screen.press(Keys.TAB, Keys.TAB)
    assert screen.focused == "Log of lesson 01"  # can be scrolled by keys


def test_an_open_viewer_is_not_printed(screen):
    screen.driver.find_element("css selector", "a.zoom").click()
    shown = "return getComputedStyle(viewer).display"
    assert screen.driver.execute_script(shown) == "flex"
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert screen.driver.execute_script(shown) == "none"
    finally:
        screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_never_wider_than_the_window(screen, width):
    screen.driver.set_window_size(width, 1000)
    wide = "return document.documentElement.scrollWidth - innerWidth"
    assert screen.driver.execute_script(wide) <= 0
    assert screen.driver.execute_script("return innerWidth") <= width


def contrast(one, two):
    """The contrast ratio of two colours by WCAG 2."""

    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_wcag_aa_in_both_modes():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    template = (PROJECT / "course" / "runner" / "report.html").read_text(encoding="utf-8")
    modes = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r":root \{(.*?)\}", template, re.S)
    ]
    assert len(modes) == 2
    for mode in modes:
        for paper in ("paper", "card", "bad-card", "code"):
            for ink in ("ink", "muted", "link", "good", "bad"):
                assert contrast(mode[ink], mode[paper]) >= 4.5, (ink, paper)


def test_a_run_imports_nothing_that_only_lessons_need():
    check = (
        "import sys; from course.runner import session, start; "
        "sys.exit(any(name in sys.modules for name in ('jinja2', 'torch', 'numpy', 'matplotlib')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
