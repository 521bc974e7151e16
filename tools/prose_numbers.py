"""Finds the proof of every number in a lesson's prose, and names those that have none.

    python tools/prose_numbers.py module_03/02_*.py                 after a run into outputs/
    python tools/prose_numbers.py module_03/02_*.py --outputs DIR   after a run into another folder

Prose is what stands in lines that begin with `#`, without the last cell, "Try it", whose answers a
test runs. A number is proven if it stands, as it is or rounded, in one of these places:

- the knobs of the Setup cell, or the code and the shapes (`[800, 2]`) of its own cell;
- the results that the lesson saved, and the log that it printed (whole numbers: as they are);
- `measured.toml`, in the lesson's own section;
- results and log of another lesson, where the paragraph names that lesson;
- a sum that is written out beside it and is right: `100 - 60 = 40`.

No proof is asked of the mark of a list, of references (lesson 05, guide 07, section 2), and of
whole numbers up to ten, which count things.
"""

import argparse
import ast
import io
import json
import math
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knobs import knobs_of

NUMBER = re.compile(r"(?<![\w.^])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?(?!\w)(?: ?%)?")
REFERENCE = re.compile(
    r"\b(?:lessons?|guides?|sections?|chapters?|exercises?|figures?|python|version)\s+"
    r"\d+(?:\.\d+)*(?:(?:,\s*|\s+and\s+|\s+or\s+|\s+to\s+)\d+(?:\.\d+)*)*\b|\b\d\d_\w+",
    re.IGNORECASE,
)
LIST_MARK = re.compile(r"^\d+\.(?= )", re.MULTILINE)
SHAPE = re.compile(r"\[[^\[\]]*\]")
SUM_SIDE = r"(?:[-+*/().\d]|(?<=\s)x(?=\s)|\bof\b|\bln\b|\bexp\b|\bsqrt\b|\s)+"
EQUATION = re.compile(rf"({SUM_SIDE})=\s*(-?\d+(?:,\d{{3}})*(?:\.\d+)?)( ?%)?")
NATURAL_LOGARITHM = re.compile(r"\bln\s+(\d+)")
FUNCTIONS = {"ln": math.log, "exp": math.exp, "sqrt": math.sqrt}
COUNTED = 10  # whole numbers up to here count things: two classes, five steps


@dataclass
class Proofs:
    """The numbers that prose may quote.

    Of `exact` there are many, the log's: if they could be rounded to a whole number, chance would
    prove any.
    """

    rounded: set[float]  # knobs, code, results, measured numbers
    exact: set[float]

    def __or__(self, other: "Proofs") -> "Proofs":
        """Return both together."""
        return Proofs(self.rounded | other.rounded, self.exact | other.exact)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of prose: its text with line ends, and the number of its first line."""

    line: int
    text: str
    cell: str  # the code of the cell it stands in


# ---- Reading a lesson ----------------------------------------------------------------------------


def read_cells(source: str) -> list[tuple[int, str]]:
    """Return the cells of a script as pairs of first line and text."""
    cells: list[tuple[int, list[str]]] = []
    for number, line in enumerate(source.splitlines(), start=1):
        if line.startswith("# %%"):
            cells.append((number, []))
        if cells:
            cells[-1][1].append(line)
    return [(first, "\n".join(lines)) for first, lines in cells]


def paragraphs(source: str) -> Iterator[Paragraph]:
    """Yield the paragraphs of all cells but the last; a title is one of its own."""
    for first, text in read_cells(source)[:-1]:
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        begun, lines = 0, []
        for number, line in enumerate([*text.splitlines(), ""], start=first):
            words = prose_of(line)
            if not words or line.startswith("# %%") or LIST_MARK.match(words):
                if lines:
                    yield Paragraph(begun, "\n".join(lines), code)
                begun, lines = number, []
            if words:
                lines.append(words)
                if line.startswith("# %%"):
                    yield Paragraph(number, words, code)
                    begun, lines = number + 1, []


def prose_of(line: str) -> str:
    """Return the words of a line that holds nothing but a comment, else an empty text."""
    line = line.strip()
    if line.startswith("# %%"):
        return line.removeprefix("# %%").strip()
    return line.removeprefix("#").strip() if line.startswith("#") else ""


def numbers_of_code(code: str) -> set[float]:
    """Return the numbers of a piece of code, and those of the shapes in the comments behind it."""
    found: set[float] = set()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NUMBER:
            found.add(float(ast.literal_eval(token.string.replace("_", ""))))
        if token.type == tokenize.COMMENT:
            for shape in SHAPE.findall(token.string):
                found |= numbers_of_text(shape)
    return found


def numbers_of_text(text: str) -> set[float]:
    """Return all numbers of a text such as a log."""
    return {value_of(number) for number in NUMBER.findall(text)}


def value_of(number: str) -> float:
    """Return the value of a number as it is written: `1,000`, `1e-5`, `96 %`."""
    return float(number.replace(",", "").rstrip(" %"))


def numbers_of_run(folder: Path, name: str) -> Proofs:
    """Return the numbers that a lesson saved as results and printed into its log.

    Raises:
        FileNotFoundError: the folder holds no run of this lesson.
    """
    saved = json.loads((folder / "results" / f"{name}.json").read_text(encoding="utf-8"))
    log = (folder / "logs" / f"{name}.log").read_text(encoding="utf-8")
    results = {float(value) for value in saved["results"].values()}
    return Proofs(results, numbers_of_text(log))


def numbers_of_measured(path: Path, name: str) -> set[float]:
    """Return the numbers of a lesson's section of measured.toml."""
    if not path.is_file():
        return set()
    section = tomllib.loads(path.read_text(encoding="utf-8")).get(name, {})
    return numbers_of_text(json.dumps(section))


