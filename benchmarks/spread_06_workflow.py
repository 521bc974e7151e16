"""How much lesson 06 owes to its seed: the lesson itself, run with other seeds on the breast cancer table.

Run: python benchmarks/spread_06_workflow.py
It takes about a minute. A seed decides the split, the first weights and the order of the rows. Beside what the lesson
prints, it fits logistic regression without the penalty on large weights that scikit-learn sets by default.
"""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

LESSON = (
    Path(__file__).resolve().parent.parent / "module_03" / "06_complete_classification_workflow.py"
)
SEEDS = range(30)


def run_lesson(seed: int) -> dict:
    """Run the lesson with another seed and return all its variables."""
    source = LESSON.read_text(encoding="utf-8")
    if source.count("\nSEED = 42 ") != 1:
        raise RuntimeError(f"{LESSON.name} does not set SEED = 42 on a line of its own.")
    variables = {"__name__": "lesson"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(
            compile(source.replace("\nSEED = 42 ", f"\nSEED = {seed} "), str(LESSON), "exec"),
            variables,
        )
    plt.close("all")
    return variables


def main() -> None:
    """Run the lesson once a seed and print the spread of its test accuracies."""
    sys.argv = [str(LESSON)]
    os.environ["MPLBACKEND"] = "Agg"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OUTPUT_DIR"] = folder
        for seed in SEEDS:
            lesson = run_lesson(seed)
            train, test, y = lesson["train"], lesson["test"], lesson["y"]
            plain = LogisticRegression(C=np.inf, max_iter=10_000).fit(
                lesson["X_train"].cpu(), y[train]
            )
            rows.append(
                [
                    *lesson["accs"][:2],
                    100 * plain.score(lesson["X_test"].cpu(), y[test]),
                    lesson["best_epoch"],
                ]
            )
            print(
                f"seed {seed:2d}: network {rows[-1][0]:6.2f}%, logistic regression {rows[-1][1]:6.2f}%",
                flush=True,
            )
    rows = np.array(rows)
    print(f"\nTest accuracy in % over {len(SEEDS)} seeds, {len(test)} test rows each")
    print(f"{'model':<36}{'mean':>8}{'sd':>8}{'lowest':>8}{'median':>8}{'highest':>8}")
    names = ["network", "logistic regression", "logistic regression, no penalty"]
    for name, accs in zip(names, rows.T, strict=False):
        print(f"{name:<36}{accs.mean():8.2f}{accs.std(ddof=1):8.2f}{accs.min():8.1f}", end="")
        print(f"{np.median(accs):8.1f}{accs.max():8.1f}")
    gain = rows[:, 0] - rows[:, 1]
    error = gain.std(ddof=1) / len(gain) ** 0.5
    print(f"Network minus logistic regression: mean {gain.mean():.2f}, standard error {error:.2f};")
    print(
        f"better with {(gain > 0).sum()} seeds, worse with {(gain < 0).sum()}, equal with {(gain == 0).sum()}."
    )
    print(
        f"Epoch kept: {rows[:, 3].min():.0f} to {rows[:, 3].max():.0f}, median {np.median(rows[:, 3]):.0f}"
    )


if __name__ == "__main__":
    main()
