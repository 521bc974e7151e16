"""Runs lessons side by side and shows them one after another.

The earliest lesson that is not finished always runs, and its log streams; the other places go to the lessons that take
longest, so that none of them is left for the end. What finishes out of turn is kept and printed in its turn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from course.files import OutputFolder, temporary, write_whole
from course.processes import Handle, Pool, describe_exit, wait_any
from course.runner.lessons import Lesson
from course.runner.verdict import Outcome, Promise
from course.streams import Log, Terminal, last_line

POLL = 0.03  # seconds between two looks at what the lessons print
MOST_OUTPUT = 200_000_000  # bytes; a lesson that prints more is ended before it fills the disk


@dataclass
class Job:
    """A lesson that was started; `outcome` is None while it runs."""

    lesson: Lesson
    promise: Promise
    handle: Handle
    log: Log  # read while it grows, in its turn
    whole: Log  # read at the end, for the file that is kept
    outcome: Outcome | None = None
    announced: bool = False


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
                job.whole.close()
        return shown

    def _start(self, lesson: Lesson) -> Job:
        promise = Promise(lesson, self.folder)
        printed = temporary(self.folder.logs / f"{lesson.name}.printed")
        printed.parent.mkdir(parents=True, exist_ok=True)  # a lesson may have removed it
        handle = self.pool.start(lesson.path, output=printed, time_limit=self.timeout)
        self.folder.claim(handle.pid)
        return Job(lesson, promise, handle, Log(printed), Log(printed))

    def _look_at(self, job: Job) -> None:
        """Give the job its outcome and its kept log if it has ended."""
        code, broken = job.handle.poll(), ""
        if code is None and job.log.size > MOST_OUTPUT:
            job.handle.kill()
            broken = f"printed more than {MOST_OUTPUT // 1_000_000} MB"
        elif code is None:
            return
        elif job.handle.timed_out:
            broken = f"still running after {self.timeout:g} s"
        text = job.whole.read(ended=True)
        job.whole.close()
        write_whole(self.folder.logs / f"{job.lesson.name}.log", text)
        if not broken and code != 0:
            broken = f"{describe_exit(code)}: {last_line(text)[:200]}".removesuffix(": ")
        job.outcome = job.promise.judge(job.handle.seconds, broken)

    def _show(
        self, lessons: Sequence[Lesson], started: Mapping[Lesson, Job], shown: list[Outcome]
    ) -> None:
        """Print what is new from the earliest lesson that is not finished, and all that finished in its turn."""
        for lesson in lessons[len(shown) :]:
            job = started.get(lesson)
            if job is None:
                break
            if not job.announced:
                self.terminal.line(
                    f" Lesson {job.lesson.number:02}: {job.lesson.title} ".center(79, "=")
                )
                job.announced = True
            self.terminal.write(job.log.read(ended=job.outcome is not None))
            if job.outcome is None:
                break
            self.terminal.line(
                f"-- {job.lesson.name}: {job.outcome.verdict} after {job.outcome.seconds:.1f} s"
            )
            self.terminal.line(f"   {job.outcome.reason}" if job.outcome.reason else "")
            shown.append(job.outcome)
        running = [job for job in started.values() if job.outcome is None]
        names = ", ".join(f"{job.lesson.name} {job.handle.seconds:.0f} s" for job in running)
        self.terminal.status(
            f"[{len(started) - len(running)} of {len(lessons)} done] running: {names}"
        )


def choose_next(
    lessons: Sequence[Lesson], started: Mapping[Lesson, Job], seconds: Mapping[str, float]
) -> Lesson:
    """The lesson whose log streams next if it does not run yet, else the longest; unmeasured, later ones are longer."""
    waiting = [lesson for lesson in lessons if lesson not in started]
    if all(started[lesson].outcome for lesson in lessons[: lessons.index(waiting[0])]):
        return waiting[0]
    return max(waiting, key=lambda lesson: (seconds.get(lesson.name, 1.0), lesson.number))
