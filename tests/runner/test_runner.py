"""run_all.py when all goes well: what it lists, runs, shows and writes."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course import RefusedError
from course.files import OutputFolder, write_whole
from course.runner.lessons import find_lessons, read_lesson, select
from course.runner.schedule import choose_next
from course.streams import HEAD, TAIL, Log, Terminal

pytest_plugins = ["toy_course"]

PROJECT = Path(__file__).resolve().parents[2]

HEADER = '''# a comment may come first
"""Lesson 07: Long
title is one line

Question: Does a question
    over two lines work?
You will learn:
    - to read
Writes:
    outputs/07_one.png - the first, with - dashes
    outputs/07_two.png - the second
"""
this is no Python
'''


def lessons_of(course, *numbers):
    for number in numbers:
        course.lesson(number)
    return find_lessons(course.root / "module_03")


def test_header_is_read_even_above_broken_code(tmp_path):
    path = tmp_path / "07_long.py"
    path.write_text(HEADER, encoding="utf-8-sig")
    lesson = read_lesson(path)
    assert (lesson.number, lesson.name, lesson.title) == (7, "07_long", "Long")
    assert lesson.question == "Does a question over two lines work?"
    assert lesson.figures == {"07_one.png": "the first, with - dashes", "07_two.png": "the second"}


def test_lesson_without_a_header_is_still_a_lesson(tmp_path):
    path = tmp_path / "08_bare.py"
    path.write_text("print('hello')\n")
    assert read_lesson(path).title == "08_bare"


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ([], [1, 2, 10]),
        (["2"], [2]),
        (["02"], [2]),
        (["10", "1", "01"], [1, 10]),
        (["02_toy"], [2]),
        (["02_toy.py"], [2]),
        (["module_03/10_toy.py"], [10]),
    ],
)
def test_lessons_are_chosen_by_number_file_or_path_and_run_by_number(
    course, monkeypatch, wanted, numbers
):
    monkeypatch.chdir(course.root)
    chosen = select(lessons_of(course, 10, 1, 2), wanted)
    assert [lesson.number for lesson in chosen] == numbers


@pytest.mark.parametrize(
    "wanted", ["3", "0", "-1", "2.5", "toy", "", "elsewhere/02_toy.py", "02_toy.txt"]
)
def test_a_name_that_fits_no_lesson_is_refused_with_the_list_of_lessons(course, wanted):
    with pytest.raises(RefusedError, match=r"01_toy, 02_toy"):
        select(lessons_of(course, 1, 2), ["1", wanted])


def test_list_prints_lessons_and_figures_without_importing_pytorch():
    check = (
        "import sys, run_all; code = run_all.main(['--list', '3']); "
        "sys.exit(code or any(name in sys.modules for name in ('torch', 'numpy', 'multiprocessing')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("03  ")
    assert "outputs/03_" in done.stdout


def test_run_shows_lessons_in_order_and_writes_everything(course):
    for number, pause in ((1, 0.3), (2, 0), (3, 0.1)):
        course.lesson(number, f"import time; time.sleep({pause}); print('text of {number}')")
    run = course.run("--jobs", 3)
    assert run.code == 0, run.out + run.errors
    assert run.errors == ""
    order = re.findall(r"= Lesson (\d\d): Toy =|text of (\d)|-- (\d\d)_toy: ok", run.out)
    assert ["".join(found) for found in order] == [
        "01",
        "1",
        "01",
        "02",
        "2",
        "02",
        "03",
        "3",
        "03",
    ]
    assert course.log(2) == "text of 2\n"
    record = json.loads((course.outputs / "results.json").read_text())
    assert record["device"] == "cpu"
    assert record["versions"] == {"python": sys.version.split()[0]}
    assert list(record["lessons"]) == ["01_toy", "02_toy", "03_toy"]
    entry = record["lessons"]["02_toy"]
    assert (entry["verdict"], entry["reason"], entry["figures"], entry["results"]) == (
        ("ok", "", ["02_a.png"], {"answer": 2})
    )
    assert 0 < entry["seconds"] < record["seconds"] < 20


def test_table_is_narrow_ascii_and_names_the_results(course):
    many = {f"result_with_a_long_name_{i}": i / 7 for i in range(9)}
    path = course.lesson(1, f"save_figure('01_a.png'); save_results('01_toy', {many})", end=False)
    path.rename(path.with_name("01_complete_classification_workflow.py"))
    course.lesson(2, "raise ValueError('no')")
    run = course.run()
    table = run.out[run.out.index("lesson  ") :].splitlines()[:3]
    assert all(len(line) <= 100 and line.isascii() for line in table)
    assert table[0].split() == ["lesson", "seconds", "figures", "key", "results", "verdict"]
    assert re.fullmatch(
        r"01_complete\S+ +\d\.\d +1/1 +FAILED", table[1]
    )  # its results have another name
    assert re.fullmatch(r"02_toy +\d\.\d +0/1 +FAILED", table[2])


def test_table_shows_accuracies_first(course):
    course.lesson(
        1,
        "save_figure('01_a.png'); save_results('01_toy', {'loss': 0.123456, 'test_acc': 99.5})",
        end=False,
    )
    assert re.search(r"1/1  test_acc 99\.5, loss 0\.1235  +ok\n", course.run().out)


def test_the_earliest_unfinished_lesson_streams_live(course):
    wait = "import os, time\nprint('first of {0}')\nwhile not os.path.exists('go{0}'): time.sleep(0.01)\nprint('last')"
    course.lesson(1, wait.format(1))
    course.lesson(2, wait.format(2))
    run = course.start("--jobs", 2)
    run.expect("first of 1")
    time.sleep(0.3)
    assert "first of 2" not in run.out
    (course.root / "go1").touch()
    run.expect("first of 2")
    (course.root / "go2").touch()
    assert run.end() == 0
    for line in ("first of 1", "first of 2"):
        assert run.out.count(line) == 1


def test_no_control_codes_in_a_pipe(course):
    course.lesson(1, "import time; time.sleep(0.1)")
    run = course.run()
    assert "\r" not in run.out
    assert "\x1b" not in run.out


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_terminal_shows_what_runs_and_wipes_it_before_the_log_goes_on(course):
    import pty

    course.lesson(1, "import time; time.sleep(0.3); print('done')")
    ours, theirs = pty.openpty()
    run = course.start(stdout=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:
        pass  # Linux: the other end is closed
    os.close(ours)
    assert run.end() == 0
    assert "[0 of 1 done] running: 01_toy" in shown.decode()
    line = next(line for line in shown.decode().split("\n") if "done" in line and "running" in line)
    assert (
        line.rstrip("\r").split("\r")[-1] == "done"
    )  # the status line is wiped before the log goes on


def test_terminal_wipes_its_status_line_and_never_cuts_a_line():
    class Screen:
        text = ""

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    screen = Screen()
    terminal = Terminal(screen)
    terminal.status("a long status")
    terminal.status("short")
    terminal.write("half a")
    terminal.status("not now")
    terminal.line("next")
    assert screen.text == "\ra long status\rshort        \r" + " " * 5 + "\rhalf a\nnext\n"


def test_no_lesson_sees_what_another_one_changed(course):
    course.lesson(
        1, "import json, os, random; json.mark = os.environ['MARK'] = '1'; random.seed(1)"
    )
    course.lesson(
        2, "import json, os; assert not hasattr(json, 'mark') and 'MARK' not in os.environ"
    )
    assert course.run("--jobs", 1).code == 0


def test_a_lesson_runs_as_the_main_program(course):
    path = course.lesson(
        1,
        """
        import os, sys
        assert __name__ == "__main__" and sys.modules["__main__"].__dict__ is globals()
        assert sys.argv == [__file__] and os.getcwd() == os.path.dirname(os.path.dirname(__file__))
        assert sys.path[0] == os.path.dirname(__file__)
        if hasattr(os, "getpgrp"):
            import signal
            assert os.getpgrp() == os.getsid(0) == os.getpid() and not signal.pthread_sigmask(signal.SIG_BLOCK, [])
        print(__file__, os.environ["COURSE_DEVICE"], os.environ["MPLBACKEND"])
        """,
    )
    assert course.run("--device", "cuda").code == 0
    assert course.log(1) == f"{path} cuda Agg\n"


def test_the_output_folder_is_set_by_option_or_environment(course):
    course.lesson(1)
    assert course.run("--output-dir", "one").code == 0
    assert (course.root / "one" / "01_a.png").exists()
    assert course.run(env={**course.environment, "OUTPUT_DIR": "two"}).code == 0
    assert (course.root / "two" / "results" / "01_toy.json").exists()
    assert not course.outputs.exists()


def test_a_narrow_code_page_shows_any_text_and_the_log_keeps_it(course):
    course.lesson(1, r"import os; print('\u2713 \u65e5 \udc80'); os.write(1, b'\xff\xfe bytes\n')")
    run = course.run(env={**course.environment, "PYTHONIOENCODING": "cp1252"})
    assert run.code == 0
    assert "\\u2713 \\u65e5 \\udc80\n\\xff\\xfe bytes\n" in run.out
    assert course.log(1) == "\u2713 \u65e5 \\udc80\n\\xff\\xfe bytes\n"


def test_output_of_c_code_and_child_processes_is_kept(course):
    course.lesson(
        1, "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(6 * 7)'])"
    )
    run = course.run()
    assert "\n42\n" in run.out
    assert course.log(1) == "42\n"


def test_standard_input_is_empty(course):
    course.lesson(1, "import os, sys; assert sys.stdin.read() == '' and os.read(0, 9) == b''")
    assert course.run(stdin=subprocess.PIPE).code == 0


def test_a_partial_run_keeps_the_entries_of_the_others(course):
    lessons_of(course, 1, 2, 3)
    assert course.run().code == 0
    before = course.record()
    course.lesson(2, "save_results('02_toy', {'answer': 99})", end=False)
    assert course.run("2").code == 1
    after = course.record()
    assert {1: before[1], 3: before[3]} == {1: after[1], 3: after[3]}
    assert after[2]["results"] == {"answer": 99}
    assert after[2]["verdict"] == "FAILED"
    (course.outputs / "results.json").write_text("{damaged")
    assert course.run("1").code == 0
    assert list(course.record()) == [1]


def test_a_run_is_the_same_where_processes_are_spawned(course):
    course.lesson(1, "print('spawned')")
    course.lesson(2, "import os; os.kill(os.getpid(), 9)")
    run = course.run(method="spawn")
    assert run.code == 1, run.errors
    assert course.log(1) == "spawned\n"
    assert [entry["verdict"] for entry in course.record().values()] == ["ok", "FAILED"]


def test_long_lessons_start_early_and_the_stream_never_waits(course):
    class Job:
        outcome = None

    lessons = lessons_of(course, 1, 2, 3, 4)
    one, two, three, four = lessons
    assert choose_next(lessons, {}, {"03_toy": 9.0}) == one
    assert choose_next(lessons, {one: Job}, {"03_toy": 9.0, "02_toy": 4.0, "04_toy": 5.0}) == three
    assert choose_next(lessons, {one: Job}, {}) == four  # nothing measured yet
    finished = Job()
    finished.outcome = "any"
    assert choose_next(lessons, {one: finished, three: Job}, {"04_toy": 9.0}) == two


def test_log_is_read_whole_in_pieces_and_bounded_when_long(tmp_path):
    path = tmp_path / "log"
    text = "z\u00e4hlt\n".encode()
    path.write_bytes(text[:2])
    log = Log(path)
    assert log.read(ended=False) == "z"  # the rest of the letter comes later
    path.write_bytes(text)
    assert log.read(ended=True) == "\u00e4hlt\n"
    log.close()

    path.write_bytes(b"a" * (HEAD + TAIL))
    log = Log(path)
    assert len(log.read(ended=False)) == HEAD
    assert len(log.read(ended=False)) == 0
    assert len(log.read(ended=True)) == TAIL
    log.close()

    path.write_bytes(b"a" * HEAD + b"lost" * 1_000_000 + b"z" * TAIL)
    log = Log(path)
    assert log.read(ended=False) == "a" * HEAD
    assert log.read(ended=True) == "\n[... 4,000,000 bytes left out ...]\n" + "z" * TAIL
    log.close()


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    write_whole(path, "old\n")
    seen = []
    monkeypatch.setattr(
        os,
        "replace",
        lambda source, target: seen.append((Path(source).read_text(), target.read_text())),
    )
    write_whole(path, "new\n")
    assert seen == [("new\n", "old\n")]

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(path, "newer\n")
    assert caught.value.filename == str(path)
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
def test_a_lock_on_a_file_that_was_just_removed_does_not_count(tmp_path, monkeypatch):
    import fcntl

    flock = fcntl.flock

    def flock_too_late(file, how):
        monkeypatch.setattr(fcntl, "flock", flock)
        os.unlink(file.name)  # the run before ends between our open and our lock
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", flock_too_late)
    with OutputFolder(tmp_path).hold():
        assert (tmp_path / ".run_all.lock").exists()
        with pytest.raises(RefusedError, match="Another run_all"), OutputFolder(tmp_path).hold():
            pass
    assert not (tmp_path / ".run_all.lock").exists()
