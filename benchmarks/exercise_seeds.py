"""How far above the accepted score do the solutions of exercises 06 and 09 stay, over many seeds?

    python benchmarks/exercise_seeds.py [--seeds 40]

Each seed draws new points, a new network and 3000 fresh points, and trains twice: plain, and with
the labels renamed. No restart is used, although the checker allows three.
"""

import argparse
import contextlib
import importlib
import io
import runpy
import sys
import time
from pathlib import Path
from statistics import median

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course.checker.scoring import labels_of, percent  # noqa: E402 - found only now

SOLUTIONS = ROOT / "course" / "checker" / "solutions"
EXERCISES = {"06_moons": 2, "09_spirals": 3}  # name -> classes
FRESH = 3000  # points that a network is judged on


def main(arguments: list[str] | None = None) -> None:
    """Train each solution on every seed, and print how it does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=40, help="how many (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be 1 or more")
    torch.set_num_threads(1)
    for name, classes in EXERCISES.items():
        check = importlib.import_module(f"course.checker.checks.{name}")
        train = runpy.run_path(str(SOLUTIONS / f"{name}.py"))["train"]
        start = time.process_time()
        scores = []
        for seed in range(options.seeds):
            for shift in (0, 1):
                scores.append(score_of(train, check, classes, seed, shift))
        seconds = (time.process_time() - start) / len(scores)
        passed = sum(score >= check.ACCEPT for score in scores)
        print(f"{name}: {passed} of {len(scores)} trainings reach {check.ACCEPT} %;", end=" ")
        print(f"lowest {min(scores):.2f} %, median {median(scores):.2f} %, {seconds:.2f} s each")


def score_of(train, check, classes: int, seed: int, shift: int) -> float:
    """Return the accuracy in percent of one training, its labels renamed by `shift`."""
    X, y = check.make(1000, seed)
    torch.manual_seed(seed)
    with contextlib.redirect_stdout(io.StringIO()):
        model = train(X, (y + shift) % classes)
    X_fresh, y_fresh = check.make(FRESH, seed + 500)
    with torch.inference_mode():
        logits = model(X_fresh)
    if logits.shape[1] == 1:
        logits = logits.squeeze(1)
    return percent(labels_of(logits), (y_fresh + shift) % classes)


if __name__ == "__main__":
    main()
