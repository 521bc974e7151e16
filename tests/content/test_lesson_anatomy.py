"""The anatomy of a lesson: header, cells, knobs and what a flat script leaves out. No lesson is run here."""

import ast
import io
import re
import symtable
import tokenize
from functools import cache
from pathlib import Path

import pytest

from course.headers import FIELD, read_header

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "module_03").glob("[0-9][0-9]_*.py"))
FIELDS = ["Question", "You will learn", "Builds on", "Guide", "Minutes", "Run", "Writes"]
TO_COME = {"19", "20", "22"}  # their numbers are kept free
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@cache
def source(path):
    return path.read_text(encoding="utf-8")


@cache
def tree(path):
    return ast.parse(source(path))


@cache
def fields(path):
    """Return title and fields of the docstring: {"Question": ["..."], "Writes": ["...", "..."], ...}."""
    header = read_header(source(path))
    found = {"": [header.headline]}
    for name, lines in header.fields.items():
        found[name] = []
        for line in lines:
            if line.startswith(("- ", "outputs/")) or not found[name]:
                found[name].append(line)
            else:
                found[name][-1] += " " + line
    return found


@cache
def cells(path):
    """Return [(title, lines)] of the percent format, without the part above the first cell."""
    parts = re.split(r"^# %% (.+)$", source(path), flags=re.MULTILINE)
    return [
        (title, body.splitlines()) for title, body in zip(parts[1::2], parts[2::2], strict=True)
    ]


def assigned_names(path):
    """Return the names bound at module level, once for every binding."""
    names = []
    for statement in tree(path).body:
        for node in ast.walk(statement):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
                break
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.append(node.id)
    return names


def called(node):
    """Return the dotted name that a call node calls, such as "torch.manual_seed"."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def test_the_numbers_run_from_01_without_a_gap():
    numbers = {path.name[:2] for path in LESSONS}
    assert len(numbers) == len(LESSONS)
    assert numbers | TO_COME >= {f"{n:02d}" for n in range(1, int(max(numbers)) + 1)}


@each_lesson
def test_docstring(path):
    number = path.name[:2]
    for line in ast.get_docstring(tree(path), clean=False).splitlines()[1:]:
        belongs = FIELD.match(line) or line.startswith("    ") or not line.strip()
        assert belongs, f"a continued line of the docstring is not indented: {line!r}"
    found = fields(path)
    assert list(found) == ["", *FIELDS]
    assert re.fullmatch(rf"Lesson {number}: \S.*", found[""][0])
    assert len(found["Question"]) == 1
    assert found["Question"][0].endswith("?")
    assert 2 <= sum(line.startswith("- to ") for line in found["You will learn"]) <= 3
    guide = re.fullmatch(r"(docs/\S+\.md), (\d+) minutes", found["Guide"][0])
    assert guide, found["Guide"]
    assert (ROOT / guide[1]).is_file()
    assert re.fullmatch(r"\d+", found["Minutes"][0])
    assert found["Run"] == [f"python module_03/{path.name}"]
    assert found["Writes"]
    for line in found["Writes"]:
        assert re.fullmatch(rf"outputs/{number}_[a-z0-9_]+\.png - \S.{{14,}}", line), line


@each_lesson
def test_every_declared_figure_is_saved_and_no_other(path):
    declared = {re.match(r"outputs/(\S+)", line)[1] for line in fields(path)["Writes"]}
    saved = re.findall(r"save_figure\([^)]*?\"([^\"]+)\"\)", source(path))
    assert sorted(saved) == sorted(declared)


@each_lesson
def test_cells(path):
    titles = [title for title, _ in cells(path)]
    assert titles[0] == "Setup"
    assert titles[-2:] == [f"{len(titles) - 2}. What we learned", f"{len(titles) - 1}. Try it"]
    for number, title in enumerate(titles[1:], start=1):
        assert re.match(rf"{number}\. [A-Z]", title), f"cell {number} is called {title!r}"
    for title, lines in cells(path)[1:]:
        assert lines[1].startswith("# "), f"the cell {title!r} does not begin with prose"
    try_it = [line for line in cells(path)[-1][1] if line.strip()]
    assert all(line.startswith("#") for line in try_it)
    assert "# Answers:" in try_it
    questions = try_it[: try_it.index("# Answers:")]
    assert 2 <= sum(bool(re.match(r"# \d\. ", line)) for line in questions) <= 3


@each_lesson
def test_flat(path):
    words = {token.string for token in tokenize.generate_tokens(io.StringIO(source(path)).readline)}
    assert not words & {"main", "__name__", "argparse", "__file__"}
    for text in (
        "plt.show",
        "plt.close",
        "sys.path",
        "os.chdir",
        "set_num_threads",
        " input(",
        "TODO",
        "FIXME",
    ):
        assert text not in source(path)
    assert source(path).isascii()


@each_lesson
def test_knobs_stand_in_setup_once_with_a_reason(path):
    names = assigned_names(path)
    knobs = [name for name in names if name.isupper() and len(name) > 1]
    assert len(knobs) == len(set(knobs)), "a knob is bound twice"
    setup = cells(path)[0][1]
    for knob in knobs:
        (line,) = [line for line in setup if re.match(rf"{knob} = ", line)]
        assert re.search(r"  # \S+", line), f"{knob} has no reason or unit"


@each_lesson
def test_functions_take_arguments(path):
    variables = set(assigned_names(path))
    scopes = symtable.symtable(source(path), str(path), "exec").get_children()
    defined = {
        node.name for node in tree(path).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    for scope in [scope for scope in scopes if scope.get_name() in defined]:
        parts = [scope]
        for part in parts:  # grows by what is nested
            parts += part.get_children()
            read = {symbol.get_name() for symbol in part.get_symbols() if symbol.is_global()}
            assert not read & variables, (
                f"{scope.get_name()} reads variables of a cell: {read & variables}"
            )


@each_lesson
def test_every_model_is_seeded_on_the_line_before(path):
    classes = {node.name for node in tree(path).body if isinstance(node, ast.ClassDef)}
    for body in [
        node.body for node in ast.walk(tree(path)) if isinstance(getattr(node, "body", None), list)
    ]:
        for before, statement in zip([None, *body], body, strict=False):
            if not (
                isinstance(statement, ast.Assign)
                and ast.unparse(statement.targets[0]).startswith("model")
            ):
                continue
            builds = [
                node
                for node in ast.walk(statement.value)
                if called(node) in {"nn.Sequential", *classes}
            ]
            if builds and "copy" not in ast.unparse(statement):
                assert isinstance(before, ast.Expr), (
                    f"line {statement.lineno}: no seed before this model"
                )
                assert called(before.value) == "torch.manual_seed", (
                    f"line {statement.lineno}: no seed before this model"
                )


@each_lesson
def test_it_ends_with_results_under_its_own_name(path):
    last = tree(path).body[-1]
    saves = [node for node in ast.walk(tree(path)) if called(node) == "save_results"]
    assert len(saves) == 1
    assert saves[0].args[0].value == path.stem
    assert last.lineno <= saves[0].lineno <= last.end_lineno, "something runs after save_results"
