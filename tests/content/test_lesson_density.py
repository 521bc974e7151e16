"""Lessons are plain enough to learn from: the measure of tools/density.py, cell by cell and paragraph by paragraph."""

import ast
import re
from pathlib import Path

import pytest
from density import WIDTH, code_lines, measure, stumbling_blocks

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "module_03").glob("[0-9][0-9]_*.py"))
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)

NUMBER = re.compile(r"(?<![\w.])-?\d[\d,.]*(?:e-?\d+)?")
NOT_COUNTED = re.compile(
    r"\[[^\]]*\]|[Ll]essons? \d\d(?:(?:,| and| to) \d\d)*|[Gg]uides? \d\d|x\d|\d+-\d+-[\d-]*\d"
)


def text(path):
    return path.read_text(encoding="utf-8")


def paragraphs(path):
    """Return [(line, text)] of the prose in `#` lines; an empty line, or the mark of a list, begins a new one."""
    found = []
    open_paragraph = False
    for number, line in enumerate(text(path).splitlines(), start=1):
        words = line[1:].strip() if line.startswith("#") and not line.startswith("# %%") else ""
        if not words:
            open_paragraph = False
        elif open_paragraph and not re.match(r"(- |\d+\. |\| )", words):
            found[-1] = (found[-1][0], f"{found[-1][1]} {words}")
        else:
            found.append((number, words))
            open_paragraph = True
    return found


@each_lesson
def test_lines_hold_one_thing_each(path):
    density = measure(text(path))
    assert density.mean <= 6.5, f"{density.mean:.2f} nodes per code line"
    assert density.percentile_90 <= 12
    crowded = {line: count for line, count in density.nodes.items() if count > 24}
    assert not crowded, crowded


@each_lesson
def test_lines_fit_on_a_page(path):
    wide = [n for n, line in enumerate(text(path).splitlines(), start=1) if len(line) > WIDTH]
    assert not wide, f"lines over {WIDTH} columns: {wide}"


@each_lesson
def test_nothing_that_a_beginner_has_to_take_apart(path):
    assert list(stumbling_blocks(text(path))) == []


@each_lesson
def test_more_words_than_nodes(path):
    assert measure(text(path)).words_per_node >= 1


@each_lesson
def test_cells_are_short(path):
    code = code_lines(text(path), ast.parse(text(path)))
    cell = "above the first cell"
    counts = {}
    for number, line in enumerate(text(path).splitlines(), start=1):
        if line.startswith("# %%"):
            cell = line[5:]
        counts[cell] = counts.get(cell, 0) + (number in code)
    assert {cell: count for cell, count in counts.items() if count > 25} == {}


@each_lesson
def test_functions_are_few_and_short(path):
    functions = [node for node in ast.parse(text(path)).body if isinstance(node, ast.FunctionDef)]
    assert len(functions) <= 2
    for function in functions:
        assert function.end_lineno - function.lineno < 15, f"{function.name} is long"
        assert len(function.args.args) <= 5, f"{function.name} takes many arguments"


@each_lesson
def test_paragraphs_are_short_and_hold_few_numbers(path):
    for line, paragraph in paragraphs(path):
        assert len(paragraph.split()) <= 60, f"line {line}: {len(paragraph.split())} words"
        numbers = NUMBER.findall(NOT_COUNTED.sub("", re.sub(r"^\d+\. ", "", paragraph)))
        assert len(numbers) <= 3, f"line {line}: {numbers}"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("a, b = x, 2 * y", "two things in one assignment"),
        ("a, b = (f(x) for x in data)", "a comprehension unpacked into names"),
        ("optimizer.zero_grad = lambda: None", "a patched method"),
        ("rows = [[x + y for x in a] for y in b]", "a nested comprehension"),
        ("f = sorted(data, key=lambda x: -x)", "a lambda"),
        ("print(n := 3)", "a walrus"),
        ("settings |= more", "|="),
        ("eval('1 + 1')", "eval"),
        ("gain = 3 * (y > 0)", "a value multiplied by a boolean"),
        ("z = model(X).squeeze(1).detach().cpu()", "more than two method calls in a chain"),
        ("last = run[1]['acc'][:1000][-1]", "a position where a name can stand"),
        ("epochs = runs[1]['loss']", "a position where a name can stand"),
    ],
)
def test_the_measure_sees_what_stops_a_beginner(line, name):
    assert name in [found for _, found in stumbling_blocks(line)]


@pytest.mark.parametrize(
    "line",
    [
        "X_train, X_test, y_train, y_test = train_test_split(X, y)",
        "loss = history['test_loss'][-1]",
        "first = X_train[0]",
        "X = torch.from_numpy(X).float()",
        "names = [f'class {k}' for k in range(4)]",
        "area = width * height",
        "self.layer = layer",
    ],
)
def test_the_measure_leaves_plain_lines_alone(line):
    assert list(stumbling_blocks(line)) == []
