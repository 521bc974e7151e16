"""The checker itself: whatever the learner's code does, the verdict is true, and nothing runs on."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from course.checker import command_line, worker
from course.checker.catalog import PACKAGE, find_exercises, pick
from course.checker.progress import Progress, digest

ROOT = PACKAGE.parent
RIGHT = (PACKAGE / "solutions" / "02_labels.py").read_text()
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture(scope="module")
def pool():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "svg")  # what the learner's own set-up may say
        with worker.make_pool() as pool:
            yield pool


@pytest.fixture
def exercise(tmp_path):
    return pick(find_exercises(tmp_path), "2")


@pytest.fixture
def check(pool, exercise):
    """Check `text` as the answer to exercise 2; the result has `shown`, what the learner saw of the output."""

    def check(text, limit=10.0, **options):
        exercise.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        shown = []
        result = worker.check(pool, exercise, 1, limit, shown.append, **options)
        return {**result, "shown": "".join(shown)}

    return check


def inside(body):
    """Return an answer whose binary_labels runs `body` first."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = RIGHT.replace("    return (logits.reshape", f"{lines}    return (logits.reshape")
    assert text != RIGHT
    return text


def line_of(text, part):
    return 1 + next(i for i, line in enumerate(text.splitlines()) if part in line)


def test_right_answer(check):
    result = check(RIGHT + "\nprint('hello')\n")
    assert result["verdict"] == "passed"
    assert result["shown"] == "hello\n"
    assert 0 < result["seconds"] < 10


LOOPS = {
    "endless loop": "while True:\n    pass",
    "loop that catches everything": (
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    ),
    "loop in C": "import itertools\nsum(itertools.repeat(0))  # here",
    "sleep": "import time\ntime.sleep(1000)  # here",
    "thread": "import threading\nthreading.Event().wait()  # here",
}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_endless_code_is_stopped_and_its_line_named(check, body):
    text = inside(body)
    result = check(text, limit=0.7)
    assert result["verdict"] == "timed out"
    allowed = range(line_of(text, body.splitlines()[0]), line_of(text, "return (logits.reshape"))
    if "# here" in text:
        allowed = [line_of(text, "# here")]
    assert result["line"] in allowed
    assert f"in line {result['line']}" in result["sentence"]


def test_endless_module_and_cancelled_alarm(check, monkeypatch):
    assert check("x = 1\nwhile True:\n    x += 1\n", limit=0.7)["line"] in (2, 3)
    monkeypatch.setattr(worker, "GRACE", 0.5)
    result = check(
        "import faulthandler\nfaulthandler.cancel_dump_traceback_later()\nwhile True:\n    pass\n",
        limit=0.7,
    )
    assert result["verdict"] == "timed out"
    assert result["line"] is None


ENDS = {
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "quit": "raise SystemExit",
    "forged verdict": (
        "import glob, json, os, tempfile\n"
        "for folder in glob.glob(tempfile.gettempdir() + '/exercise-*'):\n"
        "    with open(folder + '/verdict.json', 'w') as file:\n"
        "        json.dump({'verdict': 'passed', 'nonce': '', 'measured': [], 'remarks': []}, file)\n"
        "os._exit(0)"
    ),
    "damaged verdict": (
        "import glob, os, tempfile\n"
        "for folder in glob.glob(tempfile.gettempdir() + '/exercise-*'):\n"
        "    open(folder + '/verdict.json', 'w').write('[1')\n"
        "os._exit(0)"
    ),
}


@pytest.mark.parametrize("body", ENDS.values(), ids=ENDS)
def test_ending_python_is_no_pass(check, body):
    for text in (inside(body), f"{body}\n{RIGHT}"):
        assert check(text)["verdict"] == "ended early"


def test_other_exit_codes_are_named(check):
    assert "exit code 3" in check("import os\nos._exit(3)\n")["sentence"]


@posix
def test_segmentation_fault_is_named_with_its_line(check):
    text = inside("import ctypes\nctypes.string_at(0)  # here")
    result = check(text)
    assert (result["verdict"], result["diagnosis"]) == ("crashed", "killed")
    assert "SIGSEGV" in result["sentence"]
    assert result["line"] == line_of(text, "# here")


def test_print_flood_is_cut_to_head_and_tail(check):
    result = check(inside("for i in range(100000):\n    print('line', i)"))
    assert result["verdict"] == "passed"
    assert len(result["shown"]) < 10_000
    assert result["shown"].startswith("line 0\nline 1\n")
    assert "bytes left out" in result["shown"]
    assert result["shown"].endswith("line 99998\nline 99999\n")


def test_endless_flood_is_stopped(check, monkeypatch):
    monkeypatch.setattr(worker, "MOST_OUTPUT", 1_000_000)
    result = check("while True:\n    print('x' * 1000)\n")
    assert (result["verdict"], result["diagnosis"]) == ("crashed", "output")
    assert len(result["shown"]) < 10_000


def test_nobody_answers_input(check):
    text = inside("input('Your name? ')")
    result = check(text)
    assert result["verdict"] == "crashed"
    assert "nobody can answer" in result["cause"]
    assert result["line"] == line_of(text, "input(")


def test_plots_open_no_window_and_do_not_wait(check):
    body = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nassert plt.get_backend().lower() == 'agg'"
    result = check(inside(body))
    assert result["verdict"] == "passed"
    assert result["shown"] == ""


@pytest.mark.parametrize(
    ("text", "verdict", "diagnosis", "line"),
    [
        ("def f(:\n    pass\n", "syntax error", None, 1),
        ("x = 1\n  y = 2\n", "syntax error", None, 2),
        ("x = '\0'\n", "syntax error", None, None),
        ("# caf\xe9\n".encode("latin-1"), "syntax error", None, None),
        ("", "wrong", "missing-function", None),
        ("binary_labels = 3\n", "wrong", "missing-function", None),
        (RIGHT.replace("return (", "("), "wrong", "returned-none", 4),
        (RIGHT.replace("(logits):", "():"), "wrong", "signature", 6),
        (RIGHT.replace("(logits):", "(logits, y):"), "wrong", "signature", 6),
        ("import torhc\n", "crashed", "ModuleNotFoundError", 1),
        ("x = 1\n\n1 / 0\n", "crashed", "ZeroDivisionError", 3),
        ("raise KeyboardInterrupt\n", "crashed", "KeyboardInterrupt", 1),
        ("def f():\n    return f()\nf()\n", "crashed", "RecursionError", 2),
        (RIGHT.replace("logits.argmax(dim=1)", "[1, 2]"), "wrong", "type", 11),
    ],
)
def test_broken_files(check, text, verdict, diagnosis, line):
    result = check(text)
    assert (result["verdict"], result.get("diagnosis")) == (verdict, diagnosis)
    assert "Traceback" not in json.dumps(result)
    if line is not None:
        assert result["line"] == line, result


def test_a_folder_with_another_alphabet(pool, tmp_path):
    folder = tmp_path / "\u00fcbung \u65e5"
    folder.mkdir()
    exercise = pick(find_exercises(folder), "2")
    exercise.path.write_text("x = 1\nwhile True:\n    x += 1\n")
    assert worker.check(pool, exercise, 1, 0.7)["line"] in (2, 3)


def test_too_deep_for_python_is_a_syntax_error(check):
    assert check("x = " + "-" * 100_000 + "1\n")["verdict"] == "syntax error"


def test_encoding_is_explained(check):
    assert "not UTF-8" in check("# caf\xe9\n".encode("latin-1"))["sentence"]


def test_deleted_file_is_missing(pool, exercise):
    assert worker.check(pool, exercise, 1)["verdict"] == "missing"


def test_what_cannot_be_read_is_said(run, tmp_path):
    (tmp_path / "02_labels.py").unlink()
    (tmp_path / "02_labels.py").mkdir()
    code, out, _ = run("check", 2)
    assert code == 1
    assert "Cannot read" in out
    assert "reset" not in out


@posix
def test_nothing_of_the_learner_runs_on(check, tmp_path):
    body = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)  # {tmp_path}'])"
    assert check(inside(body))["verdict"] == "passed"
    time.sleep(0.1)
    assert not [
        p
        for p in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(p.info["cmdline"] or ())
    ]


def test_threads_of_the_learner_are_not_waited_for(check):
    body = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()"
    result = check(inside(body))
    assert result["verdict"] == "passed"
    assert result["seconds"] < 10


def test_stop_ends_a_check(check):
    assert check("while True:\n    pass\n", stop=lambda: True)["verdict"] == "stopped"


# The commands


@pytest.fixture
def run(tmp_path, pool, monkeypatch, capsys):
    """Run one command on a folder of starters; returns exit code, output, errors."""
    for starter in (PACKAGE / "starters").glob("*.py"):
        shutil.copy(starter, tmp_path)
    monkeypatch.setattr(worker, "make_pool", lambda many=False: pool)
    monkeypatch.setattr(pool, "close", lambda: None)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        try:
            code = command_line.main([str(a) for a in arguments], tmp_path)
        except SystemExit as end:
            code = end.code
        out, errors = capsys.readouterr()
        assert (out + errors).isascii()
        return code, out, errors

    return run


def test_overview(run):
    code, out, errors = run()
    assert (code, errors) == (0, "")
    assert out.startswith("0 of 14 exercises passed\n")
    assert "Next: read and edit 01_tensors.py, then run: python 01_tensors.py" in out
    assert run("list")[1] == out


def test_pass_is_remembered_and_not_run_again(run, tmp_path):
    (tmp_path / "02_labels.py").write_text(RIGHT + "\nprint('ran')\n")
    code, out, _ = run("check", 2)
    assert code == 0
    for part in (
        "ran\n",
        "02 From logits to labels: PASSED",
        "measured",
        "why",
        "reference",
        "Next: python 03_accuracy.py",
    ):
        assert part in out
    code, again, _ = run("check", "02_labels.py")
    assert code == 0
    assert "ran\n" not in again
    assert "was not run again" in again
    assert "ran\n" in run("check", 2, "--seed", 3)[1]
    (tmp_path / "02_labels.py").write_text(RIGHT + "\nprint('changed')\n")
    assert "changed\n" in run("check", 2)[1]
    assert "[x] 02" in run()[1]


def test_message_has_its_parts_in_order(run, tmp_path):
    (tmp_path / "02_labels.py").write_text(RIGHT.replace(">= 0)", "> 0.5)"))
    code, out, _ = run("check", 2, "--seed", 5)
    assert code == 1
    parts = [
        "WRONG",
        "returns wrong values.",
        "got ",
        "expected ",
        "difference ",
        "cause ",
        "your line ",
        "replay",
        "Next:",
    ]
    places = [out.index(part) for part in parts]
    assert places == sorted(places)
    assert "02_labels.py:6: return (logits.reshape(-1) > 0.5)" in out
    assert "python 02_labels.py --seed 5" in out
    assert max(map(len, out.splitlines())) <= 100


def test_hints_are_offered_now_and_then(run, tmp_path):
    offered = []
    for attempt in range(1, 13):
        (tmp_path / "02_labels.py").write_text(f"x = {attempt}\n")
        if "python -m exercises hint 2" in run("check", 2)[1]:
            offered.append(attempt)
    assert offered == [2, 7, 12]


def test_three_hints_then_the_solution(run):
    assert run("solution", 2)[0] == 2
    outs = [run("hint", 2)[1] for _ in range(4)]
    assert [out.count("   hint ") for out in outs] == [1, 2, 3, 3]
    assert "solution 2" in outs[2]
    code, out, _ = run("solution", 2)
    assert code == 0
    assert RIGHT in out
    assert run("solution", 3, "--yes")[0] == 0


@pytest.mark.parametrize(
    ("answer", "shown"), [("y", True), ("YES", True), ("", False), ("n", False)]
)
def test_solution_asks_who_has_seen_no_hint(run, monkeypatch, answer, shown):
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or answer)
    code, out, _ = run("solution", 2)
    assert code == 0
    assert asked == ["Show the solution all the same? [y/N] "]
    assert "python -m exercises hint 2" in out
    assert (RIGHT in out) is shown


