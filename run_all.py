"""Runs the lessons: all of them or the ones you name, side by side, and says whether each did what it promises.

    python run_all.py                 every lesson, every figure
    python run_all.py 3 5             lessons 03 and 05
    python run_all.py --check         and hold each result against module_03/expected_results.toml
    python run_all.py --watch 3       run lesson 03 again each time you save it

Exit code: 0 all passed, 1 a lesson or a receipt failed, 2 wrong usage, 130 stopped by Ctrl-C.
"""

import argparse
import math
import os
import signal
import sys
from pathlib import Path

from course.runner import session

ROOT = Path(__file__).resolve().parent


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the whole usage."""

    def error(self, message):
        """Exit with code 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def jobs(text: str) -> int:
    """A whole number of at least 1."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def seconds(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parse(arguments: list[str] | None, root: Path) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(
        prog="run_all.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "lessons",
        nargs="*",
        metavar="LESSON",
        help="3, 03, or the name of its file; none means all",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--list", action="store_true", help="say what lessons there are, and stop")
    mode.add_argument(
        "--check", action="store_true", help="compare every result with expected_results.toml"
    )
    mode.add_argument(
        "--watch", action="store_true", help="run one lesson again each time it is saved"
    )
    add(
        "--jobs",
        type=jobs,
        default=cores(),
        metavar="N",
        help="lessons at a time (default: the cores, %(default)s)",
    )
    add(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default=os.environ.get("COURSE_DEVICE") or "auto",
        help="where models and data go (default: %(default)s)",
    )
    add(
        "--output-dir",
        type=Path,
        default=os.environ.get("OUTPUT_DIR") or root / "outputs",
        metavar="DIR",
        help="where figures, results and logs go (default: outputs beside this file)",
    )
    add(
        "--timeout",
        type=seconds,
        default=300.0,
        metavar="S",
        help="most seconds for a lesson (default: %(default)g)",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None, root: Path = ROOT, make_pool=None) -> int:
    """Run the course in `root`; `make_pool(path=, env=)` makes the pool of processes. Returns the exit code."""
    return session.run(parse(arguments, root), root, make_pool)


if __name__ == "__main__":
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run is over: nothing is left to interrupt
    sys.exit(code)
