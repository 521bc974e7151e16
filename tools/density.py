"""How dense is a script: syntax-tree nodes per line, and the constructs that stop a beginner.

    python tools/density.py module_03/*.py      one row per file

A code line is a line that holds code; comments, docstrings and blank lines are not. Each node of
the syntax tree counts on the line on which it begins. Scripts that people learn from easily
(notebook 02 of Learn PyTorch, nanoGPT's train.py, LLMs-from-scratch's gpt_train.py, micrograd's
engine.py) have a mean of 4.8 to 6.0, a 90th percentile of 9 to 11, a densest line of 15 to 28, and
2 to 7 % of their code lines over 88 columns.
"""

import argparse
import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WIDTH = 88
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
MODULES = {"torch", "nn", "np", "plt", "F", "math", "metrics", "torchmetrics"}
COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.DictComp, ast.SetComp)


@dataclass
class Density:
    """What was measured of one file; `nodes` maps the number of a code line to its nodes."""

    lines: int
    nodes: dict[int, int]
    wide: list[int]  # numbers of code lines over 88 columns
    words: int  # of comments, docstrings and prose

    @property
    def mean(self) -> float:
        """Nodes per code line."""
        return sum(self.nodes.values()) / max(1, len(self.nodes))

    @property
    def percentile_90(self) -> int:
        """Nine lines in ten have no more nodes than this."""
        counts = sorted(self.nodes.values())
        return counts[int(0.9 * len(counts))] if counts else 0

    @property
    def densest(self) -> int:
        """Nodes of the line that has most."""
        return max(self.nodes.values(), default=0)

    @property
    def words_per_node(self) -> float:
        """Words of explanation per node of code."""
        return self.words / max(1, sum(self.nodes.values()))


def measure(source: str) -> Density:
    """Measure one file's text."""
    tree = ast.parse(source)
    code = code_lines(source, tree)
    nodes = dict.fromkeys(sorted(code), 0)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", None)
        if line in nodes:
            nodes[line] += 1
    words = 0
    wide = []
    for number, line in enumerate(source.splitlines(), start=1):
        if number not in code:
            words += len(line.strip("# ").split())
        elif len(line) > WIDTH:
            wide.append(number)
    return Density(len(source.splitlines()), nodes, wide, words)


def code_lines(source: str, tree: ast.Module) -> set[int]:
    """Return the numbers of the lines that hold code."""
    docstrings: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and is_text(node.value):
            docstrings.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return code - docstrings


def is_text(node: ast.expr) -> bool:
    """Tell whether `node` is a string written out."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def stumbling_blocks(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each construct that a beginner would have to take apart."""
    tree = ast.parse(source)
    comprehensions = 0
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            if isinstance(node.value, ast.Tuple):
                yield line, "two things in one assignment"
            if isinstance(node.value, COMPREHENSIONS):
                yield line, "a comprehension unpacked into names"
        if isinstance(node, ast.Assign) and is_patch(node):
            yield line, "a patched method"
        if isinstance(node, COMPREHENSIONS):
            comprehensions += 1
            inner = [child for child in ast.walk(node) if isinstance(child, COMPREHENSIONS)]
            if len(inner) > 1 or len(node.generators) > 1:
                yield line, "a nested comprehension"
        if isinstance(node, ast.Lambda):
            yield line, "a lambda"
        if isinstance(node, ast.NamedExpr):
            yield line, "a walrus"
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr):
            yield line, "|="
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("eval", "exec", "setattr"):
            yield line, ast.unparse(node.func)
        if is_product_with_boolean(node):
            yield line, "a value multiplied by a boolean"
        if isinstance(node, ast.Call) and calls_in_chain(node) > 2:
            yield line, "more than two method calls in a chain"
        if isinstance(node, ast.Subscript) and is_position(node):
            yield line, "a position where a name can stand"
    if comprehensions > 3:
        yield 0, f"{comprehensions} comprehensions; at most three in a lesson"


def is_patch(node: ast.Assign) -> bool:
    """Tell whether an attribute of another object than `self` gets a function or a name."""
    target = node.targets[0]
    if not isinstance(node.value, (ast.Lambda, ast.Name, ast.BoolOp)):
        return False
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) != "self"


def is_product_with_boolean(node: ast.AST) -> bool:
    """Tell whether `node` is a product such as `x * (y > 0)`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return False
    return isinstance(node.left, ast.Compare) or isinstance(node.right, ast.Compare)


def calls_in_chain(node: ast.expr) -> int:
    """Count the method calls of `x.a().b().c()`."""
    count = 0
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Call):
            count += isinstance(node.func, ast.Attribute) and not is_module(node.func.value)
            node = node.func
        else:
            node = node.value
    return count


def is_module(node: ast.expr) -> bool:
    """Tell whether `node` is a module, such as `torch.nn`: its functions are not methods."""
    first_name, _, _ = ast.unparse(node).partition(".")
    return first_name in MODULES


def is_position(node: ast.Subscript) -> bool:
    """Tell whether a value is found by two or more positions in a row, or by a number inside."""
    inner = node.value
    if not isinstance(inner, ast.Subscript):
        return False
    if isinstance(inner.value, ast.Subscript):
        return True
    return isinstance(inner.slice, ast.Constant) and isinstance(inner.slice.value, int)


def main(arguments: list[str] | None = None) -> None:
    """Print one row per file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    print(f"{'file':40} lines  code  mean  p90  max  wide %  words/node  stumbling blocks")
    for path in options.files:
        source = path.read_text(encoding="utf-8")
        row = measure(source)
        wide = 100 * len(row.wide) / max(1, len(row.nodes))
        blocks = len(list(stumbling_blocks(source)))
        print(f"{path.name[:40]:40} {row.lines:5} {len(row.nodes):5} {row.mean:5.1f}", end=" ")
        print(f"{row.percentile_90:4} {row.densest:4} {wide:7.1f}", end=" ")
        print(f"{row.words_per_node:11.2f} {blocks:17}")


if __name__ == "__main__":
    main()
