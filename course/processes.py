"""Warm, isolated Python processes.

One server imports the slow modules once, and forks a fresh child for each script.

    with Pool(preload=["torch"]) as pool:
        handle = pool.start("script.py", output="script.log", time_limit=300)
        handle.wait()
        print(handle.exit_code, handle.seconds)

The server is `multiprocessing`'s forkserver; where it is missing or forking is unsafe, each script
gets a new process that imports the modules itself (spawn). A child leads its own process group, so
that ending it ends all it started; Ctrl-C on the terminal reaches only the parent, which decides.
A child whose parent vanishes ends itself: at once, or where C code never gives way, soon after its
time limit. On Linux, closing the pool also ends what left the group, found by a marker in its
environment.
"""

import faulthandler
import importlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from pathlib import Path
from typing import Any

from course.files import PROJECT

ORPHAN = 30.0  # seconds after its time limit until a script that nobody ended ends itself
MARKER = "COURSE_POOL"  # environment variable that everything a pool starts inherits


class Handle:
    """A script that was started.

    `exit_code` is None while it runs, and below 0 if a signal ended it.
    """

    def __init__(self, process: Any, time_limit: float | None):
        self._process = process
        self._time_limit = time_limit
        self._started = time.monotonic()
        self._ended = self._started
        self.pid: int | None = None  # also the id of its process group
        self.exit_code: int | None = None
        self.timed_out = False

    @property
    def seconds(self) -> float:
        """How long the script ran, or has been running."""
        until = time.monotonic() if self.exit_code is None else self._ended
        return until - self._started

    def poll(self) -> int | None:
        """The exit code if the script has ended; ends it first if its time is up."""
        if self.exit_code is None:
            code = self._process.exitcode
            if code is not None:
                self._close(code)
            elif self._time_limit is not None and self.seconds > self._time_limit:
                self.timed_out = True
                self.kill()
        return self.exit_code

    def wait(self, timeout: float = float("inf")) -> int | None:
        """Wait until the script ends, at most `timeout` seconds; returns the exit code or None."""
        until = time.monotonic() + timeout
        while self.poll() is None and time.monotonic() < until:
            wait_any([self], 0.05)
        return self.exit_code

    def kill(self) -> None:
        """End the script and every process of its group."""
        if self.exit_code is None and self._process.pid is not None:
            if os.name == "nt":
                subprocess.run(
                    ["taskkill", "/F", "/T", "/PID", str(self.pid)],
                    capture_output=True,
                    check=False,
                )
            self._process.kill()
            self._process.join()
            self._close(self._process.exitcode)

    def _start(self) -> None:
        """Start the process; the pool calls it, once."""
        self._process.start()
        self.pid = self._process.pid
        self._started = time.monotonic()  # the server's own start-up does not count

    def _close(self, code: int) -> None:
        self._ended = time.monotonic()
        if self.pid is not None:
            _kill_group(self.pid)  # what the script started and did not wait for
        self.exit_code = code
        self._process.close()


class Pool:
    """Starts scripts in warm processes; one pool at a time.

    Args:
        preload: modules that the server imports once.
        path: folders that scripts may import from, before all others.
        env: environment variables of the server and of every script.
        method: `forkserver` or `spawn`; the best of the platform by default.
    """

    def __init__(
        self,
        preload: Iterable[str] = (),
        path: Iterable[str | Path] = (),
        env: Mapping[str, str] | None = None,
        method: str | None = None,
    ):
        self._context: Any = multiprocessing.get_context(method or best_method())
        self._preload = list(preload)
        self._path = [str(folder) for folder in path]
        self._token = uuid.uuid4().hex
        # PYTHONPATH, because a forkserver does not look at the parent's sys.path; also for
        # processes that the script starts.
        search = [_searchable(folder) for folder in (*self._path, str(PROJECT))]
        already = os.environ.get("PYTHONPATH")
        if already:
            search.append(already)
        self._env = {**(env or {}), "PYTHONPATH": os.pathsep.join(search), MARKER: self._token}
        self._handles: list[Handle] = []
        self._launching = threading.Thread()
        self._closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(
        self,
        script: str | Path,
        args: Sequence[str | Path] = (),
        *,
        output: str | Path,
        env: Mapping[str, str] | None = None,
        time_limit: float | None = None,
    ) -> Handle:
        """Run a script as `python script args` would; what it prints goes to the file `output`.

        Raises:
            OSError: `output` cannot be written, or no process can be started.
            EOFError: the server ends at once, since importing a module ends it.
        """
        Path(output).write_bytes(b"")
        task = _Task(
            script=str(script),
            args=[str(argument) for argument in args],
            output=str(output),
            env={**self._env, **(env or {})},
            preload=self._preload,
            path=self._path,
            end_after=None if time_limit is None else time_limit + ORPHAN,
        )
        process = self._context.Process(target=_run_script, args=(task,), daemon=False)
        handle = Handle(process, time_limit)
        running = [other for other in self._handles if other.exit_code is None]
        self._handles = [*running, handle]
        self._ask_server(handle._start)
        return handle

    def warm(self) -> None:
        """Let the server import its modules in the background, where there is one.

        The first script then need not wait.
        """
        if self._context.get_start_method() == "forkserver":
            from multiprocessing import forkserver  # Windows has none

            self._ask_server(forkserver.ensure_running)

    def close(self) -> None:
        """End everything the pool has started, the server too."""
        self._closed = True
        for _ in range(500):  # until a look finds nothing: a process may fork while we look
            marked = _processes_with(f"{MARKER}={self._token}")
            if not marked and not self._launching.is_alive():
                break
            for pid in marked:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        for handle in self._handles:
            handle.kill()

    def _ask_server(self, request: Callable[[], None]) -> None:
        """Send a request in a thread of its own: a signal to the caller must not cut it."""
        failures: list[BaseException] = []
        self._launching = threading.Thread(
            target=self._launch, args=(request, failures), daemon=True
        )
        self._launching.start()
        self._launching.join()
        if failures:
            raise failures[0]

    def _launch(self, request: Callable[[], None], failures: list[BaseException]) -> None:
        try:
            if os.name != "nt":
                # Before the marker is set: it belongs to the caller, not to the pool.
                resource_tracker.ensure_running()
                # Inherited, so that the server never sees Ctrl-C.
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            with _what_children_inherit(self._env):
                if self._context.get_start_method() == "forkserver":
                    self._context.set_forkserver_preload(self._preload)
                try:
                    request()
                except (EOFError, OSError):  # the server was killed a moment ago: start another one
                    if self._closed:
                        raise
                    time.sleep(0.2)
                    request()
        except BaseException as error:
            failures.append(error)


