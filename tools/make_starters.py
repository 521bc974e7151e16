"""Write exercises/NN_topic.py, the files that learners edit, from course/checker/solutions/.

    python tools/make_starters.py

Run it after you have changed a task or a solution. It replaces what lies in exercises/: your own
answers too.
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from course.checker.starters import starter_text  # noqa: E402  the course beside this folder


def main() -> None:
    """Write each starter that differs, and say which."""
    for source in sorted((PROJECT / "course" / "checker" / "solutions").glob("[0-9][0-9]_*.py")):
        starter = PROJECT / "exercises" / source.name
        text = starter_text(source.read_text(encoding="utf-8"))
        if starter.exists() and starter.read_text(encoding="utf-8") == text:
            continue
        starter.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {starter.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
