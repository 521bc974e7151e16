"""The one run of all lessons, which the tests of this folder look at."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class CourseRun:
    """What `python run_all.py --check` gave, on the CPU: its exit code, what it printed, and its folder."""

    exit_code: int
    output: str
    errors: str
    folder: Path

    def log(self, lesson: str) -> str:
        """Return what a lesson printed; `lesson` is the file's name without `.py`."""
        return (self.folder / "logs" / f"{lesson}.log").read_text(encoding="utf-8")

    def saved(self, lesson: str) -> dict:
        """Return what a lesson saved: its "results" and its "histories"."""
        path = self.folder / "results" / f"{lesson}.json"
        return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def course_run(tmp_path_factory):
    """Run every lesson with the receipts' check, where little is as it is on the author's machine.

    The code page knows little, the working directory is another one, and there is no display.
    """
    folder = tmp_path_factory.mktemp("outputs")
    command = [sys.executable, str(ROOT / "run_all.py"), "--check", "--device", "cpu"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    for name in ("DISPLAY", "OUTPUT_DIR"):
        environment.pop(name, None)
    process = subprocess.run(
        [*command, "--output-dir", str(folder)],
        cwd=folder.anchor,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    output = process.stdout.decode("cp1252")
    return CourseRun(process.returncode, output, process.stderr.decode("cp1252"), folder)
