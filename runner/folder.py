"""The output folder: checked before anything starts, held by one run at a time, written whole, swept of leftovers."""

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner import Refused

TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp")  # .<final name>.<process id>.tmp, as helper_functions.py names them too


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
            Refused: it cannot be created or written, or another run holds it.
        """
        try:
            for folder in (self.path, self.results, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder) as file:
                    file.write(b"a disk that is full says so here")
            lock = _lock(self.path / ".run_all.lock")
        except OSError as error:
            why = error.strerror or error
            if isinstance(error, FileExistsError | NotADirectoryError):
                why = f"{next((p for p in (folder, *folder.parents) if p.is_file()), folder)} is a file"
            raise Refused(f"Cannot write to the output folder {self.path} ({why}); choose another one.") from error
        if lock is None:
            raise Refused(f"Another run_all.py is writing to {self.path}; wait for it, or choose another --output-dir.")
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
                if name and (int(name[1]) in self._ours or _is_gone(int(name[1]))):
                    with suppress(OSError):
                        path.unlink()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old text or the new one, never half of it."""
    part = temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # a lesson may have removed it
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    except OSError as error:
        error.filename = str(path)  # which a full disk does not say, and nobody knows the temporary name
        raise
    finally:
        part.unlink(missing_ok=True)


def temporary(path: Path) -> Path:
    """The name under which this process prepares `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def stamp(path: Path) -> tuple[int, ...] | None:
    """What changes with each save of a file, also when it is replaced; None if there is no file, or a pipe."""
    try:
        now = path.stat()
    except OSError:
        return None
    return (now.st_ino, now.st_mtime_ns, now.st_ctime_ns, now.st_size) if stat.S_ISREG(now.st_mode) else None


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


def _lock(path: Path):
    """An open file that holds the lock, None if another process has it. The lock ends with the process."""
    while True:
        file = path.open("a")
        try:
            if os.name == "nt":
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


def _unlock(file) -> None:
    if os.name != "nt":  # removed while still locked, so that nobody else's lock is removed
        Path(file.name).unlink(missing_ok=True)
    file.close()
