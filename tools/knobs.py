"""Other values for the knobs of a lesson: the names in capitals that its Setup cell binds."""

import ast
from collections.abc import Mapping


class KnobError(ValueError):
    """A knob cannot be set; the message says in one sentence what came and what there is."""


def with_knobs(source: str, values: Mapping[str, str]) -> str:
    r"""Return a lesson's source with other values for some of its knobs, each as source text.

    Raises:
        KnobError: the Setup cell has no such knob, or the value is not an expression.

    >>> with_knobs("# %% Setup\nSEED = 42  # of the data\n", {"SEED": "7"})
    '# %% Setup\nSEED = 7  # of the data\n'
    """
    knobs = knobs_of(source)
    for name, text in values.items():
        if name not in knobs:
            raise KnobError(f"There is no knob {name}; Setup has {', '.join(knobs) or 'none'}.")
        _check_expression(name, text)
    lines = source.splitlines(keepends=True)
    for name in sorted(values, key=lambda name: knobs[name].lineno, reverse=True):
        old = knobs[name]
        end_line = old.end_lineno or old.lineno
        before = lines[old.lineno - 1].encode()[: old.col_offset]  # ast counts bytes
        after = lines[end_line - 1].encode()[old.end_col_offset :]
        lines[old.lineno - 1 : end_line] = [before.decode() + values[name] + after.decode()]
    return "".join(lines)


def knobs_of(source: str) -> dict[str, ast.expr]:
    """Return the knobs of a lesson, each with the expression that it is bound to."""
    setup = source.find("# %% Setup")
    end = source.find("\n# %% ", setup + 1)
    knobs = {}
    for statement in ast.parse(source[:end] if end > 0 else source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name.isupper():
                knobs[name] = statement.value
    return knobs


def _check_expression(name: str, text: str) -> None:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        raise KnobError(
            f"{name} cannot be set to {text}; expected Python, such as 0.1 or (2, 8) or 'tanh'."
        ) from None
