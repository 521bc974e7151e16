"""Texts that any terminal can print, on one line."""

import re
from collections.abc import Iterable
from pathlib import Path

PLAIN_NAME = re.compile(
    r'(?!\.*$)[^\\/:*?"<>|\x00-\x1f]+'
)  # characters that every file system takes


def ascii_only(text: str | Path) -> str:
    """Return the text as any terminal can print it."""
    return str(text).encode("ascii", "backslashreplace").decode()


def quoted(value: object) -> str:
    """Return a value in quotes, in ASCII on one line, without the middle if it is long."""
    text = ascii(str(value))
    return text if len(text) <= 60 else f"{text[:28]}...{text[-28:]}"


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
    """Tell whether a name has no part that leads elsewhere and no character that some file system refuses."""
    return isinstance(name, str) and PLAIN_NAME.fullmatch(name) is not None
