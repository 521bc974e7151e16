"""Imported by an exercise that is run as a script: checks that file, and ends the script."""

import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
sys.path[0] = str(COURSE)  # the course beside this folder, whichever is installed

from course.checker.command_line import main  # found only now

script = Path(sys.modules["__main__"].__file__).resolve()
sys.exit(main(["check", script.stem, *sys.argv[1:]], script.parent))
