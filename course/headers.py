"""The header of a lesson or an exercise: the docstring that the file begins with.

It has a headline and fields:

    Lesson 03: Non-linear classification

    Question: Why does depth alone not help, and what does?
    Writes:
        outputs/03_boundaries.png - boundary and accuracy of four models

A file is read as text, neither imported nor parsed: one with a syntax error has a header too.
"""

import re
from dataclasses import dataclass
from pathlib import Path

# What may stand above the docstring: blank lines and comments.
DOCSTRING = re.compile(
    r"""\A(?:\s|#.*\n)*[rR]?(?P<quotes>"{3}|'{3})(?P<text>.*?)(?P=quotes)""", re.S
)
FIELD = re.compile(r"(?P<name>\w[\w ]*):(?P<rest>.*)")


@dataclass(frozen=True)
class Header:
    """What a file says about itself: `fields` maps a field's name to its lines, stripped.

    `headline` is the first line, such as `Lesson 03: Circles`; empty if there is no docstring.
    """

    headline: str
    fields: dict[str, list[str]]

    @property
    def title(self) -> str:
        """The headline without `Lesson 03: `."""
        label, colon, title = self.headline.partition(": ")
        return title.strip() if colon else label

    def text(self, name: str) -> str:
        """A field on one line; empty if there is no such field."""
        return " ".join(self.fields.get(name, []))


def read_header(source: str) -> Header:
    r"""Read the header from the text of a file.

    A field is `Name: text`, and goes on as long as lines are indented.

    >>> header = read_header("'''Lesson 03: Circles\n\nQuestion: Why\n    two?\n'''")
    >>> header.title, header.fields, header.text("Question")
    ('Circles', {'Question': ['Why', 'two?']}, 'Why two?')
    """
    docstring = DOCSTRING.match(source)
    lines = docstring["text"].strip().splitlines() if docstring else []
    if not lines:
        return Header("", {})
    fields: dict[str, list[str]] = {}
    open_field: list[str] = []
    for line in lines[1:]:
        begin = FIELD.match(line)
        if begin:
            open_field = fields.setdefault(begin["name"], [])
            line = begin["rest"]
        elif not line.startswith((" ", "\t")):
            open_field = []  # a blank line or a sentence: what is indented below it is of no field
        if line.strip():
            open_field.append(line.strip())
    return Header(lines[0].strip(), fields)


def read_header_of(path: Path) -> Header:
    """Read the header of a file, in whatever state a learner has left it.

    Raises:
        OSError: the file cannot be read.
    """
    return read_header(path.read_text(encoding="utf-8-sig", errors="replace"))
