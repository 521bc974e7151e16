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
from course.checker.verdicts import Finding, Result, Verdict, read_result

ROOT = PACKAGE.parents[1]
EXERCISES = {exercise.name: exercise for exercise in find_exercises()}
RIGHT = EXERCISES["02_labels"].solution
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
    """Check `text` as the answer to exercise 2."""

    def check(text, limit=10.0, show=lambda text: None, **options):
        exercise.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return worker.check(pool, exercise, 1, limit, show, **options)

    return check


@pytest.fixture
def shown(check):
    """Check as `check` does; returns the result, and what the learner saw of the output."""

    def shown(text, **options):
        parts = []
        result = check(text, show=parts.append, **options)
        return result, "".join(parts)

    return shown


FIRST = "    flat = logits.reshape"  # the begin of binary_labels


def inside(body):
    """Return an answer whose binary_labels runs `body` first."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = RIGHT.replace(FIRST, f"{lines}{FIRST}")
    assert text != RIGHT
    return text


def line_of(text, part):
    return 1 + next(i for i, line in enumerate(text.splitlines()) if part in line)


def test_right_answer_passes_and_what_it_prints_is_shown(shown):
    result, text = shown(RIGHT + "\nprint('hello')\n")
    assert result.verdict is Verdict.PASSED
    assert (result.name, result.seed) == ("02_labels", 1)
    assert text == "hello\n"
    assert 0 < result.seconds < 10


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
    assert result.verdict is Verdict.TIMED_OUT
    allowed = range(line_of(text, body.splitlines()[0]), line_of(text, FIRST))
    if "# here" in text:
        allowed = [line_of(text, "# here")]
    assert result.finding.line in allowed
    assert f"in line {result.finding.line}" in result.finding.sentence


def test_endless_module_and_cancelled_alarm(check, monkeypatch):
    assert check("x = 1\nwhile True:\n    x += 1\n", limit=0.7).finding.line in (2, 3)
    monkeypatch.setattr(worker, "GRACE", 0.5)
    result = check(
        "import faulthandler\nfaulthandler.cancel_dump_traceback_later()\nwhile True:\n    pass\n",
        limit=0.7,
    )
    assert result.verdict is Verdict.TIMED_OUT
    assert result.finding.line is None


ENDS = {
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "quit": "raise SystemExit",
    "prints a pass": 'import os\nprint(\'{"verdict": "passed"}\', flush=True)\nos._exit(0)',
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
        assert check(text).verdict is Verdict.ENDED_EARLY


def test_other_exit_codes_are_named(check):
    assert "exit code 3" in check("import os\nos._exit(3)\n").finding.sentence


@posix
def test_segmentation_fault_is_named_with_its_line(check):
    text = inside("import ctypes\nctypes.string_at(0)  # here")
    result = check(text)
    assert (result.verdict, result.finding.diagnosis) == ("crashed", "killed")
    assert "SIGSEGV" in result.finding.sentence
    assert result.finding.line == line_of(text, "# here")


def test_print_flood_is_cut_to_head_and_tail(shown):
    result, text = shown(inside("for i in range(100000):\n    print('line', i)"), limit=60)
    assert result.verdict is Verdict.PASSED
    assert len(text) < 10_000
    assert text.startswith("line 0\nline 1\n")
    assert "bytes left out" in text
    assert text.endswith("line 99998\nline 99999\n")


def test_endless_flood_is_stopped(shown, monkeypatch):
    monkeypatch.setattr(worker, "MOST_OUTPUT", 1_000_000)
    result, text = shown("while True:\n    print('x' * 1000)\n")
    assert (result.verdict, result.finding.diagnosis) == ("crashed", "output")
    assert len(text) < 10_000


def test_nobody_answers_input(check):
    text = inside("input('Your name? ')")
    result = check(text)
    assert result.verdict is Verdict.CRASHED
    assert "nobody can answer" in result.finding.cause
    assert result.finding.line == line_of(text, "input(")


def test_plots_open_no_window_and_do_not_wait(shown):
    body = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nassert plt.get_backend().lower() == 'agg'"
    result, text = shown(inside(body))
    assert result.verdict is Verdict.PASSED
    assert text == ""


@pytest.mark.parametrize(
    ("text", "verdict", "diagnosis", "line"),
    [
        ("def f(:\n    pass\n", "syntax error", "", 1),
        ("x = 1\n  y = 2\n", "syntax error", "", 2),
        ("x = '\0'\n", "syntax error", "", None),
        ("# caf\xe9\n".encode("latin-1"), "syntax error", "", None),
        ("", "wrong", "missing-function", None),
        ("binary_labels = 3\n", "wrong", "missing-function", None),
        (RIGHT.replace("return (", "("), "wrong", "returned-none", "def binary"),
        (RIGHT.replace("(logits):", "():"), "wrong", "signature", "return (flat"),
        (RIGHT.replace("(logits):", "(logits, y):"), "wrong", "signature", "return (flat"),
        (
            "class Mine:\n    def binary_labels(z):\n        return 1",
            "wrong",
            "missing-function",
            3,
        ),
        ("import torhc\n", "crashed", "ModuleNotFoundError", 1),
        ("x = 1\n\n1 / 0\n", "crashed", "ZeroDivisionError", 3),
        ("raise KeyboardInterrupt\n", "crashed", "KeyboardInterrupt", 1),
        ("def f():\n    return f()\nf()\n", "crashed", "RecursionError", 2),
        (RIGHT.replace("logits.argmax(dim=1)", "[1, 2]"), "wrong", "type", "return [1"),
    ],
)
def test_broken_files_get_their_verdict_and_line(check, text, verdict, diagnosis, line):
    result = check(text)
    assert (result.verdict, result.finding.diagnosis) == (verdict, diagnosis)
    assert "Traceback" not in json.dumps(result.as_json())
    expected = line_of(text, line) if isinstance(line, str) else line
    assert result.finding.line == expected


def test_a_folder_with_another_alphabet(pool, tmp_path):
    folder = tmp_path / "\u00fcbung \u65e5"
    folder.mkdir()
    exercise = pick(find_exercises(folder), "2")
    exercise.path.write_text("x = 1\nwhile True:\n    x += 1\n")
    assert worker.check(pool, exercise, 1, 0.7).finding.line in (2, 3)


def test_too_deep_for_python_is_a_syntax_error(check):
    assert check("x = " + "-" * 100_000 + "1\n").verdict is Verdict.SYNTAX_ERROR


def test_encoding_is_explained(check):
    assert "not UTF-8" in check("# caf\xe9\n".encode("latin-1")).finding.sentence


def test_deleted_file_is_missing(pool, exercise):
    assert worker.check(pool, exercise, 1).verdict is Verdict.MISSING


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
    assert check(inside(body)).verdict is Verdict.PASSED
    time.sleep(0.1)
    assert not [
        p
        for p in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(p.info["cmdline"] or ())
    ]


def test_threads_of_the_learner_are_not_waited_for(check):
    body = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()"
    result = check(inside(body))
    assert result.verdict is Verdict.PASSED
    assert result.seconds < 10


def test_stop_ends_a_check(check):
    assert check("while True:\n    pass\n", stop=lambda: True).verdict is Verdict.STOPPED


# The commands


def hand_out(folder):
    """Write every starter into a folder."""
    for exercise in EXERCISES.values():
        (folder / f"{exercise.name}.py").write_text(exercise.starter)


@pytest.fixture
def run(tmp_path, pool, monkeypatch, capsys):
    """Run one command on a folder of starters; returns exit code, output, errors."""
    hand_out(tmp_path)
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
    (tmp_path / "02_labels.py").write_text(RIGHT.replace("flat >= 0)", "flat > 0.5)"))
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
    line = line_of(RIGHT, "return (flat")
    assert f"02_labels.py:{line}: return (flat > 0.5)" in out
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
    assert run("solution", 2) == (0, RIGHT, "")
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
        assert path.read_text() == EXERCISES["02_labels"].starter
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
        (tmp_path / f"{name}.py").write_text(EXERCISES[name].solution)
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


def test_json_keeps_its_entries(run, tmp_path):
    path = tmp_path / "02_labels.py"
    always = ["name", "seed", "seconds", "verdict"]

    def entries(text):
        path.write_text(text)
        (result,) = json.loads(run("check", 2, "--json", "--seed", 3)[1])
        assert (result["name"], result["seed"]) == ("02_labels", 3)
        return list(result)

    assert entries(RIGHT) == [*always, "measured", "remarks"]
    values = ["diagnosis", "sentence", "got", "expected", "difference", "cause", "line"]
    assert entries(RIGHT.replace("flat >= 0)", "flat > 0.5)")) == [*always, *values]
    assert entries("1 / 0") == [*always, "diagnosis", "sentence", "line"]
    assert entries("x = (") == [*always, "sentence", "line"]
    path.write_text(RIGHT)
    run("check", 2)
    (again,) = json.loads(run("check", 2, "--json")[1])
    assert list(again) == [*always, "measured", "remarks", "unchanged"]
    assert again["unchanged"] is True


def test_results_are_read_as_they_were_written():
    finding = Finding("value", "returns a wrong value.", got="1", expected="2", line=3)
    results = (
        Result(Verdict.WRONG, finding, name="02_labels", seed=7, seconds=0.5),
        Result(Verdict.REMARKS, measured=("seen",), remarks=(finding,)),
        Result(Verdict.STOPPED),
    )
    for result in results:
        assert read_result(json.loads(json.dumps(result.as_json()))) == result


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


def test_progress_of_version_1_is_read(run, tmp_path):
    last = {"name": "02_labels", "seed": 1, "seconds": 0.1, "verdict": "crashed", "line": 3}
    last |= {"diagnosis": "KeyError", "sentence": "KeyError: 3", "cause": ""}
    state = {"last": last, "digest": "1", "failures": 2, "hints": 1, "passed": True}
    text = json.dumps({"exercises": {"02_labels": state}})
    (tmp_path / "progress.json").write_text(text)
    code, out, errors = run()
    assert (code, errors) == (0, "")
    (line,) = [line for line in out.splitlines() if line.startswith("[x] 02")]
    assert line.endswith("crashed")


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
    progress.record(exercise, Result(Verdict.WRONG), "1")
    before = progress.path.read_text()
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    progress.record(exercise, Result(Verdict.PASSED), "2")
    assert progress.path.read_text() == before
    assert "No space left" in progress.problems[0]
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_two_terminals_do_not_undo_each_other(exercise, tmp_path):
    watching, other = Progress(tmp_path), Progress(tmp_path)
    other.of(exercise).hints = 2
    other.save()
    watching.record(exercise, Result(Verdict.WRONG), "1")
    assert Progress(tmp_path).of(exercise).hints == watching.of(exercise).hints == 2


def test_solved_needs_the_same_file(exercise, tmp_path):
    exercise.path.write_text("x")
    progress = Progress(tmp_path)
    progress.record(exercise, Result(Verdict.PASSED), digest(exercise))
    assert progress.solved(exercise)
    exercise.path.write_text("y")
    assert not progress.solved(exercise)
    exercise.path.unlink()
    assert not progress.solved(exercise)
    assert progress.of(exercise).passed


# Whole programs


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of what the exercises need."""
    folder = tmp_path_factory.mktemp("course")
    skip = shutil.ignore_patterns("__pycache__", "progress*.json", "backups")
    for name in ("exercises", "course"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    shutil.copy(ROOT / "helper_functions.py", folder)
    hand_out(folder / "exercises")
    return folder


def in_course(course, *arguments, **options):
    """Run Python in a copy of the course, while the installed one is another."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_a_pasted_solution_checks_itself(course):
    path = course / "exercises" / "06_moons.py"
    shown = in_course(course, "-m", "exercises", "solution", "6", "--yes")
    path.write_text(shown.stdout)
    done = in_course(course, "exercises/06_moons.py")
    assert "06 Moons: PASSED" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_a_file_without_the_starting_lines_is_checked_by_command(course):
    path = course / "exercises" / "02_labels.py"
    before, _, after = RIGHT.partition('if __name__ == "__main__":\n')
    path.write_text(before + after.partition("\n")[2])
    assert "import checker" not in path.read_text()
    done = in_course(course, "-m", "exercises", "check", "2")
    assert "02 From logits to labels: PASSED" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_the_copy_of_the_course_that_lies_beside_the_exercise_checks_it(course):
    sentence = "This copy says so."
    checks = course / "course" / "checker" / "checks" / "03_accuracy.py"
    text = checks.read_text()
    checks.write_text(text.replace("Broadcasting compares every label with every other.", sentence))
    path = course / "exercises" / "03_accuracy.py"
    answer = EXERCISES["03_accuracy"].solution
    path.write_text(answer.replace("if y_true.shape != y_pred.shape:", "if False:"))
    try:
        for arguments in ([path], ["-m", "exercises", "check", "3"]):
            done = in_course(course, *arguments)
            assert sentence in done.stdout, done.stdout + done.stderr
    finally:
        checks.write_text(text)
        path.write_text(EXERCISES["03_accuracy"].starter)


def test_the_file_is_its_own_check_from_any_folder(course):
    path = course / "exercises" / "02_labels.py"
    path.write_text(RIGHT + "\nprint('caf\\xe9')\n")
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
        save.write_text(EXERCISES["03_accuracy"].solution)
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
