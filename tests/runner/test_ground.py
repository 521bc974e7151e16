"""The ground of course/: headers, texts and files; and that arrows between its parts point down."""

import ast
import doctest
from pathlib import Path

import pytest

from course import headers, text
from course.files import Watched
from course.headers import read_header

PROJECT = Path(__file__).resolve().parents[2]
FILES = sorted((PROJECT / "course").rglob("*.py"))


@pytest.mark.parametrize("module", [headers, text], ids=["headers", "text"])
def test_examples_in_docstrings_are_true(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_file_imports_from_the_ground_or_from_its_own_folder(path):
    own = path.relative_to(PROJECT / "course").parts[0]
    packages = {folder.name for folder in (PROJECT / "course").iterdir() if folder.is_dir()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            assert first not in ("module_03", "exercises"), name
            if first == "course" and rest and rest[0] in packages:
                assert rest[0] == own, name


HEADER = """
Lesson 03: Circles: two of them

A sentence: it is not indented, and so it is a field too.

Question: Why
    two?

    This belongs to no field.
Empty:
Writes:
\toutputs/03_a.png - a
    outputs/03_b.png - b
"""


@pytest.mark.parametrize("begin", ["", "r", "# a comment\n\n", "#!/usr/bin/env python\n"])
@pytest.mark.parametrize("quotes", ['"""', "'''"])
@pytest.mark.parametrize("end", ["", "\nthis is not Python (", "\nx = '''another'''\n"])
def test_a_header_is_read_whatever_stands_around_it(begin, quotes, end):
    header = read_header(f"{begin}{quotes}{HEADER.strip()}{quotes}{end}")
    assert header.headline == "Lesson 03: Circles: two of them"
    assert header.title == "Circles: two of them"
    assert header.fields["Question"] == ["Why", "two?"]
    assert header.fields["Empty"] == []
    assert header.fields["Writes"] == ["outputs/03_a.png - a", "outputs/03_b.png - b"]
    assert header.text("Question") == "Why two?"
    assert header.text("Empty") == header.text("no such field") == ""


@pytest.mark.parametrize("source", ["", "x = 1", "x = '''later'''", '"""never closed', '""""""'])
def test_a_file_without_a_docstring_has_an_empty_header(source):
    assert read_header(source) == headers.Header("", {})


def test_a_headline_without_a_label_is_the_title():
    assert read_header('"""Just words"""').title == "Just words"


@pytest.mark.parametrize("length", [0, 59, 60, 61, 10_000])
def test_a_quoted_value_is_short_ascii_on_one_line(length):
    shown = text.quoted("\u00e9\n" * length)
    assert shown.isascii()
    assert "\n" not in shown
    assert len(shown) <= 60


def test_only_a_text_that_is_too_long_is_cut():
    assert text.cut("x" * 40, 40) == "x" * 40
    assert text.cut("a" + "x" * 39 + "z", 40) == f"a{'x' * 17}...{'x' * 17}z"


def test_a_save_is_noticed_until_it_has_settled(tmp_path):
    path = tmp_path / "lesson.py"
    path.write_text("one")
    watched = Watched([path])
    assert not watched.changed()
    replacement = tmp_path / "new"
    replacement.write_text("two")
    replacement.replace(path)
    assert watched.changed()
    watched.settle()
    assert not watched.changed()
    path.unlink()
    assert watched.changed()
