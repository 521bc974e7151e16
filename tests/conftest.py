"""Fixtures that several test files share. Nothing heavy is imported here: the runner's own tests need no PyTorch."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))  # density, film
# as run_all.py does; two test processes share the cores
os.environ.setdefault("OMP_NUM_THREADS", "1")

# the same examples on every machine and run
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


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
