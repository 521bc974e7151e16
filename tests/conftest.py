"""Fixtures that several test files share. Nothing heavy is imported here: the runner's own tests need no PyTorch."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).resolve().parent
# as run_all.py does; two test processes share the cores
os.environ.setdefault("OMP_NUM_THREADS", "1")

# the same examples on every machine and run
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


def pytest_collection_modifyitems(items):
    """Mark tests by folder and fixture, and keep together what shares a fixture.

    A file stays in one of the test processes, so that its fixtures are made once. The tests that look at the one run of
    all lessons stay together too, whichever file they stand in.
    """
    for item in items:
        path = item.path.relative_to(TESTS)
        if path.parts[0] == "content":
            item.add_marker(pytest.mark.content)
        if {"browser", "driver"} & set(item.fixturenames):
            item.add_marker(pytest.mark.browser)
        group = path.stem
        if "course_run" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
            group = "the run of all lessons"
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True, scope="session")
def _one_thread_and_no_window():
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].use("Agg")


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def output_folder(tmp_path, monkeypatch):
    """Set OUTPUT_DIR to a folder of this test's own, which does not exist yet; return its path."""
    folder = tmp_path / "made" / "when needed"
    monkeypatch.setenv("OUTPUT_DIR", str(folder))
    return folder
