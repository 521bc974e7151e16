"""run_all.py when things go wrong: each fault is named, the other lessons pass, nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.runner import session

pytest_plugins = ["toy_course"]
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

PROJECT = Path(__file__).resolve().parents[2]


def check_only_lesson_2_failed(course, run, reason):
    """Lesson 2 of three failed for the reason; the others passed, and what they wrote is there."""
    assert run.code == 1, run.out + run.errors
    assert run.errors == ""
    record = course.record()
    assert {number: entry["verdict"] for number, entry in record.items()} == {
        1: "ok",
        2: "FAILED",
        3: "ok",
    }
    assert re.fullmatch(reason, record[2]["reason"]), record[2]["reason"]
    assert f"FAILED 02_toy: {record[2]['reason']}" in run.out
    assert "2 of 3 lessons ok" in run.out
    for number in (1, 3):
        assert (course.outputs / f"{number:02}_a.png").exists()
        assert json.loads((course.outputs / "results" / f"{number:02}_toy.json").read_text())[
            "results"
        ]
        assert course.log(number) == "fine\n"
    assert (course.outputs / "logs" / "02_toy.log").exists()


@pytest.fixture
def three(course):
    """A course whose lessons 1 and 3 are in order."""
    course.lesson(1, "print('fine')")
    course.lesson(3, "print('fine')")
    return course


PNG_AND_RESULTS = r"02_a\.png was not written; results/02_toy\.json was not written"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ValueError('no such luck')", r"exit code 1: ValueError: no such luck"),
        ("import sys; sys.exit(3)", r"exit code 3"),
        ("import sys; sys.exit('my last words')", r"exit code 1: my last words"),
        ("import sys; sys.exit(0)", PNG_AND_RESULTS),
        ("import os; os._exit(7)", r"exit code 7"),
        (
            "import os; os.close(1); print('lost')",
            r"exit code 1: OSError: \[Errno 9\] Bad file descriptor",
        ),
        (
            "import sys; sys.stdout.close(); print('lost')",
            r"exit code 1: ValueError: I/O operation on closed file\.?",
        ),
        ("def broken(:", r"exit code 1: SyntaxError: invalid syntax"),
        (
            "import no_such_module",
            r"exit code 1: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        pytest.param("import os; os.kill(os.getpid(), 9)", r"killed by SIGKILL", marks=posix),
        pytest.param("import os; os.kill(os.getpid(), 11)", r"killed by SIGSEGV", marks=posix),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 5)",
            r"killed by .*\d+",
            marks=posix,
        ),
    ],
)
def test_a_lesson_that_does_not_come_to_its_end_fails_with_its_reason(three, code, reason):
    three.lesson(2, code)
    check_only_lesson_2_failed(three, three.run(), reason)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the warm server")
def test_a_lesson_that_kills_the_server_fails_alone(three):
    three.lesson(2, "import os; os.kill(os.getppid(), 9)")
    check_only_lesson_2_failed(three, three.run("--jobs", 1), r"exit code 255")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("pass", PNG_AND_RESULTS),
        ("save_figure('02_a.png')", r"results/02_toy\.json was not written"),
        ("save_results('02_toy', {})", r"02_a\.png was not written"),
        ("save_figure('02_b.png'); save_results('02_toy', {})", r"02_a\.png was not written"),
        (
            "save_figure('02_a.png'); save_results('02_toy', ['no', 'table'])",
            r"results/02_toy\.json is not what save_results writes",
        ),
        (
            "save_results('02_toy', {}); from helper_functions import _write, Path, os\n"
            "_write(Path(os.environ['OUTPUT_DIR']) / '02_a.png', b'')",
            r"02_a\.png is damaged",
        ),
        (
            "save_results('02_toy', {}); from helper_functions import _write, Path, os\n"
            "_write(Path(os.environ['OUTPUT_DIR']) / '02_a.png', b'\\x89PNG and the rest is missing')",
            r"02_a\.png is damaged",
        ),
        pytest.param(
            "save_figure('02_a.png'); from helper_functions import Path, os\n"
            "results = Path(os.environ['OUTPUT_DIR']) / 'results'; results.mkdir(exist_ok=True)\n"
            "os.mkfifo(results / '02_toy.json')",
            r"results/02_toy\.json was not written",
            marks=posix,
        ),
    ],
)
def test_a_lesson_that_does_not_write_what_it_promised_fails(three, code, reason):
    three.lesson(2, code, end=False)
    check_only_lesson_2_failed(three, three.run(), reason)


def test_a_file_that_save_results_did_not_write_fails_the_lesson_in_one_sentence(course):
    """Whatever stands in results/*.json, the lesson fails with one clear sentence and the others go on."""
    number = "and a result must be a finite number"
    junk = {
        "{'results': {'a': 'a word'}, 'histories': {}}": f': "a" is "a word", {number}',
        "{'results': {'a': True}, 'histories': {}}": f': "a" is true, {number}',
        "{'results': {'a': None}, 'histories': {}}": f': "a" is null, {number}',
        "{'results': {'a': float('nan')}, 'histories': {}}": f': "a" is NaN, {number}',
        "{'results': {'a': -float('inf')}, 'histories': {}}": f': "a" is -Infinity, {number}',
        "{'results': {'a': 10**400}, 'histories': {}}": f': "a" is 1{17 * "0"}...{18 * "0"}, {number}',
        "{'results': {99 * 'a': [[{}]]}, 'histories': {}}": f': "{17 * "a"}...{17 * "a"}" is [[{{}}]], {number}',
        "{'results': ['no', 'table'], 'histories': {}}": "",
        "{'results': {}, 'histories': [1]}": "",
        "{'results': {}, 'histories': None}": "",
        "{'results': {}}": "",
        "'{' + 50_000 * '['": "",
        "'{\"results\": {\"a\": ' + 5000 * '9' + '}, \"histories\": {}}'": "",
        "b'{\\xff\\x00'": "",
    }
    for i, what in enumerate(junk, start=2):
        course.lesson(
            i,
            f"""
            from helper_functions import _write
            what = {what}
            what = json.dumps(what) if isinstance(what, dict) else what
            save_figure("{i:02}_a.png")
            path = Path(os.environ["OUTPUT_DIR"]) / "results" / "{i:02}_toy.json"
            _write(path, what if isinstance(what, bytes) else what.encode())
            """,
            end=False,
        )
    course.lesson(1)
    (course.root / "module_03" / "expected_results.toml").write_text(
        "".join(f"[{i:02}_toy.results.a]\nmin = 0\n" for i in range(2, 2 + len(junk)))
    )
    run = course.run("--check")
    assert (run.code, run.errors) == (1, "")
    record = course.record()
    assert record[1]["verdict"] == "ok"
    for i, reason in enumerate(junk.values(), start=2):
        assert (
            record[i]["reason"]
            == f"results/{i:02}_toy.json is not what save_results writes{reason}"
        )
        assert f"FAILED {i:02}_toy: {record[i]['reason']}" in run.out
        assert record[i]["results"] == {}
    page = (course.outputs / "index.html").read_text()
    assert page.count("is not what save_results writes") == len(junk)


def test_a_history_that_is_not_a_list_of_numbers_deviates(course):
    junk = [
        "{'loss': [10**400]}",
        "{'loss': [float('nan')]}",
        "{'loss': [True]}",
        "{'loss': [[]]}",
        "{'loss': 3}",
    ]
    junk += ["{}", "[[0]]", "'x'"]
    history = (
        'columns = ["epoch", "loss"]\nrows = [[0, 1.0]]\ndecimals = {loss = 1}\ntolerance = 0\n'
    )
    receipts = ""
    for i, what in enumerate(junk, start=1):
        course.lesson(
            i,
            f"save_figure('{i:02}_a.png'); save_results('{i:02}_toy', {{}}, {{'V': {what}}})",
            end=False,
        )
        receipts += f"[{i:02}_toy.histories.V]\n{history}"
    (course.root / "module_03" / "expected_results.toml").write_text(receipts)
    run = course.run("--check")
    assert (run.code, run.errors) == (1, "")
    got = re.findall(
        r"\d\d V +1 row +0 of 1 row +DEVIATES\n    epoch 0, loss: expected 1\.0, got (.*)",
        run.out,
    )
    assert got == [f"1{17 * '0'}...{18 * '0'}", "NaN", "true", "[]", *4 * ["nothing"]]


def test_figures_of_an_earlier_run_do_not_count(three):
    three.lesson(2)
    assert three.run().code == 0
    three.lesson(2, "pass", end=False)
    old = "was not written in this run, only in an earlier one"
    check_only_lesson_2_failed(three, three.run(), rf"02_a\.png {old}; results/02_toy\.json {old}")
    assert (three.outputs / "02_a.png").exists()  # kept: it is the learner's
    assert three.record()[2]["results"] == {}


def test_a_lesson_that_runs_forever_is_ended_at_its_time_limit(three):
    three.lesson(2, "print('going'); import time; time.sleep(1000)")
    check_only_lesson_2_failed(three, three.run("--timeout", 1), r"still running after 1 s")
    assert three.log(2) == "going\n"


@posix
def test_a_lesson_that_ignores_signals_is_ended_too(three):
    three.lesson(
        2,
        """
        import os, signal, time
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.fork()
        while True:
            time.sleep(1)
        """,
    )
    check_only_lesson_2_failed(three, three.run("--timeout", 1), r"still running after 1 s")


def test_50_megabytes_of_output_are_shown_and_kept_in_part(course):
    course.lesson(1, "for _ in range(50): print('x' * 999_999)\nprint('the last line')")
    run = course.run()
    assert run.code == 0
    assert 1_000_000 < len(run.out) < 1_100_000
    assert "bytes left out" in run.out
    assert "the last line\n" in run.out
    assert course.log(1) in run.out, "the kept log is not what was shown"


def test_a_lesson_that_never_stops_printing_is_ended(three):
    three.lesson(2, "while True: print('x' * 999_999)")
    check_only_lesson_2_failed(three, three.run(), r"printed more than 200 MB")


@posix
@pytest.mark.parametrize("end", ["pass", "raise ValueError", "time.sleep(1000)"])
def test_children_end_with_their_lesson(course, end):
    course.lesson(
        1,
        f"""
        import os, subprocess, time
        with open("children", "w") as file:
            print(subprocess.Popen(["sleep", "1000"]).pid, file=file)
            child = os.fork()
            if child == 0:
                time.sleep(1000)
            print(child, file=file)
        {end}
        """,
    )
    course.lesson(
        2,
        """
        import psutil
        with open("children") as file:
            children = [psutil.Process(int(pid)) for pid in file if psutil.pid_exists(int(pid))]
        gone, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
        """,
    )
    run = course.run("--jobs", 1, "--timeout", 3)
    assert "-- 02_toy: ok" in run.out, course.log(2)


@pytest.mark.skipif(
    sys.platform != "linux", reason="processes that left their group are found through /proc"
)
def test_children_that_leave_their_group_are_ended(course):
    course.lesson(
        1, "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    )
    course.lesson(
        2,
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(0)
        """,
    )
    assert course.run().code == 0


def test_half_written_files_of_a_killed_lesson_are_removed(three):
    three.lesson(
        2,
        """
        import os, time
        from pathlib import Path
        folder = Path(os.environ["OUTPUT_DIR"])
        (folder / f".02_a.png.{os.getpid()}.tmp").write_bytes(b"half")
        (folder / "results" / f".02_toy.json.{os.getpid()}.tmp").write_bytes(b"half")
        time.sleep(1000)
        """,
    )
    check_only_lesson_2_failed(three, three.run("--timeout", 1), r"still running after 1 s")
    assert list(three.outputs.glob("**/.*.tmp")) == []


