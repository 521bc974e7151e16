"""Reading and preparing a large table: seconds and peak memory with 200,000 rows, 20 columns.

    python benchmarks/large_table.py [--rows 200000]

It writes CSV files into a temporary folder and lets the course's table functions turn each into
tensors, in a process of its own: read, split off the target, split the rows, fit the preprocessing
on the training set, apply it to all three sets. In the first table 12 columns hold numbers and 7
hold text with 8 different values each; in the second all 19 hold text with 50 different values
each, the most that become features. One cell in fifty is empty. Linux and macOS only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
SEED = 0  # of the table
EMPTY = 0.02  # share of the cells
PREPARE = """
import json, resource, sys, time
from course.tables import fit_preprocessing, preprocess, read_table, split_rows, split_target

start = time.perf_counter()
start_cpu = time.process_time()
features, y, names = split_target(read_table(sys.argv[1]), "target")
train, val, test = split_rows(y, share=0.2, seed=42)
known = fit_preprocessing(features.iloc[train])
parts = [preprocess(features.iloc[rows], known) for rows in (train, val, test)]
seconds = time.perf_counter() - start
cpu_seconds = time.process_time() - start_cpu
unit = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps([seconds, cpu_seconds, memory, parts[0].shape[1]]))
"""


@dataclass(frozen=True)
class Shape:
    """The columns of a table, without its target."""

    numbers: int
    texts: int
    values: int  # that a text column holds


TABLES = {
    "12 numbers, 7 texts of 8 values": Shape(numbers=12, texts=7, values=8),
    "19 texts of 50 values": Shape(numbers=0, texts=19, values=50),
}


def main(arguments: list[str] | None = None) -> None:
    """Time both tables and print what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.rows < 100:
        parser.error("--rows must be 100 or more")
    print(f"{'table':<33}{'CSV':>8}{'seconds':>9}{'of CPU':>8}{'peak memory':>13}{'features':>10}")
    for name, shape in TABLES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            make_table(options.rows, shape).to_csv(path, index=False)
            megabytes = path.stat().st_size / 1e6
            seconds, cpu_seconds, memory, features = prepare(path)
        print(f"{name:<33}{megabytes:>5.0f} MB{seconds:>9.1f}{cpu_seconds:>8.1f}", end="")
        print(f"{memory / 1e9:>10.2f} GB{features:>10}", flush=True)


def make_table(rows: int, shape: Shape) -> pd.DataFrame:
    """Return features and a target of three classes that depends on all of them, with noise."""
    rng = np.random.default_rng(SEED)
    X = rng.normal(size=(rows, shape.numbers))
    codes = rng.integers(shape.values, size=(rows, shape.texts))
    effects = rng.normal(size=(shape.texts, shape.values))
    effect_of_numbers = np.sin(2 * X).sum(axis=1)
    effect_of_texts = effects[np.arange(shape.texts), codes].sum(axis=1)
    score = effect_of_numbers + effect_of_texts + rng.normal(size=rows)
    table = pd.DataFrame()
    for i in range(shape.numbers):
        table[f"number {i}"] = X[:, i].round(4)
    for i in range(shape.texts):
        table[f"text {i}"] = pd.Series(codes[:, i]).map("value {}".format)
    table = table.mask(rng.random(table.shape) < EMPTY)
    thresholds = np.quantile(score, [0.3, 0.8])
    names = np.array(["low", "middle", "high"])
    return table.assign(target=names[np.digitize(score, thresholds)])


def prepare(path: Path) -> list[float]:
    """Return seconds, seconds of CPU, bytes and the number of features of one table."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PREPARE, str(path)]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        sys.exit(f"The table could not be prepared:\n{process.stderr[-2000:]}")
    return json.loads(process.stdout)


if __name__ == "__main__":
    main()
