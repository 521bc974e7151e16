"""Lesson 06 on a large table: seconds and peak memory with 200,000 rows and 20 columns.

Run: python benchmarks/large_table.py
It writes CSV files into a temporary folder, lets the lesson learn from each in a process of its own, and removes them.
In the first table 12 columns hold numbers and 7 hold text with 8 different values each; in the second all 19 hold text
with 50 different values each, the most that the lesson makes features of. One cell in fifty is empty.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

ROOT = Path(__file__).resolve().parent.parent
LESSON = ROOT / "module_03" / "06_complete_classification_workflow.py"
ROWS = 200_000
LOOK_EVERY = 0.02  # seconds between two looks at the memory of the lesson


def make_table(numbers: int, texts: int, values: int) -> pd.DataFrame:
    """Return ROWS rows of features and a target with three classes that depends on all of them, with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, numbers))
    codes = rng.integers(values, size=(ROWS, texts))
    effects = rng.normal(size=(texts, values))
    score = (
        np.sin(2 * X).sum(axis=1)
        + effects[np.arange(texts), codes].sum(axis=1)
        + rng.normal(size=ROWS)
    )
    columns = {f"number {i}": X[:, i].round(4) for i in range(numbers)}
    columns |= {f"text {i}": pd.Series(codes[:, i]).map("value {}".format) for i in range(texts)}
    table = pd.DataFrame(columns).mask(rng.random((ROWS, numbers + texts)) < 0.02)
    return table.assign(
        target=np.array(["low", "middle", "high"])[
            np.digitize(score, np.quantile(score, [0.3, 0.8]))
        ]
    )


def watch(process: psutil.Process, seen: dict[str, float]) -> None:
    """Keep the largest resident memory (bytes) and the processor time (seconds) of a process until it ends."""
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        while True:
            times = process.cpu_times()
            seen["cpu"] = max(seen["cpu"], times.user + times.system)
            seen["memory"] = max(seen["memory"], process.memory_info().rss)
            time.sleep(LOOK_EVERY)


def main() -> None:
    """Time the lesson on both tables and print a table."""
    print(
        f"{'table':<34}{'CSV':>8}{'seconds':>9}{'of CPU':>8}{'peak memory':>13}  network, logistic regression"
    )
    for title, shape in {
        "12 numbers, 7 texts of 8": (12, 7, 8),
        "19 texts of 50": (0, 19, 50),
    }.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            make_table(*shape).to_csv(path, index=False)
            size = path.stat().st_size / 1e6
            command = [sys.executable, str(LESSON), "--csv", str(path), "--target", "target"]
            environment = {
                **os.environ,
                "OUTPUT_DIR": folder,
                "PYTHONPATH": str(ROOT),
                "MPLBACKEND": "Agg",
            }
            start, seen = time.perf_counter(), {"cpu": 0, "memory": 0}
            lesson = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
            threading.Thread(
                target=watch, args=(psutil.Process(lesson.pid), seen), daemon=True
            ).start()
            log, _ = lesson.communicate()
            seconds = time.perf_counter() - start
        if lesson.returncode:
            sys.exit(f"The lesson failed with exit code {lesson.returncode}.")
        lines = [line.split() for line in log.splitlines()]
        accs = ", ".join(
            f"{line[1]}%"
            for line in lines
            if line and line[0] in ("network_test_acc", "logistic_test_acc")
        )
        print(
            f"{title:<34}{size:>5.0f} MB{seconds:>9.1f}{seen['cpu']:>8.1f}{seen['memory'] / 1e9:>10.2f} GB  {accs}"
        )


if __name__ == "__main__":
    main()
