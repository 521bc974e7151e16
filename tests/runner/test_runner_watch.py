"""run_all.py --watch: a lesson runs again after each save, survives mistakes, and leaves nothing behind."""

import os
import signal
import time

import pytest

pytest_plugins = ["toy_course"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="ended by POSIX signals")


@pytest.fixture
def watched(course):
    """Lesson 1, watched, after its first run."""
    course.lesson(1, "print('version one')")
    run = course.start("--watch", 1)
    run.expect("Watching 01_toy.py")
    yield run
    if run.code is None:
        assert run.interrupt(signal.SIGINT) == 130
    assert (
        run.errors == "Stopped by Ctrl-C. Nothing runs on; what finished lessons wrote is kept.\n"
    )


def test_a_lesson_runs_again_after_a_save(course, watched):
    assert "version one\n" in watched.out
    course.lesson(1, "print('version two')")
    watched.expect("version two\n")
    watched.expect("Watching", count=2)
    assert watched.out.count("-- 01_toy: ok") == 2
    assert course.log(1) == "version two\n"


def test_a_lesson_does_not_run_again_without_a_save(course, watched):
    time.sleep(0.3)
    assert watched.interrupt(signal.SIGINT) == 130
    assert watched.out.count("version one") == 1


def test_watching_goes_on_after_a_mistake(course, watched):
    path = course.lesson(1, "print('half a line")
    watched.expect("SyntaxError: unterminated string literal")
    assert f'File "{path}", line 8' in watched.out
    watched.expect("-- 01_toy: FAILED")
    course.lesson(1, "1 / 0")
    watched.expect("ZeroDivisionError: division by zero")
    course.lesson(1, "print('mended')")
    watched.expect("mended\n-- 01_toy: ok")


def test_the_helper_is_watched_and_imported_again(course, watched):
    course.lesson(1, "import helper_functions; print('helper', helper_functions.VERSION)")
    watched.expect("has no attribute 'VERSION'")
    helper = course.root / "helper_functions.py"
    text = helper.read_text()
    second = helper.stat().st_mtime_ns // 10**9 * 10**9
    for version in (
        1,
        2,
        3,
    ):  # same size, saved within one second: a compiled helper would be taken for fresh
        save = helper.with_suffix(".new")
        save.write_text(f"{text}\nVERSION = {version}\n")
        os.utime(save, ns=(second + version, second + version))
        os.replace(save, helper)
        watched.expect(f"helper {version}\n")


def test_a_header_that_changed_is_read_again(course, watched):
    path = course.root / "module_03" / "01_toy.py"
    text = path.read_text().replace("Lesson 01: Toy", "Lesson 01: Other")
    path.write_text(text.replace("01_a.png - a\n", "01_a.png - a\n    outputs/01_b.png - b\n"))
    watched.expect("01_b.png was not written")
    watched.expect("Watching", count=2)
    page = (course.outputs / "index.html").read_text()
    assert "Lesson 01: Other</h2>" in page
    assert "Not written: 01_b.png" in page


def test_a_save_during_a_run_starts_it_over(course, watched):
    for word in ("long", "longer"):
        course.lesson(1, f"import subprocess; print('{word}'); subprocess.run(['sleep', '1000'])")
        watched.expect(f"{word}\n")
    assert "The run was stopped" not in (course.outputs / "index.html").read_text()  # it goes on
    course.lesson(1, "print('short')")
    watched.expect("short\n-- 01_toy: ok")


@pytest.mark.parametrize("name", ["module_03/01_toy.py", "helper_functions.py"])
def test_nothing_runs_while_an_editor_replaces_a_file(course, watched, name):
    path = course.root / name
    text = path.read_text()
    path.unlink()
    time.sleep(0.3)
    assert watched.process.poll() is None
    assert watched.out.count("= Lesson 01") == 1  # nothing runs on half a course
    path.write_text(text + "print('replaced')\n")
    watched.expect("replaced\n")
    watched.expect("Watching", count=2)
    assert "FAILED" not in watched.out


def test_ctrl_c_during_a_run_ends_it(course):
    course.lesson(1, "import subprocess; print('going'); subprocess.run(['sleep', '1000'])")
    run = course.start("--watch", 1)
    run.expect("going")
    assert run.interrupt(signal.SIGINT) == 130


def test_page_and_record_tell_what_was_run_last(course):
    course.lesson(1, "print('version one')")
    course.lesson(2, "print('not watched')")
    assert course.run().code == 0
    index = course.outputs / "index.html"
    run = course.start("--watch", 1)
    run.expect("Watching")
    assert f"To look at it, open {index}, and load it again after each run.\n" in run.out
    for number, code in enumerate(
        ("print('version two')", "print('version three'); 1 / 0"), start=2
    ):
        course.lesson(1, code)
        run.expect("Watching", count=number)
        page = index.read_text()
        assert code.split("'")[1] in page
        assert (
            page.count("<strong>older</strong>, from") == 1
        )  # lesson 2, which stands there as it ran before
    assert "ZeroDivisionError" in page
    assert course.record()[1]["reason"] == "exit code 1: ZeroDivisionError: division by zero"
    assert course.record()[2]["verdict"] == "ok"
    course.lesson(1, "import subprocess; print('going'); subprocess.run(['sleep', '1000'])")
    run.expect("going")
    assert run.interrupt(signal.SIGINT) == 130
    assert "The run was stopped before this lesson came to an end" in index.read_text()
    assert run.out.count("To look at it, open") == 1


def test_watching_begins_with_a_helper_that_is_broken(course):
    course.lesson(1)
    helper = course.root / "helper_functions.py"
    text = helper.read_text()
    helper.write_text("def broken(:")
    run = course.start("--watch", 1)
    run.expect("SyntaxError: invalid syntax")
    run.expect("Watching")
    helper.write_text(text)
    run.expect("-- 01_toy: ok")
    assert run.interrupt(signal.SIGINT) == 130