def test_half_written_files_of_living_processes_are_kept(course):
    course.lesson(1)
    course.outputs.mkdir()
    ours = course.outputs / f".01_a.png.{os.getpid()}.tmp"
    ours.write_bytes(b"half")
    assert course.run().code == 0
    assert ours.exists()
    ours.unlink()


@posix
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_everything_and_keeps_what_is_finished(course, number, code):
    course.lesson(1, "print('fine')")
    course.lesson(
        2,
        "import subprocess, time; print('going'); subprocess.Popen(['sleep', '1000']); time.sleep(1000)",
    )
    course.lesson(3, "print('fine')")
    run = course.start("--jobs", 2)
    run.expect("going")
    assert run.interrupt(number) == code
    assert run.errors.startswith("Stopped by ")
    assert run.errors.count("\n") == 1
    record = course.record()
    assert record[1]["verdict"] == "ok"
    assert 2 not in record
    assert (course.outputs / "01_a.png").exists()
    assert course.log(1) == "fine\n"


@posix
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.15, 0.2])
def test_ctrl_c_at_any_moment_of_the_start_leaves_nothing(course, delay):
    course.lesson(1, "import time; time.sleep(1000)")
    (course.root / "helper_functions.py").write_text(
        "import time; time.sleep(0.1)\ndef pick_device(): pass"
    )
    run = course.start()
    while (
        len(course.processes()) < 2 and run.process.poll() is None
    ):  # its own Python is up: it starts the server
        time.sleep(0.002)
    time.sleep(delay)
    assert run.interrupt(signal.SIGINT) == 130
    assert "Traceback" not in run.errors + run.out