# ---- Deciding ------------------------------------------------------------------------------------


def is_rounded(number: str, value: float) -> bool:
    """Tell whether a number as it is written is a value, or the value rounded to as many places.

    >>> is_rounded("46.5", 46.499999), is_rounded("0.0366", -0.03660783), is_rounded("47", 46.4)
    (True, True, False)
    """
    mantissa, _, exponent = number.replace(",", "").rstrip(" %").partition("e")
    places = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return abs(abs(value_of(number)) - abs(value)) <= 0.5 * 10.0**-places + 1e-9


def is_proven(number: str, proofs: Proofs) -> bool:
    """Tell whether a number of the prose is proven; 0.965 proves `96.5 %`, too."""
    percent = number.endswith("%")
    whole = re.fullmatch(r"-?[\d,]+", number) is not None
    if whole and abs(value_of(number)) <= COUNTED:
        return True
    if whole and value_of(number) in proofs.exact:
        return True
    for value in proofs.rounded if whole else proofs.rounded | proofs.exact:
        if is_rounded(number, value) or (percent and is_rounded(number, 100 * value)):
            return True
    return False


def right_sums(text: str) -> list[range]:
    """Return where a text writes out a sum that is right: `100 - 60 = 40 %`, `8 of 10 = 80 %`."""
    places = []
    for match in EQUATION.finditer(text):
        left, right, percent = match.groups()
        computed = evaluate(left)
        if computed is None:
            continue
        if is_rounded(right, computed) or (percent and is_rounded(right, 100 * computed)):
            places.append(range(match.start(), match.end()))
    return places


def evaluate(text: str) -> float | None:
    """Return the value of a sum such as `0.5 x (2 + 1)`, or None if the text is no sum."""
    text = re.sub(r"\b(ln|exp|sqrt)\s+(\d[\d.]*)", r"\1(\2)", text)
    text = re.sub(r"(?<=\s)x(?=\s)", "*", text)
    text = re.sub(r"\bof\b", "/", text)
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
        if isinstance(tree, ast.Constant):
            return None  # a number alone is a claim
        return _value(tree)
    except (SyntaxError, ValueError, ArithmeticError):
        return None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        (argument,) = node.args
        return FUNCTIONS[node.func.id](_value(argument))
    if isinstance(node, ast.BinOp):
        left = _value(node.left)
        right = _value(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
    raise ValueError("not a sum")


def numbers_of_knobs(source: str) -> set[float]:
    """Return the numbers of a lesson's knobs."""
    found: set[float] = set()
    for value in knobs_of(source).values():
        found |= numbers_of_code(ast.unparse(value))
    return found


def without_proof(paragraph: Paragraph, proofs: Proofs) -> Iterator[tuple[int, str]]:
    """Yield line and text of each number of a paragraph that nothing proves."""
    text = paragraph.text
    for pattern in (REFERENCE, LIST_MARK):
        text = pattern.sub(lambda match: re.sub(r"[^\n]", "_", match[0]), text)
    logarithms = {
        math.log(int(number)) for number in NATURAL_LOGARITHM.findall(text) if int(number)
    }
    proofs = proofs | Proofs(numbers_of_code(paragraph.cell) | logarithms, set())
    sums = right_sums(text)
    for match in NUMBER.finditer(text):
        in_a_sum = any(match.start() in place for place in sums)
        if not in_a_sum and not is_proven(match[0], proofs):
            yield paragraph.line + text.count("\n", 0, match.start()), match[0]


def unproven(path: Path, outputs: Path) -> list[str]:
    """Return one sentence for each number in the prose of a lesson that has no proof.

    Args:
        path: the lesson's file.
        outputs: the folder with results and logs of a run of it, and of lessons that it names.
    """
    source = path.read_text(encoding="utf-8")
    measured = numbers_of_measured(path.with_name("measured.toml"), path.stem)
    own = numbers_of_run(outputs, path.stem) | Proofs(numbers_of_knobs(source) | measured, set())
    sentences = []
    for paragraph in paragraphs(source):
        proofs = own
        for name in lessons_named(paragraph.text, outputs):
            proofs = proofs | numbers_of_run(outputs, name)
        lines = paragraph.text.splitlines()
        for line, number in without_proof(paragraph, proofs):
            words = lines[line - paragraph.line]
            sentences.append(f"{path.name}:{line}: {number} has no proof: {words}")
    return sentences


def lessons_named(text: str, outputs: Path) -> set[str]:
    """Return the lessons that a paragraph names, as far as the folder holds a run of them."""
    numbers = set()
    for reference in REFERENCE.findall(text):
        if reference.lower().startswith("lesson"):
            numbers.update(re.findall(r"\d\d", reference))
    return {log.stem for log in (outputs / "logs").glob("*.log") if log.name[:2] in numbers}


def main(arguments: list[str] | None = None) -> int:
    """Print what has no proof; the exit code is 1 if something has none."""
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--outputs", type=Path, default=root / "outputs", metavar="DIR")
    options = parser.parse_args(arguments)
    missing = [line for path in options.lessons for line in unproven(path, options.outputs)]
    for line in missing:
        print(line)
    print(f"{len(missing)} numbers without proof")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
