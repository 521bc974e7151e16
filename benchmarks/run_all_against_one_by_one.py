"""How much faster is run_all.py than running the lessons one after another, and how much faster could it be?

    python benchmarks/run_all_against_one_by_one.py [LESSON ...] [--rounds 3]

Measures, in each round: every lesson as `python module_03/NN_topic.py` in a fresh process; run_all.py over the same
lessons; and the floor under any way of running them: one start-up of the imports, and the lessons' own bodies divided
over the cores. A body is timed in a warm process, alone, from its first line to its last. The table shows medians.
Everything is written to a temporary folder. Measure on an idle machine.
"""

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course.processes import Pool  # noqa: E402
from course.runner.lessons import find_lessons, select  # noqa: E402
from run_all import cores  # noqa: E402


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    lessons = select(find_lessons(ROOT / "module_03"), options.lessons)
    names = [lesson.name for lesson in lessons]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "OUTPUT_DIR": folder,
            "COURSE_DEVICE": "cpu",
            "MPLBACKEND": "Agg",
            "PYTHONPATH": str(ROOT),
        }
        rounds = [one_round(lessons, folder, environment) for _ in range(options.rounds)]

    alone = [
        median(values) for values in zip(*(measured["alone"] for measured in rounds), strict=True)
    ]
    bodies = [
        median(values) for values in zip(*(measured["bodies"] for measured in rounds), strict=True)
    ]
    start_up = median(measured["start_up"] for measured in rounds)
    together = median(measured["run_all"] for measured in rounds)
    floor = start_up + sum(bodies) / cores()
    print(f"{'seconds, median of ' + str(len(rounds)) + ' rounds':38}  fresh process  body alone")
    for name, fresh, body in zip(names, alone, bodies, strict=True):
        print(f"{name:38}  {fresh:13.2f}  {body:10.2f}")
    print(f"{'all, one after another':38}  {sum(alone):13.2f}  {sum(bodies):10.2f}")
    print()
    print(f"{'one start-up of the imports':38}  {start_up:13.2f}")
    print(f"{f'floor: start-up + bodies / {cores()} cores':38}  {floor:13.2f}")
    print(f"{'run_all.py':38}  {together:13.2f}")
    print(
        f"run_all.py: {sum(alone) / together:.2f} times faster than one by one, {together / floor:.2f} times the floor"
    )


def one_round(lessons, folder: str, environment: dict[str, str]) -> dict:
    """Seconds of each way to run the lessons, once."""
    fresh = {**os.environ, **environment}
    run_all = [ROOT / "run_all.py", "--output-dir", folder, *(lesson.name for lesson in lessons)]
    return {
        "alone": [seconds_of([lesson.path], fresh) for lesson in lessons],
        "run_all": seconds_of(run_all, fresh),
        "start_up": seconds_of(
            ["-c", "import course.runner.preload"], {**fresh, "OMP_NUM_THREADS": "1"}
        ),
        "bodies": bodies_of(lessons, Path(folder), environment),
    }


def seconds_of(command: list, environment: dict[str, str]) -> float:
    """Wall-clock time of a Python process from start to end."""
    start = perf_counter()
    subprocess.run(
        [sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return perf_counter() - start


def bodies_of(lessons, folder: Path, environment: dict[str, str]) -> list[float]:
    """Wall-clock time of each lesson's own code in a process where everything is imported."""
    found = []
    with Pool(
        preload=["course.runner.preload"], path=[ROOT], env={**environment, "OMP_NUM_THREADS": "1"}
    ) as pool:
        for lesson in lessons:
            answer = folder / "seconds"
            handle = pool.start(
                __file__, ["--body", lesson.path, answer], output=folder / "printed"
            )
            if handle.wait() != 0:
                sys.exit(f"{lesson.name} fails:\n{(folder / 'printed').read_text()}")
            found.append(float(answer.read_text()))
    return found


def time_body(lesson: str, answer: str) -> None:
    """Run a lesson in this process and write down how long that took."""
    sys.argv = [lesson]
    start = perf_counter()
    runpy.run_path(lesson, run_name="__main__")
    Path(answer).write_text(str(perf_counter() - start))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--body"]:
        time_body(*sys.argv[2:])
    else:
        main()