def test_ctrl_d_at_the_question_means_no(run, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: (_ for _ in ()).throw(EOFError))
    code, out, errors = run("solution", 2)
    assert (code, errors) == (0, "")
    assert RIGHT not in out


def test_messages_hold_no_control_characters_and_whole_commands(run, tmp_path):
    (tmp_path / "02_labels.py").write_text(
        "raise ValueError('\\x1b[31mred caf\\xe9 ' + 'long' * 60)\n"
    )
    _, out, _ = run("check", 2)
    assert "\\x1b[31mred caf\\xe9" in out
    assert "\x1b" not in out
    assert "long" * 60 in out


def test_reset_keeps_a_backup(run, tmp_path):
    path = tmp_path / "02_labels.py"
    for text in ("first\n", "second\n"):
        path.write_text(text)
        assert run("reset", 2)[0] == 0
        assert path.read_text() == (PACKAGE / "starters" / "02_labels.py").read_text()
    assert [(tmp_path / "backups" / f"02_labels-{n}.py").read_text() for n in (1, 2)] == [
        "first\n",
        "second\n",
    ]
    path.unlink()
    assert "reset 2" in run("check", 2)[1]
    assert run("reset", 2)[0] == 0
    assert path.exists()


def test_check_all_as_json(run, tmp_path):
    for name in ("02_labels", "03_accuracy"):
        shutil.copy(PACKAGE / "solutions" / f"{name}.py", tmp_path)
    (tmp_path / "04_model.py").unlink()
    code, out, _ = run("check", "--all", "--json")
    results = json.loads(out)
    assert code == 1
    assert [result["verdict"] for result in results[:5]] == [
        "not started",
        "passed",
        "passed",
        "missing",
        "not started",
    ]
    assert len(results) == 14
    assert run("check", 2, 3, "--json")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "2", "--all"],
        ["check", "99"],
        ["check", "2", "--seed", "-1"],
        ["check", "2", "--seed", "4294967296"],
        ["hint", "x"],
        ["hint", "9" * 5000],
        ["reset"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_one_sentence(run, arguments):
    code, out, errors = run(*arguments)
    assert code == 2
    assert out == ""
    assert "Traceback" not in errors


def test_damaged_progress_is_set_aside(run, tmp_path):
    path = tmp_path / "progress.json"
    for n, damage in enumerate(
        ("{", "[]", '{"exercises": {"02_labels": 3}}', '{"exercises": 7}', "\xff"), start=1
    ):
        path.write_bytes(damage.encode("latin-1"))
        code, _, errors = run()
        assert code == 0
        assert f"set aside as progress-damaged-{n}.json" in errors
        assert not path.exists()
    path.write_text('{"exercises": {"02_labels": {"hints": "many", "passed": true}}}')
    assert "[x] 02" in run()[1]


def test_progress_that_cannot_be_written(run, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    (tmp_path / "02_labels.py").write_text(RIGHT)
    code, out, errors = run("check", 2)
    assert code == 0
    assert "PASSED" in out
    assert "Permission denied" in errors


def test_progress_is_whole_or_old(exercise, tmp_path, monkeypatch):
    progress = Progress(tmp_path)
    progress.record(exercise, {"verdict": "wrong"}, "1")
    before = progress.path.read_text()
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    progress.record(exercise, {"verdict": "passed"}, "2")
    assert progress.path.read_text() == before
    assert "No space left" in progress.problems[0]
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_two_terminals_do_not_undo_each_other(exercise, tmp_path):
    watching, other = Progress(tmp_path), Progress(tmp_path)
    other.of(exercise)["hints"] = 2
    other.save()
    watching.record(exercise, {"verdict": "wrong"}, "1")
    assert Progress(tmp_path).of(exercise)["hints"] == watching.of(exercise)["hints"] == 2


def test_solved_needs_the_same_file(exercise, tmp_path):
    exercise.path.write_text("x")
    progress = Progress(tmp_path)
    progress.record(exercise, {"verdict": "passed"}, digest(exercise))
    assert progress.solved(exercise)
    exercise.path.write_text("y")
    assert not progress.solved(exercise)
    exercise.path.unlink()
    assert not progress.solved(exercise)
    assert progress.of(exercise)["passed"]


# Whole programs


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of what the exercises need."""
    folder = tmp_path_factory.mktemp("course")
    skip = shutil.ignore_patterns("__pycache__", "progress*.json", "backups")
    for name in ("exercises", "runner"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    shutil.copy(ROOT / "helper_functions.py", folder)
    for starter in (PACKAGE / "starters").glob("*.py"):
        shutil.copy(starter, folder / "exercises")
    return folder


def test_the_file_is_its_own_check(course):
    path = course / "exercises" / "02_labels.py"
    header = path.read_text().partition("def ")[0]
    path.write_text(header + RIGHT.partition('"""\n')[2].lstrip() + "\nprint('caf\\xe9')\n")
    environment = {**os.environ, "PYTHONIOENCODING": "cp437"}
    environment.pop("DISPLAY", None)
    done = subprocess.run(
        [sys.executable, path],
        cwd=course.anchor,
        env=environment,
        input=b"",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"PASSED") == 1
    assert done.stdout.count(b"caf") == 1


@posix
@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_standard_streams_that_are_closed(course, descriptor):
    command = [sys.executable, "-m", "exercises", "check", "2"]
    done = subprocess.run(
        command,
        cwd=course,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.close(descriptor),
    )
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr


@pytest.fixture
def _heeds_ctrl_c():
    """What is started now heeds Ctrl-C, also where the tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@posix
@pytest.mark.usefixtures("_heeds_ctrl_c")
def test_watch_answers_saves_and_ends_with_everything(course):
    path = course / "exercises" / "03_accuracy.py"
    log = course / "watch.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "exercises", "watch"],
            cwd=course,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )

    def wait_for(text, count=1):
        until = time.monotonic() + 60
        while log.read_text().count(text) < count:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)

    try:
        wait_for("Watching the exercises")
        assert "01 Tensors from NumPy: NOT STARTED" in log.read_text()
        path.write_text("x = (\n")
        wait_for("03 An accuracy that refuses nonsense: SYNTAX ERROR")
        path.write_text("while True:\n    pass\n")
        time.sleep(0.3)
        path.unlink()
        time.sleep(0.2)
        save = path.with_suffix(".new")
        shutil.copy(PACKAGE / "solutions" / "03_accuracy.py", save)
        save.replace(path)
        wait_for("03 An accuracy that refuses nonsense: PASSED")
        wait_for("Watching the exercises", count=3)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    finally:
        process.kill()
    assert "Traceback" not in log.read_text()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


@posix
@pytest.mark.usefixtures("_heeds_ctrl_c")
def test_ctrl_c_during_a_check(course):
    path = course / "exercises" / "04_model.py"
    started = course / "started"
    path.write_text(f"open({str(started)!r}, 'w').close()\nwhile True:\n    pass\n")
    command = [sys.executable, "-m", "exercises", "check", "4"]
    process = subprocess.Popen(
        command, cwd=course, stdout=-1, stderr=-1, text=True, start_new_session=True
    )
    until = time.monotonic() + 60
    while not started.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, errors) == ("", "\nStopped by Ctrl-C. Nothing runs on.\n")
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert Path(started).exists()
