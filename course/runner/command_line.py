"""The options of run_all.py."""

import argparse
import math
import os
from pathlib import Path
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the whole usage."""

    def error(self, message: str) -> NoReturn:
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


def parse(arguments: list[str] | None, root: Path, description: str | None) -> argparse.Namespace:
    """Read the command line; `root` is the course's folder."""
    parser = Parser(
        prog="run_all.py",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "lessons",
        nargs="*",
        metavar="LESSON",
        help="3, 03, or the name of its file; none means all",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--list",
        action="store_true",
        help="say what lessons there are, and stop",
    )
    mode.add_argument(
        "--check",
        action="store_true",
        help="compare every result with expected_results.toml",
    )
    mode.add_argument(
        "--watch",
        action="store_true",
        help="run one lesson again each time it is saved",
    )
    parser.add_argument(
        "--jobs",
        type=jobs,
        default=cores(),
        metavar="N",
        help="lessons at a time (default: the cores, %(default)s)",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default=os.environ.get("COURSE_DEVICE") or "auto",
        help="where models and data go (default: %(default)s)",
    )
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=os.environ.get("OUTPUT_DIR") or root / "outputs",
        metavar="DIR",
        help="where figures, results and logs go (default: outputs beside this file)",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=300.0,
        metavar="S",
        help="most seconds for a lesson (default: %(default)g)",
    )
    return parser.parse_args(arguments)