def best_method() -> str:
    """`forkserver` where processes may be forked after importing torch, else `spawn`.

    macOS forbids it in its system libraries.
    """
    can_fork = "forkserver" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    return "forkserver" if can_fork else "spawn"


def wait_any(handles: Iterable[Handle], timeout: float) -> None:
    """Wait until one of the scripts ends, at most `timeout` seconds."""
    sentinels = [handle._process.sentinel for handle in handles if handle.exit_code is None]
    if sentinels:
        connection.wait(sentinels, timeout)


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 3`, `killed by SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _searchable(folder: str) -> str:
    """A folder as PYTHONPATH can name it: where its name holds a colon, from the current one."""
    return os.path.relpath(folder) if os.pathsep in folder else folder


@dataclass
class _Task:
    """What a child is to do; `end_after` are the seconds after which it ends itself."""

    script: str
    args: list[str]
    output: str
    env: dict[str, str]
    preload: list[str]
    path: list[str]
    end_after: float | None


def _run_script(task: _Task) -> None:
    """What a child does: cut its ties to the parent, then run the script as the main program."""
    _redirect(task.output)
    if hasattr(os, "setsid"):
        os.setsid()
        # This drops a Ctrl-C from before the new session ...
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        # ... and this heeds one that is meant for the script.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if task.end_after is not None:
        # That thread waits while C code holds the interpreter; this clock does not.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        faulthandler.dump_traceback_later(task.end_after, exit=True, file=nowhere)
    script = task.script
    os.environ.update(task.env)
    sys.argv = [script, *task.args]
    sys.path[:0] = [os.path.dirname(script), *task.path]
    for name in task.preload:
        importlib.import_module(name)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit:
        raise
    except BaseException as error:
        own = error.__traceback__
        while own is not None and own.tb_frame.f_code.co_filename != script:
            own = own.tb_next  # leave out the frames of this file and of runpy
        sys.excepthook(type(error), error.with_traceback(own), own)
        sys.exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    _kill_group(os.getpid())
    os._exit(1)


def _redirect(output: str) -> None:
    """Standard input from nowhere, standard output and error into the file.

    That goes for C code and child processes too.
    """
    nowhere = os.open(os.devnull, os.O_RDONLY)
    log = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, target in ((nowhere, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for descriptor in {nowhere, log} - {0, 1, 2}:
        os.close(descriptor)
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        stream = os.fdopen(
            descriptor,
            mode,
            buffering=1,
            encoding="utf-8",
            errors="backslashreplace",
            closefd=False,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _kill_group(pid: int) -> None:
    if hasattr(os, "killpg"):
        # macOS says "permission" of a group of zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _processes_with(entry: str) -> list[int]:
    """Linux: the processes that were started with this entry in their environment."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if entry.encode() in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    return found


@contextmanager
def _what_children_inherit(environment: Mapping[str, str]) -> Iterator[None]:
    """Set what multiprocessing hands to a child.

    That is the environment, and no main module, which the child would run again.
    """
    before = dict(os.environ)
    main = sys.modules["__main__"]
    os.environ.update(environment)
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name in environment:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if name in environment})
