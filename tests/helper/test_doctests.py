"""The examples in the docstrings of the helper and of the modules behind it: each is run, and gives what it says."""

import doctest
import importlib
import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import helper_functions as hf

ROOT = Path(hf.__file__).parent
MODULES = ["helper_functions"]
for folder in ("course", "course/figures", "course/tables"):
    for path in sorted(ROOT.glob(f"{folder}/*.py")):
        MODULES.append(".".join(path.relative_to(ROOT).with_suffix("").parts))

# What the helper takes from the player, and the classes that only carry something.
WITHOUT_EXAMPLE = {
    "DownloadError",
    "ImageData",
    "Recorder",
    "TableError",
    "log_line",
    "save_player",
}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_examples_of_a_module_give_what_they_say(name, output_folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(module):
        runner.run(example)
        plt.close("all")
    assert runner.failures == 0


def public_functions():
    """Yield name and function of what lessons import from the helper."""
    for name, value in vars(hf).items():
        of_the_course = getattr(value, "__module__", "").startswith(("course.", "helper_functions"))
        if callable(value) and of_the_course and not name.startswith("_"):
            yield name, value


def test_each_function_of_the_helper_has_an_example():
    names = set(dict(public_functions()))
    assert {"fit", "plot_decision_boundary", "save_figure", "read_table"} <= names
    for name, value in public_functions():
        if name not in WITHOUT_EXAMPLE:
            assert ">>> " in (inspect.getdoc(value) or ""), f"{name} has no example"
