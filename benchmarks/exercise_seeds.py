"""The reference solutions of exercises 06 and 09 over 40 seeds: by how much they pass.

    python benchmarks/exercise_seeds.py [SEEDS]

Each seed draws new points, a new network and 3000 fresh points, and trains twice: plain, and with
the labels renamed. No restart is used, although the checker allows three.
"""

import contextlib
import importlib
import io
import runpy
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course.checker.catalog import SOLUTIONS  # noqa: E402  found only now
from course.checker.scoring import labels_of, percent  # noqa: E402

torch.set_num_threads(1)
seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40

for name, classes in (("06_moons", 2), ("09_spirals", 3)):
    check = importlib.import_module(f"course.checker.checks.{name}")
    train = runpy.run_path(str(SOLUTIONS / f"{name}.py"))["train"]
    scores, started = [], time.process_time()
    for seed in range(seeds):
        for shift in (0, 1):
            X, y = check.make(1000, seed)
            torch.manual_seed(seed)
            with contextlib.redirect_stdout(io.StringIO()):
                model = train(X, (y + shift) % classes)
            fresh_X, fresh_y = check.make(3000, seed + 500)
            with torch.inference_mode():
                out = model(fresh_X)
            out = out.squeeze(1) if out.shape[1] == 1 else out
            scores.append(percent(labels_of(out), (fresh_y + shift) % classes))
    seconds = (time.process_time() - started) / len(scores)
    passed = sum(score >= check.ACCEPT for score in scores)
    median = sorted(scores)[len(scores) // 2]
    print(
        f"{name}: {passed} of {len(scores)} trainings reach {check.ACCEPT} %; "
        f"lowest {min(scores):.2f} %, median {median:.2f} %, {seconds:.2f} s each"
    )
