"""Runs lessons side by side and shows them one after another.

The earliest lesson that is not finished always runs, and its log streams. The other places go to
the lessons that take longest, so that none of them is left for the end. What finishes out of turn
is kept and printed in its turn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from course.files import POLL, OutputFolder, temporary, write_whole
from course.processes import Handle, Pool, describe_exit, wait_any
from course.runner.lessons import Lesson
from course.runner.verdict import Outcome, Promise
from course.streams import Log, Terminal, last_line

MOST_OUTPUT = 200_000_000  # bytes; a lesson that prints more is ended before it fills the disk


@dataclass
class Job:
    """A lesson that was started; `outcome` is None while it runs."""

    lesson: Lesson
    promise: Promise
    handle: Handle
    log: Log
    read: list[str] = field(default_factory=list)  # pieces of the log, for the file that is kept
    shown: int = 0  # of these pieces
    outcome: Outcome | None = None
    announced: bool = False

    def read_log(self) -> None:
        """Read what the lesson has printed since the last call."""
        text = self.log.read(ended=self.handle.exit_code is not None)
        if text:
            self.read.append(text)

    def not_shown(self) -> str:
        """What was read since the last call."""
        text = "".join(self.read[self.shown :])
        self.shown = len(self.read)
        return text


@dataclass
class Course:
    """Where and how lessons run: `jobs` at a time, each at most `timeout` seconds."""

    pool: Pool
    folder: OutputFolder
    terminal: Terminal
    jobs: int
    timeout: float

    def run(
        self,
        lessons: Sequence[Lesson],
        seconds: Mapping[str, float] = MappingProxyType({}),
        on_outcome: Callable[[Outcome], None] = lambda outcome: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[Outcome]:
        """Run lessons until all have ended or `stop` returns True.

        Args:
            lessons: what to run, in the order in which it is shown.
            seconds: how long lessons took before, by name, as far as known.
            on_outcome: called as soon as a lesson has ended.
            stop: asked again and again; True ends what still runs.

        Returns:
            The outcomes of the lessons that were shown to their end, in order.
        """
        started: dict[Lesson, Job] = {}
        shown: list[Outcome] = []
        try:
            while len(shown) < len(lessons) and not stop():
                running = [job for job in started.values() if job.outcome is None]
                while len(running) < self.jobs and len(started) < len(lessons):
                    lesson = choose_next(lessons, started, seconds)
                    started[lesson] = self._start(lesson)
                    running.append(started[lesson])
                wait_any([job.handle for job in running], POLL)
                for job in running:
                    self._look_at(job)
                    if job.outcome is not None:
                        on_outcome(job.outcome)
                self._show(lessons, started, shown)
        finally:
            self.terminal.status("")
            for job in started.values():
                job.handle.kill()
                job.log.close()
        return shown

    def _start(self, lesson: Lesson) -> Job:
        promise = Promise(lesson, self.folder)
        printed = temporary(self.folder.logs / f"{lesson.name}.printed")
        printed.parent.mkdir(parents=True, exist_ok=True)  # a lesson may have removed it
        handle = self.pool.start(lesson.path, output=printed, time_limit=self.timeout)
        if handle.pid is not None:
            self.folder.claim(handle.pid)
        return Job(lesson, promise, handle, Log(printed))

    def _look_at(self, job: Job) -> None:
        """Give the job its outcome, and write the log that is kept, if it has ended."""
        code = job.handle.poll()
        broken = ""
        if code is None and job.log.size > MOST_OUTPUT:
            job.handle.kill()
            code = job.handle.exit_code
            broken = f"printed more than {MOST_OUTPUT // 1_000_000} MB"
        elif job.handle.timed_out:
            broken = f"still running after {self.timeout:g} s"
        if code is None:
            return
        job.read_log()
        text = "".join(job.read)
        write_whole(self.folder.logs / f"{job.lesson.name}.log", text)
        if not broken and code != 0:
            broken = f"{describe_exit(code)}: {last_line(text)[:200]}".removesuffix(": ")
        job.outcome = job.promise.judge(job.handle.seconds, broken)

    def _show(
        self, lessons: Sequence[Lesson], started: Mapping[Lesson, Job], shown: list[Outcome]
    ) -> None:
        """Print what is new from the earliest lesson that is not finished, and all before it."""
        for lesson in lessons[len(shown) :]:
            job = started.get(lesson)
            if job is None:
                break
            if not job.announced:
                title = f" Lesson {lesson.number:02}: {lesson.title} "
                self.terminal.line(title.center(79, "="))
                job.announced = True
            if job.outcome is None:
                job.read_log()
            self.terminal.write(job.not_shown())
            if job.outcome is None:
                break
            verdict = job.outcome.verdict
            self.terminal.line(f"-- {lesson.name}: {verdict} after {job.outcome.seconds:.1f} s")
            self.terminal.line(f"   {job.outcome.reason}" if job.outcome.reason else "")
            shown.append(job.outcome)
        running = [job for job in started.values() if job.outcome is None]
        done = len(started) - len(running)
        names = ", ".join(f"{job.lesson.name} {job.handle.seconds:.0f} s" for job in running)
        self.terminal.status(f"[{done} of {len(lessons)} done] running: {names}")


def choose_next(
    lessons: Sequence[Lesson], started: Mapping[Lesson, Job], seconds: Mapping[str, float]
) -> Lesson:
    """The lesson whose log streams next if it does not run yet, else the longest.

    Of lessons that were never measured, the later ones count as longer.
    """
    waiting = [lesson for lesson in lessons if lesson not in started]
    earlier = lessons[: lessons.index(waiting[0])]
    if all(started[lesson].outcome for lesson in earlier):
        return waiting[0]
    return max(waiting, key=lambda lesson: (seconds.get(lesson.name, 1.0), lesson.number))
