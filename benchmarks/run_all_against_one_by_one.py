"""How much faster is run_all.py than the lessons one by one, and how fast could it be?

    python benchmarks/run_all_against_one_by_one.py [LESSON ...] [--rounds 3] [--jobs N]

Each round measures every lesson as `python module_03/NN_topic.py` in a fresh process; run_all.py
over the same lessons; and the floor under any way of running them: one start-up of the imports,
and the lessons' own bodies divided over the cores. A body is timed in a warm process, alone, from
its first line to its last. The table shows medians of wall-clock seconds. Everything is written
to a temporary folder. Measure on an idle machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course import RefusedError  # noqa: E402 - found only now
from course.processes import Pool, describe_exit  # noqa: E402
from course.runner.lessons import Lesson, find_lessons, select  # noqa: E402

PRELOAD = "course.runner.preload"
TIMED = """
import runpy, sys, time
lesson, answer = sys.argv[1:]
sys.argv = [lesson]
start = time.perf_counter()
runpy.run_path(lesson, run_name="__main__")
open(answer, "w").write(str(time.perf_counter() - start))
"""


@dataclass(frozen=True)
class Round:
    """Seconds of each way to run the lessons, once."""

    alone: list[float]  # per lesson, in a fresh process
    bodies: list[float]  # per lesson, without its start-up
    start_up: float
    run_all: float


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("lessons", nargs="*", metavar="LESSON", help="number or file name; none means all")
    add("--rounds", type=int, default=3, help="the median of so many (default: %(default)s)")
    cores = os.cpu_count() or 1
    add(
        "--jobs",
        type=int,
        default=cores,
        help="lessons at a time (default: %(default)s, the cores)",
    )
    options = parser.parse_args(arguments)
    if min(options.rounds, options.jobs) < 1:
        parser.error("--rounds and --jobs must be 1 or more")
    try:
        lessons = select(find_lessons(ROOT / "module_03"), options.lessons)
    except RefusedError as error:
        parser.error(str(error))
    rounds = [measure(lessons, options.jobs) for _ in range(options.rounds)]
    print_table(lessons, rounds, options.jobs)


def measure(lessons: Sequence[Lesson], jobs: int) -> Round:
    """Run the lessons in each way, once."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "OUTPUT_DIR": folder,
            "COURSE_DEVICE": "cpu",
            "MPLBACKEND": "Agg",
            "PYTHONPATH": str(ROOT),
        }
        warm = {**settings, "OMP_NUM_THREADS": "1"}  # as run_all.py starts its processes
        names = [lesson.name for lesson in lessons]
        run_all: list[str | Path] = [
            ROOT / "run_all.py",
            "--jobs",
            str(jobs),
            "--output-dir",
            folder,
            *names,
        ]
        return Round(
            alone=[seconds_of([lesson.path], settings) for lesson in lessons],
            bodies=seconds_of_bodies(lessons, Path(folder), warm),
            start_up=seconds_of(["-c", f"import {PRELOAD}"], warm),
            run_all=seconds_of(run_all, settings),
        )


def seconds_of(command: Sequence[str | Path], settings: dict[str, str]) -> float:
    """Return the time of a Python process from its start to its end."""
    environment = {**os.environ, **settings}
    start = perf_counter()
    process = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - start
    if process.returncode != 0:
        shown = " ".join(map(str, command))
        how = describe_exit(process.returncode)
        sys.exit(f"{shown}: {how}\n{process.stdout[-1000:]}{process.stderr[-1000:]}")
    return seconds


def seconds_of_bodies(
    lessons: Sequence[Lesson], folder: Path, settings: dict[str, str]
) -> list[float]:
    """Return the time of each lesson's own code in a process where everything is imported."""
    found = []
    timer = folder / "timer.py"
    timer.write_text(TIMED, encoding="utf-8")
    log = folder / "log"
    answer = folder / "seconds"
    with Pool(preload=[PRELOAD], path=[ROOT], env=settings) as pool:
        for lesson in lessons:
            handle = pool.start(timer, [lesson.path, answer], output=log)
            code = handle.wait()
            if code != 0:
                how = describe_exit(code or 0)
                sys.exit(f"{lesson.name}: {how}\n{log.read_text(encoding='utf-8')[-2000:]}")
            found.append(float(answer.read_text(encoding="utf-8")))
    return found


def print_table(lessons: Sequence[Lesson], rounds: Sequence[Round], jobs: int) -> None:
    """Print the medians and what follows from them."""
    print(f"{f'seconds, median of {len(rounds)}':38}  fresh process  body alone")
    alone = 0.0
    bodies = 0.0
    for number, lesson in enumerate(lessons):
        fresh = median(one.alone[number] for one in rounds)
        body = median(one.bodies[number] for one in rounds)
        alone += fresh
        bodies += body
        print(f"{lesson.name:38}  {fresh:13.2f}  {body:10.2f}")
    start_up = median(one.start_up for one in rounds)
    run_all = median(one.run_all for one in rounds)
    floor = start_up + bodies / jobs
    print(f"{'all, one by one':38}  {alone:13.2f}  {bodies:10.2f}")
    print()
    print(f"{'one start-up of the imports':38}  {start_up:13.2f}")
    print(f"{f'floor: start-up + bodies / {jobs}':38}  {floor:13.2f}")
    print(f"{f'run_all.py --jobs {jobs}':38}  {run_all:13.2f}")
    print()
    print(f"run_all.py is {alone / run_all:.2f} times faster than one by one")
    print(f"and takes {run_all / floor:.2f} times the floor.")


if __name__ == "__main__":
    main()
