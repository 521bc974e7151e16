"""A green run has looked at the pages: tests skipped for want of Chromium fail it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from skipped_tests import main

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(("missing", "exit_code"), [("chromium", 1), ("firefox", 0)])
def test_a_test_that_is_skipped_for_want_of_a_browser_is_seen(missing, exit_code, tmp_path, capsys):
    (tmp_path / "test_page.py").write_text(
        f"""
import real_browser


def test_page(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("{missing.upper()}", raising=False)
    real_browser.start("{missing}", tmp_path)
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "--junit-xml=tests.xml", "test_page.py"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "1 skipped" in done.stdout
    assert main(tmp_path / "tests.xml") == exit_code
    printed = capsys.readouterr().out
    assert "Skipped tests: 1" in printed
    assert f"{missing} cannot be started" in printed
