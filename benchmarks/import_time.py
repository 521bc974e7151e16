"""How long does a learner wait before a lesson begins?

    python benchmarks/import_time.py [--against DIR] [--rounds 5]

It prints seconds of processor time, each in a fresh process:

    the helper      `import helper_functions`, beside the three imports that every lesson needs
    a lesson        01 and 02 from the first line to the last
    run_all.py      what its warm server imports before the first lesson

With `--against DIR`, where DIR holds another version of the project (`git worktree add DIR v1.0`
makes one), lessons and run_all.py are measured there too, in turn with this version, so that both
meet the same machine. The ratio is the median over the rounds of the ratio within each round.
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

ROOT = Path(__file__).resolve().parents[1]
NEEDED = "import torch; import matplotlib.pyplot; from sklearn.datasets import make_circles"
LESSONS = ("01_*.py", "02_*.py")
# Where the versions keep what the warm server imports.
PRELOADS = ("course/runner/preload.py", "runner/preload.py")


@dataclass(frozen=True)
class Command:
    """Arguments of Python, and the project in which they are run."""

    arguments: Sequence[str]
    project: Path = ROOT

    def seconds(self) -> float:
        """Run it and return the processor time of the process and its children.

        Raises:
            RuntimeError: it failed; the message is what it printed.
        """
        before = children_seconds()
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                **os.environ,
                "PYTHONPATH": str(self.project),
                "OUTPUT_DIR": folder,
                "MPLBACKEND": "Agg",
                "OMP_NUM_THREADS": "1",
            }
            process = subprocess.run(
                [sys.executable, *self.arguments],
                cwd=self.project,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        if process.returncode != 0:
            raise RuntimeError(f"{self.arguments} failed: {process.stderr}")
        return children_seconds() - before


def children_seconds() -> float:
    """Return the processor time of all processes that ended so far."""
    times = os.times()
    return times.children_user + times.children_system


def find(project: Path, patterns: Sequence[str]) -> Path:
    """Return the first file of the project that fits one of the patterns."""
    for pattern in patterns:
        for path in sorted(project.glob(pattern)):
            return path
    raise SystemExit(f"There is no {' or '.join(patterns)} in {project}.")


def compare(name: str, before: Command, after: Command, rounds: int) -> None:
    """Run both commands in turn, and print a row of the table."""
    befores = []
    afters = []
    ratios = []
    for _ in range(rounds):
        befores.append(before.seconds())
        afters.append(after.seconds())
        ratios.append(afters[-1] / befores[-1])
    print(
        f"{name:44} {median(befores):8.2f} {median(afters):8.2f} {median(ratios):8.2f}", flush=True
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, metavar="DIR", help="another version's folder")
    parser.add_argument(
        "--rounds", type=int, default=5, help="the median of so many (default: %(default)s)"
    )
    options = parser.parse_args(arguments)

    print(f"{'seconds of processor time':44} {'before':>8} {'now':>8} {'ratio':>8}")
    needed = Command(["-c", NEEDED])
    helper = Command(["-c", f"{NEEDED}; import helper_functions"])
    needed.seconds()  # the first process after a change compiles the files
    helper.seconds()
    compare("needed imports -> and the helper", needed, helper, options.rounds)
    if options.against is None:
        return
    other = options.against.resolve()
    for lesson in LESSONS:
        before = find(other, [f"module_03/{lesson}"])
        after = find(ROOT, [f"module_03/{lesson}"])
        compare(
            f"{after.name}",
            Command([str(before)], other),
            Command([str(after)]),
            options.rounds,
        )
    before = find(other, PRELOADS)
    after = find(ROOT, PRELOADS)
    compare(
        "run_all.py: start-up",
        Command([str(before)], other),
        Command([str(after)]),
        options.rounds,
    )


if __name__ == "__main__":
    main()