@posix
def test_ctrl_c_while_the_server_imports_leaves_nothing(course):
    course.lesson(1)
    (course.root / "slow.py").write_text("import time; open('importing', 'w'); time.sleep(1000)")
    run = course.start(preload="slow")
    while not (course.root / "importing").exists():
        time.sleep(0.01)
    assert run.interrupt(signal.SIGINT) == 130
    assert run.errors.count("\n") == 1


@pytest.fixture
def handlers():
    """The signals that stop a run, as a terminal program has them; given back after the test."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield lambda: [signal.getsignal(number) for number in numbers]
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@posix
def test_ctrl_c_pressed_twice_does_not_break_the_clean_up(handlers, monkeypatch):
    cleaned = []

    def stopped():
        with session._signals_stop():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGTERM)
                cleaned.append(True)

    with pytest.raises(session.StoppedError):
        stopped()
    assert cleaned
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    with pytest.raises(
        session.StoppedError
    ):  # the first may have been lost in a destructor: this one counts again
        signal.raise_signal(signal.SIGINT)


@posix
def test_signal_handlers_are_given_back(handlers):
    before = handlers()
    with session._signals_stop():
        assert not set(handlers()) & set(before)
    assert handlers() == before


@posix
def test_nohup_stays_nohup(course):
    course.lesson(1, "import os, signal, time; print('going'); time.sleep(0.3)")
    nohup = {**course.environment, "NOHUP": "1"}
    run = course.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN), env=nohup)
    run.expect("going")
    os.killpg(run.process.pid, signal.SIGHUP)
    assert run.end() == 0


@posix
def test_a_killed_run_takes_its_lessons_along_and_does_not_block_the_next(course):
    course.lesson(
        1,
        "import subprocess, time; print('going'); subprocess.Popen(['sleep', '1000']); time.sleep(1000)",
    )
    run = course.start()
    run.expect("going")
    run.process.kill()
    run.end()
    until = time.monotonic() + 10
    while course.processes() and time.monotonic() < until:
        time.sleep(0.02)
    assert course.processes() == []
    course.lesson(1)
    assert (
        course.run().code == 0
    )  # no stale lock; its half-written log is swept, which the fixture checks
    for path in course.temporary.glob("pymp-*/*"):
        path.unlink()  # the socket of the killed run: nobody was left to remove it
        path.parent.rmdir()


@posix
def test_a_reader_that_leaves_ends_the_run_quietly(course):
    course.lesson(1, "import time\nfor _ in range(100): print('x' * 1000); time.sleep(0.01)")
    ours, theirs = os.pipe()
    run = course.start(stdout=theirs)
    os.close(theirs)
    os.read(ours, 10)
    os.close(ours)
    assert run.end(10) == 1
    assert run.errors == ""
    assert "The run was stopped before this lesson" in (course.outputs / "index.html").read_text()


def test_a_second_run_into_the_same_folder_is_refused(course):
    course.lesson(
        1, "import os, time\nprint('going')\nwhile not os.path.exists('go'): time.sleep(0.01)"
    )
    first = course.start()
    first.expect("going")
    second = course.run()
    assert second.code == 2
    assert second.out == ""
    assert second.errors.startswith("Another run_all.py is writing to ")
    assert second.errors.count("\n") == 1
    assert (course.outputs / "logs").exists()
    (course.root / "go").touch()
    assert first.end() == 0
    assert course.run().code == 0


def refused(course, *arguments, sentence, **how):
    """The run is refused in one sentence before anything starts."""
    run = course.run(*arguments, **how)
    assert run.code == 2
    assert run.out == ""
    assert re.fullmatch(sentence + r"\n", run.errors), run.errors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["9"], r"There is no lesson '9'; name one by number or file: 01_toy, 02_toy, 03_toy\."),
        (
            ["--jobs", "0"],
            r"run_all\.py: argument --jobs: '0' is not a whole number of at least 1 \(see .*\)",
        ),
        (["--jobs", "-2"], r"run_all\.py: argument --jobs: .*"),
        (
            ["--jobs", "two"],
            r"run_all\.py: argument --jobs: 'two' is not a whole number of at least 1 \(see .*\)",
        ),
        (["--timeout", "-1"], r"run_all\.py: argument --timeout: .*"),
        (
            ["--timeout", "0"],
            r"run_all\.py: argument --timeout: '0' is not a number of seconds above 0 \(see .*\)",
        ),
        (["--timeout", "nan"], r"run_all\.py: argument --timeout: .*"),
        (["--timeout", "soon"], r"run_all\.py: argument --timeout: .*"),
        (["--device", "tpu"], r"run_all\.py: argument --device: invalid choice: 'tpu' .*"),
        (
            ["--device", "mps"],
            r"No lesson can run: COURSE_DEVICE asks for mps, but there is none\.",
        ),
        (["--watch"], r"--watch runs one lesson; name it, as in: python run_all\.py --watch 3"),
        (
            ["--watch", "1", "2"],
            r"--watch runs one lesson; name it, as in: python run_all\.py --watch 3",
        ),
        (["--nonsense"], r"run_all\.py: unrecognized arguments: --nonsense \(see .*\)"),
        (["--check"], r"Cannot read the receipts in .*expected_results\.toml: .*"),
    ],
)
def test_wrong_usage_is_refused_in_one_sentence(three, arguments, sentence):
    three.lesson(2)
    refused(three, *arguments, sentence=sentence)


def test_missing_dependencies_are_named_with_the_command_that_installs_them(three):
    (three.root / "pyproject.toml").write_text(
        "[project]\ndependencies = ['pytest>=1', 'no-such-package[extra]>=2,<3', 'nor.this==1']\n"
    )
    refused(
        three,
        sentence=r"Not installed: no-such-package, nor\.this\. "
        r"Install everything the course needs with: python -m pip install -r requirements\.txt",
    )
    assert not three.outputs.exists()


def test_an_environment_without_packages_is_told_how_to_get_them():
    done = subprocess.run(
        [sys.executable, "-S", PROJECT / "run_all.py"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 2
    assert re.fullmatch(
        r"Not installed: torch, scikit-learn, .* -r requirements\.txt\n", done.stderr
    )


def test_a_broken_helper_is_told_before_any_lesson_runs(three):
    (three.root / "helper_functions.py").write_text("this is no Python")
    refused(three, sentence=r"No lesson can run: SyntaxError: invalid syntax")


@posix
def test_a_current_folder_that_was_deleted_is_named(three, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    sentence = r"The current folder was deleted; change to one that exists, as in: cd ~"
    refused(three, sentence=sentence, preexec_fn=lambda: (os.chdir(gone), gone.rmdir()))


def test_a_folder_without_lessons_is_refused(course):
    refused(course, sentence=r"There are no lessons here: .*")


def test_a_file_in_the_way_of_the_output_folder_is_named(three):
    (three.root / "file").touch()
    for folder in ("file", "file/below"):
        refused(
            three,
            "--output-dir",
            folder,
            sentence=r"Cannot write to the output folder \S+ \(\S+ is a file\); choose another one\.",
        )
    three.outputs.mkdir()
    (three.outputs / "logs").touch()
    refused(
        three,
        sentence=r"Cannot write to the output folder .*outputs \(\S+logs is a file\); choose another one\.",
    )


@pytest.mark.parametrize("folder", ["outputs", "outputs/results", "outputs/logs"])
def test_a_read_only_output_folder_is_refused(three, folder):
    path = three.root / folder
    path.mkdir(parents=True)
    path.chmod(0o555)
    try:
        (path / "probe").touch()
        pytest.skip("nothing is read-only to this user")
    except PermissionError:
        refused(
            three,
            sentence=r"Cannot write to the output folder .*outputs \(Permission denied\); choose another one\.",
        )
    finally:
        path.chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_an_output_folder_where_nobody_can_write_is_refused(three):
    refused(
        three,
        "--output-dir",
        "/proc/outputs",
        sentence=r"Cannot write to the output folder /proc/outputs .*",
    )


@posix
@pytest.mark.parametrize("folder", ["", "/logs", "/results"])
def test_a_folder_that_a_lesson_removes_is_made_again(three, folder):
    three.lesson(
        2, f"import os, shutil; shutil.rmtree(os.environ['OUTPUT_DIR'] + {folder!r}); print('gone')"
    )
    run = three.run("--jobs", 1)
    assert (run.code, run.errors) == (0, "")
    assert "3 of 3 lessons ok" in run.out
    assert three.log(2) == "gone\n"
    assert set(three.record()) == {1, 2, 3}


def test_a_page_that_cannot_be_written_costs_no_table(three):
    three.lesson(2)
    (three.outputs / "index.html").mkdir(parents=True)
    run = three.run()
    assert run.code == 1
    assert "3 of 3 lessons ok" in run.out
    assert re.fullmatch(r"The run cannot go on: \S*index\.html: .*\n", run.errors), run.errors


@posix
def test_a_closed_standard_input_does_no_harm(course):
    course.lesson(1, "import sys; assert sys.stdin.read() == ''")
    assert course.run(preexec_fn=lambda: os.close(0)).code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["--list"], []])
def test_a_full_standard_output_is_named(course, arguments):
    course.lesson(1)
    with open("/dev/full", "w") as full:
        run = course.run(*arguments, stdout=full)
    assert run.code == 1
    assert run.errors == "The run cannot go on: standard output: No space left on device.\n"


@posix
def test_a_closed_standard_output_does_no_harm(course):
    course.lesson(1, "print('fine')")
    assert course.run(preexec_fn=lambda: os.close(1)).code == 0
    assert course.log(1) == "fine\n"


def test_a_traceback_begins_in_the_lesson_as_in_plain_python(course):
    path = course.lesson(1, "def inner():\n    raise ValueError('here')\ninner()")
    course.lesson(2, "1 +")
    run = course.run()
    assert run.code == 1
    assert course.log(1).startswith(f'Traceback (most recent call last):\n  File "{path}", line ')
    assert "runner" not in course.log(1) + course.log(2)
    assert "runpy" not in course.log(1) + course.log(2)
    plain = subprocess.run(
        [sys.executable, path],
        capture_output=True,
        text=True,
        env={**course.environment, "PYTHONPATH": str(course.root)},
    )
    assert course.log(1) == plain.stderr
