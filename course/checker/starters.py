"""Makes two files of one: what a learner is given to start from, and the reference solution.

A file in solutions/ holds both, told apart by lines that hold nothing but a marker:

    def double(x):
        # -- solution
        return 2 * x
        # -- starter
        # raise NotImplementedError
        # -- end

The lines after `# -- starter` are comments here, and code in the starter. Outside of the markers
both are the same. Either part may be missing. `tools/make_starters.py` writes the starters into
exercises/.
"""

from collections.abc import Iterator
from enum import Enum


class Part(Enum):
    """Where a line stands; the value is the marker that begins it."""

    SOLUTION = "# -- solution"
    STARTER = "# -- starter"
    BOTH = "# -- end"


def starter_text(source: str) -> str:
    r"""Return what the learner is given.

    >>> starter_text("# -- solution\nx = 1\n# -- starter\n# x = ...\n# -- end\nprint(x)\n")
    'x = ...\nprint(x)\n'
    """
    lines = []
    for part, line in parts(source):
        if part is Part.STARTER:
            line = line.replace("# ", "", 1)
        if part is not Part.SOLUTION:
            lines.append(line)
    return "".join(lines)


def solution_text(source: str) -> str:
    r"""Return the reference solution, a whole file that checks itself.

    >>> solution_text("# -- solution\nx = 1\n# -- starter\n# x = ...\n# -- end\nprint(x)\n")
    'x = 1\nprint(x)\n'
    """
    return "".join(line for part, line in parts(source) if part is not Part.STARTER)


def parts(source: str) -> Iterator[tuple[Part, str]]:
    """Yield each line that is not a marker, and where it stands."""
    markers = {part.value: part for part in Part}
    part = Part.BOTH
    for line in source.splitlines(keepends=True):
        marker = markers.get(line.strip())
        if marker is None:
            yield part, line
        else:
            part = marker
