"""Files written whole or not at all, files that are watched, and the output folder.

The folder is checked before a run, held by one run at a time, and swept of leftovers.
"""

import io
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from course import RefusedError
from course.text import ascii_only, is_file_name

PROJECT = Path(__file__).resolve().parents[1]
TEMPORARY = re.compile(r"\..+\.(?P<pid>\d+)\.tmp")  # .<final name>.<process id>.tmp
POLL = 0.03  # seconds between two looks at a file, or at a process that is running


def output_dir() -> Path:
    """Return the folder that figures and results go to.

    It is `OUTPUT_DIR` if that is set, else `outputs/` beside the helper.

    >>> output_dir().is_absolute()
    True
    """
    return Path(os.environ.get("OUTPUT_DIR") or PROJECT / "outputs").absolute()


def save_file(name: str, write: Callable[[BinaryIO], object]) -> Path:
    """Write a file into the output folder, whole or not at all, and print where it is.

    Args:
        name: a plain file name, or one in a folder, such as `players/03.html`.
        write: is given an open binary file to write to, such as
            `lambda file: torch.save(model.state_dict(), file)`.

    Returns:
        The path of the file.

    Raises:
        ValueError: the name leads out of the output folder, or some system refuses it.
        OSError: the file cannot be written; the message says where and why.

    >>> path = save_file("notes.txt", lambda file: file.write(b"98 %"))  # doctest: +ELLIPSIS
    File: ...notes.txt
    >>> path.read_bytes()
    b'98 %'
    """
    if not isinstance(name, str) or not all(is_file_name(part) for part in name.split("/")):
        raise ValueError(
            f"the file's name is {name!r}; expected a plain file name, such as 10_digits.pt."
        )
    buffer = io.BytesIO()
    write(buffer)
    path = write_output(name, buffer.getvalue())
    print(f"File: {ascii_only(path)}")
    return path


def write_output(name: str, data: bytes) -> Path:
    """Write a file of the output folder whole; returns its path.

    >>> write_output("notes.txt", b"98 %").read_bytes()
    b'98 %'
    """
    path = output_dir() / name
    try:
        write_whole(path, data)
    except OSError as error:
        raise OSError(
            f"Cannot write {ascii_only(path)} ({error.strerror or error}); "
            "free the place or set OUTPUT_DIR to a folder that can be written."
        ) from None
    return path


class OutputFolder:
    """Where a run writes: figures in `path`, then `path/results` and `path/logs`."""

    def __init__(self, path: str | Path):
        self.path = Path(path).absolute()
        self.results = self.path / "results"
        self.logs = self.path / "logs"
        self._ours = {os.getpid()}

    @contextmanager
    def hold(self) -> Iterator["OutputFolder"]:
        """Create the folder and keep other runs out of it until the end.

        Raises:
            RefusedError: it cannot be created or written, or another run holds it.
        """
        try:
            for folder in (self.path, self.results, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder) as file:
                    file.write(b"a disk that is full says so here")
            lock = _lock(self.path / ".run_all.lock")
        except OSError as error:
            raise RefusedError(
                f"Cannot write to the output folder {self.path} ({_why_not(folder, error)}); "
                "choose another one."
            ) from error
        if lock is None:
            raise RefusedError(
                f"Another run_all.py is writing to {self.path}; wait for it, "
                "or choose another --output-dir."
            )
        try:
            self._sweep()
            yield self
        finally:
            self._sweep()
            _unlock(lock)

    def claim(self, pid: int) -> None:
        """Note a process of this run: what it leaves half written is removed at the end."""
        self._ours.add(pid)

    def _sweep(self) -> None:
        for folder in (self.path, self.results, self.logs):
            for path in folder.glob(".*.tmp"):
                name = TEMPORARY.fullmatch(path.name)
                if name is None:
                    continue
                pid = int(name["pid"])
                if pid in self._ours or _is_gone(pid):
                    with suppress(OSError):
                        path.unlink()


class Watched:
    """Files whose saves are noticed, also when an editor saves by replacing the file."""

    def __init__(self, paths: Iterable[Path]):
        self._paths = list(paths)
        self._seen = self._stamps()

    def changed(self) -> bool:
        """True once the files differ from what `settle` last saw."""
        return self._stamps() != self._seen

    def settle(self) -> None:
        """Wait until every file is there and none changes any more.

        An editor may be in the middle of a save.
        """
        before = None
        now = self._stamps()
        while now != before or None in now:
            time.sleep(POLL)
            before = now
            now = self._stamps()
        self._seen = now

    def _stamps(self) -> list[tuple[int, ...] | None]:
        return [stamp(path) for path in self._paths]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader finds the old content or the new one, never half of it.

    Raises:
        OSError: it cannot be written; `filename` is the path, which a full disk does not say.
    """
    data = content.encode() if isinstance(content, str) else content
    part = temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # a lesson may have removed it
        try:
            part.write_bytes(data)
            os.replace(part, path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        error.filename = str(path)
        raise


def temporary(path: Path) -> Path:
    """The name under which this process prepares `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def stamp(path: Path) -> tuple[int, ...] | None:
    """What changes with each save of a file, also when it is replaced.

    None if there is no file, or something else, such as a pipe.
    """
    try:
        now = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(now.st_mode):
        return None
    return (now.st_ino, now.st_mtime_ns, now.st_ctime_ns, now.st_size)


def _why_not(folder: Path, error: OSError) -> object:
    """Why a folder cannot be written, in words: a file in its way, or what the system says."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        for path in (folder, *folder.parents):
            if path.is_file():
                return f"{path} is a file"
    return error.strerror or error


def _is_gone(pid: int) -> bool:
    if os.name == "nt":
        return False  # there, signal 0 would be Ctrl-C
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    return False


def _lock(path: Path) -> IO | None:
    """An open file that holds the lock, None if another process has it.

    The lock ends with the process.
    """
    while True:
        file = path.open("a")
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
        except OSError:
            return file  # a file system without locks: nobody can be kept out
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # the run before removed the file between our open and our lock


def _unlock(file: IO) -> None:
    if os.name != "nt":  # removed while still locked, so that nobody else's lock is removed
        Path(file.name).unlink(missing_ok=True)
    file.close()
