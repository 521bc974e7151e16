"""Every lesson opens as a notebook; one of them is executed, cell by cell, in a Jupyter kernel."""

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

LESSONS = sorted((Path(__file__).resolve().parents[2] / "module_03").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_converts_to_a_notebook(path):
    notebook = jupytext.read(path)
    source = path.read_text(encoding="utf-8")
    # the docstring, then one markdown cell (title and prose) or one code cell or both for each cell of the script
    assert len(notebook.cells) > source.count("\n# %% ")
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    compile(code, path.name, "exec")  # a line such as "copy ..." or "one?" would become a command
    assert "save_results(" in code


def test_lesson_01_runs_as_a_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("OUTPUT_DIR", str(tmp_path))
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    notebook = jupytext.read(LESSONS[0])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    printed = "".join(
        out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])
    )
    assert "Results" in printed
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "01_binary_classification_intro.json",
        "01_in_and_out.png",
    ]
