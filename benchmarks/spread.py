"""How much the results of a lesson owe to its seed: the lesson itself, run with many of them.

    python benchmarks/spread.py 05 11 --seeds 20
    python benchmarks/spread.py 03 --set LR=0.5 --set EPOCHS=300
    python benchmarks/spread.py 10 --result test_acc_cnn --write

Nothing in a lesson is changed but the knobs of its Setup cell: SEED, and those that --set names.
Data, split and weights change together, as far as the lesson draws them from SEED. The table
gives, per result, mean, standard deviation (n - 1), lowest and highest value over the seeds.

--write puts the same numbers into module_03/measured.toml, where the prose of lessons may quote
them: an entry per result and statistic, in the section of the lesson.
"""

import argparse
import json
import math
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from knobs import KnobError, with_knobs  # noqa: E402 - found only now

from course import RefusedError  # noqa: E402
from course.files import write_whole  # noqa: E402
from course.processes import Handle, Pool, describe_exit, wait_any  # noqa: E402
from course.runner.lessons import find_lessons, select  # noqa: E402

MEASURED = ROOT / "module_03" / "measured.toml"
ENVIRONMENT = {"COURSE_DEVICE": "cpu", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
TIME_LIMIT = 900  # seconds per run
STATISTICS = ("mean", "std", "min", "max")

Results = dict[str, float]


class RunError(Exception):
    """A lesson did not come to its end; the message says with which seed, and why."""


@dataclass(frozen=True)
class Spread:
    """One result of a lesson over several seeds."""

    result: str
    values: list[float]

    def statistic(self, name: str) -> float:
        """Return the mean, the standard deviation, the lowest or the highest value."""
        if name == "mean":
            return fmean(self.values)
        if name == "std":
            return standard_deviation(self.values)
        return min(self.values) if name == "min" else max(self.values)


@dataclass(frozen=True)
class Experiment:
    """A lesson with its knobs, and the seeds to run it with."""

    lesson: Path
    seeds: Sequence[int]
    knobs: Mapping[str, str]

    def source(self, seed: int) -> str:
        """Return the lesson's text with this seed and the other knobs."""
        text = self.lesson.read_text(encoding="utf-8")
        return with_knobs(text, {"SEED": str(seed), **self.knobs})


def main(arguments: list[str] | None = None) -> None:
    """Run the lessons, print a table for each, and write what was measured where that is wanted."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        lessons = select(find_lessons(ROOT / "module_03"), options.lessons)
        knobs = dict(options.set)
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        experiments = [Experiment(lesson.path, seeds, knobs) for lesson in lessons]
        for experiment in experiments:
            experiment.source(options.first_seed)  # a knob that is missing is told before any run
    except (RefusedError, KnobError) as error:
        parser.error(str(error))
    for experiment in experiments:
        try:
            runs = run_lesson(experiment, options.jobs)
        except RunError as error:
            sys.exit(str(error))
        spreads = spreads_of(runs, options.result)
        print_table(experiment, spreads)
        if options.write:
            write_measured(MEASURED, experiment, spreads)


def make_parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("lessons", nargs="+", metavar="LESSON", help="number or file name of a lesson, such as 05")
    add("--seeds", type=at_least(2), default=16, help="how many seeds (default: %(default)s)")
    add("--first-seed", type=int, default=0, metavar="N", help="(default: %(default)s)")
    add(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another value for a knob of the lessons, in Python; can be given several times",
    )
    add(
        "--result",
        action="append",
        metavar="NAME",
        help="only this result; can be given several times",
    )
    add("--jobs", type=at_least(1), default=2, help="runs at a time (default: %(default)s)")
    add("--write", action="store_true", help="add the numbers to module_03/measured.toml")
    return parser


def at_least(least: int):
    """Return a reader of whole numbers that are not below `least`."""

    def whole_number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is below {least}")
        return value

    return whole_number


def assignment(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name.strip(), value.strip()


# ---- Running ------------------------------------------------------------------------------------


def run_lesson(
    experiment: Experiment, jobs: int, preload: Sequence[str] = ("course.runner.preload",)
) -> list[Results]:
    """Run the lesson once per seed, some at a time, in warm processes; return their results.

    Raises:
        RunError: the lesson fails with one of the seeds, or takes too long.
    """
    found: dict[int, Results] = {}
    waiting = list(experiment.seeds)
    running: dict[int, Handle] = {}
    with (
        tempfile.TemporaryDirectory() as temporary,
        Pool(preload=preload, path=[ROOT], env=ENVIRONMENT) as pool,
    ):
        folder = Path(temporary)
        while waiting or running:
            while waiting and len(running) < jobs:
                seed = waiting.pop(0)
                running[seed] = start(pool, experiment, seed, folder / str(seed))
            wait_any(running.values(), 1.0)
            ended = [seed for seed, handle in running.items() if handle.poll() is not None]
            for seed in ended:
                handle = running.pop(seed)
                found[seed] = read_results(experiment, seed, handle, folder / str(seed))
    return [found[seed] for seed in experiment.seeds]


def start(pool: Pool, experiment: Experiment, seed: int, folder: Path) -> Handle:
    """Start a copy of the lesson with this seed; it writes into a folder of its own."""
    folder.mkdir()
    script = folder / experiment.lesson.name
    script.write_text(experiment.source(seed), encoding="utf-8")
    environment = {"OUTPUT_DIR": str(folder)}
    return pool.start(script, output=folder / "log", env=environment, time_limit=TIME_LIMIT)


def read_results(experiment: Experiment, seed: int, handle: Handle, folder: Path) -> Results:
    """Return the numbers that a run has saved."""
    name = experiment.lesson.stem
    path = folder / "results" / f"{name}.json"
    if handle.exit_code != 0 or not path.is_file():
        how = "took too long" if handle.timed_out else describe_exit(handle.exit_code or 0)
        log = (folder / "log").read_text(encoding="utf-8", errors="replace")
        raise RunError(f"{name} with SEED = {seed}: {how}, no results.\n{log[-2000:]}")
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {key: float(value) for key, value in results.items()}


# ---- Showing and writing ------------------------------------------------------------------------


def standard_deviation(values: Sequence[float]) -> float:
    """Return it with n - 1; NaN if a value is infinite, where `statistics.stdev` fails."""
    mean = fmean(values)
    squares = [(value - mean) ** 2 for value in values]
    return math.sqrt(sum(squares) / (len(values) - 1))


def spreads_of(runs: Sequence[Results], wanted: Iterable[str] | None) -> list[Spread]:
    """Return a spread per result, of all results or of those that are wanted."""
    names = [name for name in runs[0] if wanted is None or name in wanted]
    return [Spread(name, [run[name] for run in runs]) for name in names]


def print_table(experiment: Experiment, spreads: Sequence[Spread]) -> None:
    """Print a line per result."""
    width = max((len(spread.result) for spread in spreads), default=0)
    header = "".join(f"{name:>12}" for name in STATISTICS)
    print(f"{experiment.lesson.stem}: {describe(experiment)}")
    print(f"  {'':{width}}{header}")
    for spread in spreads:
        numbers = "".join(f"{spread.statistic(name):>12.5g}" for name in STATISTICS)
        print(f"  {spread.result:{width}}{numbers}", flush=True)


def describe(experiment: Experiment) -> str:
    """Return how often the lesson ran, and with which knobs."""
    seeds = experiment.seeds
    text = f"{len(seeds)} seeds ({seeds[0]} to {seeds[-1]})"
    changes = [f"{name} = {value}" for name, value in experiment.knobs.items()]
    return f"{text} with {' and '.join(changes)}" if changes else text


def write_measured(path: Path, experiment: Experiment, spreads: Sequence[Spread]) -> None:
    """Add the numbers to a file such as measured.toml; entries of the same name are replaced."""
    entries = {}
    for spread in spreads:
        for statistic in STATISTICS:
            key = f"{spread.result}_{statistic}{suffix(experiment.knobs)}"
            value = float(f"{spread.statistic(statistic):.4g}")
            what = f"{statistic} of {spread.result} over {describe(experiment)}"
            entries[key] = (
                f"{{ value = {value}, what = {json.dumps(what)}, seeds = {len(spread.values)} }}"
            )
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    after = with_entries(before, experiment.lesson.stem, entries)
    tomllib.loads(after)  # never write what nobody can read
    write_whole(path, after)
    print(f"  {len(entries)} entries in {path}")


def suffix(knobs: Mapping[str, str]) -> str:
    """Return what tells entries with other knobs from those of the lesson as it is."""
    parts = [f"_{name}_{value}" for name, value in knobs.items()]
    return re.sub(r"[^a-z0-9_]+", "_", "".join(parts).lower()).rstrip("_")


def with_entries(text: str, section: str, entries: Mapping[str, str]) -> str:
    """Return TOML with entries of one line each in a section; all other lines stay as they are."""
    lines = text.splitlines()
    header = f"[{section}]"
    if header not in lines:
        lines += ["", header] if lines else [header]
    begin = lines.index(header) + 1
    end = begin
    while end < len(lines) and not lines[end].startswith("["):
        end += 1
    while end > begin and not lines[end - 1].strip():
        end -= 1  # entries go before the blank lines that end the section
    own = lines[begin:end]
    for key, value in entries.items():
        line = f"{key} = {value}"
        places = [i for i, old in enumerate(own) if old.partition("=")[0].strip() == key]
        if places:
            own[places[0]] = line
        else:
            own.append(line)
    lines[begin:end] = own
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
