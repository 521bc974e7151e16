"""Prints the lower bounds of pyproject.toml as pins, so that pip can install exactly them.

python tools/lower_bounds.py > lowest.txt
python -m pip install --constraint lowest.txt -e ".[test]"
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENT = re.compile(r"([A-Za-z][\w.-]*)>=(\d[\w.]*)")


def lower_bounds(pyproject: Path) -> dict[str, str]:
    """Return the oldest release of each package that a project and its tests may run with.

    Raises:
        ValueError: a requirement has another form than `name>=1.2`.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"]]
    for extra in project.get("optional-dependencies", {}).values():
        requirements += extra
    bounds = {}
    for requirement in requirements:
        match = REQUIREMENT.fullmatch(requirement)
        if match is None:
            raise ValueError(
                f"the requirement is {requirement!r}; expected a form such as numpy>=2.0."
            )
        bounds[match[1]] = match[2]
    return bounds


if __name__ == "__main__":
    for name, version in lower_bounds(ROOT / "pyproject.toml").items():
        print(f"{name}=={version}")
