"""The command line of the exercises: `python -m exercises --help`."""

import sys

from course.checker.command_line import main

if __name__ == "__main__":
    sys.exit(main())
