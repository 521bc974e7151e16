"""The standard streams, what a script prints, and the terminal it is shown on."""

import codecs
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

HEAD = 1_000_000  # bytes of a script's output that are shown and kept at most, from its begin ...
TAIL = 50_000  # ... and from its end


def open_streams() -> None:
    """Make the standard streams fit for whatever a lesson prints, also where one was closed."""
    # A closed one would be given to a pipe, and a child closes its own standard streams.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)


class Log:
    """Reads the file that a script prints into; memory stays bounded, however long it gets.

    Of a long one it reads `head` bytes from the begin and `tail` bytes from the end.
    """

    def __init__(self, path: Path, head: int = HEAD, tail: int = TAIL):
        self._file = path.open("rb")
        self._head = head
        self._tail = tail
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    @property
    def size(self) -> int:
        """Bytes printed so far."""
        return os.fstat(self._file.fileno()).st_size

    def read(self, ended: bool) -> str:
        """What is new since the last call; once the script has ended, all the rest.

        What exceeds the limits is left out.
        """
        size = self.size
        left_out = size - self._head - self._tail
        end = size if ended and left_out <= 0 else min(size, self._head)
        text = self._decode(end - self._file.tell())
        if ended and left_out > 0:
            self._file.seek(size - self._tail)
            text += f"\n[... {left_out:,} bytes left out ...]\n" + self._decode(self._tail)
        return text + self._decoder.decode(b"", final=ended)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _decode(self, count: int) -> str:
        return self._decoder.decode(self._file.read(max(count, 0)))


def last_line(text: str) -> str:
    """The last line that is not blank: of a traceback, what went wrong."""
    return text.rstrip().rpartition("\n")[2].strip()


class Terminal:
    """Text in order, and below it, on a real terminal only, one line that says what is running."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._live = stream.isatty()
        self._status = ""
        self._ends_line = True

    def write(self, text: str) -> None:
        """Print text as it is."""
        if text:
            self._show_status("")
            self._put(text)
            self._ends_line = text.endswith("\n")

    def line(self, text: str = "") -> None:
        """Print a line of its own."""
        self.write(("" if self._ends_line else "\n") + text + "\n")

    def status(self, text: str) -> None:
        """Replace the status line; it waits while a lesson's own line is unfinished."""
        if self._live and self._ends_line:
            self._show_status(text[: shutil.get_terminal_size().columns - 1])

    def _show_status(self, text: str) -> None:
        if text != self._status:
            self._put("\r" + text.ljust(len(self._status)) + ("" if text else "\r"))
            self._status = text

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            error.filename = "standard output"
            raise
