"""Texts that any terminal can print, on one line."""

import re
from collections.abc import Iterable

# Characters that every file system takes.
PLAIN_NAME = re.compile(r'(?!\.*$)[^\\/:*?"<>|\x00-\x1f]+')
# What colours a terminal's text and moves its cursor.
ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?|\x9b[0-?]*[ -/]*[@-~]"
)
# Control characters but tab and newline, halves of surrogate pairs, and what turns the direction
# of writing around.
UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def ascii_only(text: object) -> str:
    r"""Return the text as any terminal can print it.

    >>> print(ascii_only(chr(252)))
    \xfc
    """
    return str(text).encode("ascii", "backslashreplace").decode()


def cut(text: str, most: int) -> str:
    """Return a text without its middle if it has more than `most` characters.

    >>> cut("a name that goes on and on", 13)
    'a nam...nd on'
    """
    half = (most - len("...")) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def quoted(value: object) -> str:
    """Return a value in quotes, in ASCII on one line, without the middle if it is long."""
    return cut(ascii(str(value)), 60)


def plain(text: str) -> str:
    """Return a text as a terminal would show it in the end.

    It has no colours, no overwritten lines and no control characters.
    """
    text = ANSI.sub("", text)
    if "\r" in text:
        lines = text.split("\n")
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return UNSHOWN.sub("\ufffd", text)


def listed(names: Iterable[object], most: int = 8) -> str:
    """Return names in quotes, and how many more there are."""
    shown = [quoted(name) for name in names]
    more = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return `1 row`, `2 rows`, `0 rows`; `plural` where it is not the noun with an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no message"


def is_file_name(name: object) -> bool:
    """Tell whether a name leads nowhere else and has characters that every file system takes.

    >>> is_file_name("03_boundaries.png"), is_file_name("../03_boundaries.png")
    (True, False)
    """
    return isinstance(name, str) and PLAIN_NAME.fullmatch(name) is not None
