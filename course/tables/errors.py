"""What is wrong with a table, said in one sentence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from course.text import ascii_only


class TableError(ValueError):
    """A table cannot be used; the message is one sentence: what came, what to do."""


@contextmanager
def exit_on_bad_input() -> Iterator[None]:
    """Turn a TableError, or a file that fails, into one line on stderr and exit code 2.

    Any other error is a fault of the program and keeps its traceback.

    >>> with exit_on_bad_input():
    ...     table = "is read here"
    """
    try:
        yield
    except (TableError, OSError) as error:
        print(ascii_only(f"Error: {error}"), file=sys.stderr)
        raise SystemExit(2) from error
