"""Runs the lessons side by side, and says whether each did what it promises.

    python run_all.py                 every lesson, every figure
    python run_all.py 3 5             lessons 03 and 05
    python run_all.py --check         and hold each result against its receipt
    python run_all.py --watch 3       run lesson 03 again each time you save it

Exit code: 0 all passed, 1 a lesson or a receipt failed, 2 wrong usage, 130 stopped by Ctrl-C.
"""

import signal
import sys
from pathlib import Path

from course.runner import command_line, session

ROOT = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None, root: Path = ROOT, make_pool=None) -> int:
    """Run the course in `root`; `make_pool(path=, env=)` makes the processes."""
    return session.run(command_line.parse(arguments, root, __doc__), root, make_pool)


if __name__ == "__main__":
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run is over: nothing is left to interrupt
    sys.exit(code)
