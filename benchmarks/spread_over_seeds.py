"""How much the results of a lesson owe to its seed: every result over several values of the lesson's SEED.

Run: python benchmarks/spread_over_seeds.py 05 11 --seeds 20
A lesson takes about a second and a half a seed. Data, split and weights change together, as far as the lesson draws
them from SEED. The lesson's own file runs, with nothing changed but that number; its figures go to a temporary folder.
"""

import argparse
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("agg")  # no window, whatever the machine has
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the helper, also where the project is not installed


def results_with_seed(path: Path, seed: int) -> dict[str, float]:
    """Run a lesson with another SEED and return its results by name.

    Raises:
        ValueError: the lesson has no line that begins with `SEED = `, or more than one.
    """
    source, found = re.subn(
        r"^SEED = \d+", f"SEED = {seed}", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    if found != 1:
        raise ValueError(f"{path.name} has {found} lines that begin with 'SEED = '; expected one.")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.environ["OUTPUT_DIR"] = folder
        exec(compile(source, path, "exec"), {"__name__": "__main__"})
        document = (Path(folder) / "results" / f"{path.stem}.json").read_text(encoding="utf-8")
    plt.close("all")
    return json.loads(document)["results"]


def main() -> None:
    """Print lowest, median and highest value of each result of the lessons asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "lessons", nargs="+", metavar="LESSON", help="number of a lesson, such as 05"
    )
    parser.add_argument(
        "--seeds", type=int, default=20, help="how many seeds, from 0 up (default: 20)"
    )
    arguments = parser.parse_args()
    warnings.simplefilter(
        "ignore"
    )  # an unlucky seed may leave a class without predictions; its row shows it
    for lesson in arguments.lessons:
        paths = sorted((ROOT / "module_03").glob(f"{lesson.zfill(2)}_*.py"))
        if len(paths) != 1 or arguments.seeds < 1:
            parser.error(
                f"lesson {lesson} with {arguments.seeds} seeds; expected a lesson's number and at least 1 seed"
            )
        try:
            runs = [results_with_seed(paths[0], seed) for seed in range(arguments.seeds)]
        except ValueError as error:
            parser.error(str(error))
        width = max(map(len, runs[0]))
        print(f"{paths[0].stem}: {len(runs)} seeds")
        print(f"  {'result':<{width}}{'lowest':>12}{'median':>12}{'highest':>12}")
        for name in runs[0]:
            values = [run[name] for run in runs]
            print(
                f"  {name:<{width}}{min(values):>12.5g}{median(values):>12.5g}{max(values):>12.5g}"
            )


if __name__ == "__main__":
    main()
