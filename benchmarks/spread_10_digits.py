"""How much the models of lesson 10 owe to their seed: the lesson itself, run with ten seeds.

Run: python benchmarks/spread_10_digits.py
It takes about half a minute. Each seed draws another validation part, other first weights and another order of the
images. The 360 test images stay the same.
"""

import contextlib
import io
import json
import os
import runpy
import tempfile
from pathlib import Path
from statistics import mean

import matplotlib.pyplot as plt

LESSON = Path(__file__).resolve().parent.parent / "module_03" / "10_handwritten_digits.py"
SEEDS = range(42, 52)  # the first is the lesson's own
MODELS = ("linear", "mlp", "cnn")


def run_lesson(seed: int, folder: Path) -> dict[str, float]:
    """Run a copy of the lesson with this seed in an empty folder; return its results."""
    source = LESSON.read_text(encoding="utf-8")
    if source.count("\nSEED = 42 ") != 1:
        raise SystemExit(f"{LESSON.name} has no line 'SEED = 42', so its seed cannot be changed.")
    script = folder / LESSON.name
    script.write_text(source.replace("\nSEED = 42 ", f"\nSEED = {seed} "), encoding="utf-8")
    os.environ["OUTPUT_DIR"] = str(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(str(script), run_name="__main__")
    plt.close("all")
    return json.loads((folder / "results" / f"{LESSON.stem}.json").read_text(encoding="utf-8"))[
        "results"
    ]


def main() -> None:
    """Run the lesson once a seed; print each test accuracy, then the spread of each model."""
    runs = []
    print("Test accuracy in %")
    print("seed  " + "".join(f"{model:>9}" for model in MODELS))
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            results = run_lesson(seed, Path(folder))
        runs.append([results[f"test_acc_{model}"] for model in MODELS])
        print(f"{seed:4d}  " + "".join(f"{acc:9.2f}" for acc in runs[-1]), flush=True)
    for name, summary in (("low", min), ("mean", mean), ("high", max)):
        print(f"{name:<6}" + "".join(f"{summary(accs):9.2f}" for accs in zip(*runs, strict=True)))
    for one, other in ((1, 0), (2, 1)):
        better = sum(accs[one] > accs[other] for accs in runs)
        print(f"{MODELS[one]} is better than {MODELS[other]} with {better} of {len(runs)} seeds")


if __name__ == "__main__":
    main()
