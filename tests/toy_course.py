"""A course in miniature for the tests of the runner: its lessons take milliseconds, its helper needs no PyTorch.

Tests run it through the real `run_all.main` in a process of its own. When a test ends, nothing may be left of it: no
process (found by an environment variable that all of them inherit), no temporary file, no lock.
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parent.parent

HELPER = """
import json, os
from pathlib import Path

def pick_device():
    if os.environ["COURSE_DEVICE"] == "mps":
        raise ValueError("COURSE_DEVICE asks for mps, but there is none.")
    return "cpu"

def _write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)

def save_figure(name):
    _write(Path(os.environ["OUTPUT_DIR"]) / name, b"\\x89PNG and so on IEND\\xaeB`\\x82")

def save_results(name, results, histories={}):
    saved = {"results": results, "histories": histories}
    _write(Path(os.environ["OUTPUT_DIR"]) / "results" / f"{name}.json", json.dumps(saved).encode())
"""

DRIVER = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
if "NOHUP" not in os.environ and hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup would ignore it
from pathlib import Path
import run_all
from course.processes import Pool
root, method, preload, *arguments = sys.argv[1:]
sys.exit(run_all.main(arguments, Path(root), lambda **how: Pool(preload.split(), method=method or None, **how)))
"""


class ToyCourse:
    """A folder with a helper, lessons and what a run of them needs."""

    def __init__(self, root: Path):
        self.root = root / "course"
        self.outputs = self.root / "outputs"
        self.temporary = Path(
            tempfile.mkdtemp(prefix="toy")
        )  # short: a socket's path has 108 characters at most
        (self.root / "module_03").mkdir(parents=True)
        (self.root / "helper_functions.py").write_text(HELPER)
        (self.root / "pyproject.toml").write_text("[project]\ndependencies = []\n")
        environment = {
            "TOY_COURSE": str(self.root),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(PROJECT),
        }
        self.environment = {**os.environ, **environment}
        for name in ("OUTPUT_DIR", "COURSE_DEVICE", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
            self.environment.pop(name, None)

    def lesson(self, number: int, code: str = "", end: bool = True) -> Path:
        """Write lesson `number`, which promises one figure: `code`, then what fulfils the promise."""
        name = f"{number:02}_toy"
        header = f'"""Lesson {number:02}: Toy\n\nQuestion: What now?\nWrites:\n    outputs/{number:02}_a.png - a\n"""\n'
        keep = f"save_figure('{number:02}_a.png')\nsave_results('{name}', {{'answer': {number}}})\n"
        path = self.root / "module_03" / f"{name}.py"
        save = path.with_suffix(".new")
        code = textwrap.dedent(code).strip("\n")
        save.write_text(
            f"{header}from helper_functions import *\n{code}\n{keep if end else ''}",
            encoding="utf-8",
        )
        os.replace(save, path)
        return path

    def start(self, *arguments: object, method: str = "", preload: str = "", **how) -> "Run":
        """Start run_all in a process of its own."""
        return Run(self, [str(self.root), method, preload, *map(str, arguments)], how)

    def run(self, *arguments: object, **how) -> "Run":
        """Run run_all to its end."""
        run = self.start(*arguments, **how)
        run.end()
        return run

    def record(self) -> dict:
        """What results.json says of the lessons, by number."""
        lessons = json.loads((self.outputs / "results.json").read_text())["lessons"]
        return {int(name[:2]): entry for name, entry in lessons.items()}

    def log(self, number: int) -> str:
        """The kept log of a lesson."""
        return (self.outputs / "logs" / f"{number:02}_toy.log").read_text(encoding="utf-8")

    def processes(self) -> list[psutil.Process]:
        """Every process that a run of this course has started."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TOY_COURSE") == str(self.root):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def check_nothing_left(self) -> None:
        """Fail if a process, a temporary file or a lock is still there."""
        until = time.monotonic() + 5
        while (processes := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        for process in processes:
            process.kill()
        assert not processes
        left = [path for pattern in ("**/.*.tmp", "**/.*.lock") for path in self.root.glob(pattern)]
        assert left + list(self.temporary.iterdir()) == []
        self.temporary.rmdir()


class Run:
    """A run_all that was started, and what it has printed so far."""

    def __init__(self, course: ToyCourse, arguments: list[str], how: dict):
        how = {
            "env": course.environment,
            "stdout": subprocess.PIPE,
            "start_new_session": True,
            **how,
        }
        command = [sys.executable, "-c", DRIVER, *arguments]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, cwd=course.root, bufsize=0, **how
        )
        self.code = None
        self._texts = {"stdout": b"", "stderr": b""}
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True)
            for name in self._texts
            if getattr(self.process, name)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        while piece := getattr(self.process, name).read(65536):
            self._texts[name] += piece

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._texts["stdout"].decode("utf-8", "replace")

    @property
    def errors(self) -> str:
        """What it has printed to standard error so far."""
        return self._texts["stderr"].decode("utf-8", "replace")

    def expect(self, text: str, count: int = 1, timeout: float = 20) -> None:
        """Wait until the output holds the text, `count` times."""
        until = time.monotonic() + timeout
        while self.out.count(text) < count:
            assert time.monotonic() < until, f"{text!r} did not come in:\n{self.out}\n{self.errors}"
            time.sleep(0.01)

    def end(self, timeout: float = 30) -> int:
        """Wait for its end; returns the exit code."""
        try:
            self.code = self.process.wait(timeout)
        finally:
            self.process.kill()
        for reader in self._readers:
            reader.join(3)  # goes on if a process that was left behind holds the pipe
        return self.code

    def interrupt(self, number: int) -> int:
        """Send a signal to the whole process group, as a terminal does; returns the exit code."""
        os.killpg(self.process.pid, number)
        return self.end(10)


@pytest.fixture
def course(tmp_path):
    course = ToyCourse(tmp_path)
    yield course
    course.check_nothing_left()
