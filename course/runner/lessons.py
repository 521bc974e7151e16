"""Finds the lessons and reads what each says about itself in its docstring."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course import RefusedError
from course.headers import read_header_of

FIGURE = re.compile(r"outputs/(?P<name>\S+\.png)(?:\s+-\s+(?P<caption>.*))?")


@dataclass(frozen=True)
class Lesson:
    """A lesson's file and the promises of its header.

    `figures` maps the name of each PNG that it writes to its caption.
    """

    path: Path
    title: str
    question: str
    figures: dict[str, str] = field(hash=False)

    @property
    def name(self) -> str:
        """The file's name without `.py`: `03_non_linear_classification`."""
        return self.path.stem

    @property
    def number(self) -> int:
        """The number that the file's name begins with."""
        return int(self.name[:2])


def read_lesson(path: Path) -> Lesson:
    """Read a lesson's header; fields that it lacks are empty."""
    header = read_header_of(path)
    figures = {}
    for line in header.fields.get("Writes", []):
        promise = FIGURE.match(line)
        if promise:
            figures[promise["name"]] = promise["caption"] or ""
    title = header.title or path.stem
    return Lesson(path, title, header.text("Question"), figures)


def find_lessons(folder: Path) -> list[Lesson]:
    """All lessons of a folder, by number."""
    return [read_lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.py"))]


def select(lessons: Sequence[Lesson], wanted: Sequence[str]) -> list[Lesson]:
    """The lessons asked for by number, file name or path; all of them if none is named.

    Each comes once, and they are sorted by number.

    Raises:
        RefusedError: a name that fits no lesson; the sentence lists those there are.
    """
    if not lessons:
        raise RefusedError(
            "There are no lessons here: files named NN_topic.py in module_03/ are missing."
        )
    if not wanted:
        return list(lessons)
    chosen = set()
    for text in wanted:
        found = [lesson for lesson in lessons if _fits(lesson, text)]
        if not found:
            there_are = ", ".join(lesson.name for lesson in lessons)
            raise RefusedError(
                f"There is no lesson {text!r}; name one by number or file: {there_are}."
            )
        chosen.update(found)
    return [lesson for lesson in lessons if lesson in chosen]


def _fits(lesson: Lesson, text: str) -> bool:
    if text.isdecimal():
        return int(text) == lesson.number
    path = Path(text)
    same_place = path.parent == Path() or path.resolve() == lesson.path.resolve()
    return same_place and path.name.removesuffix(".py") == lesson.name
