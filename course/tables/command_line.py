"""classify_table.py: its options, and the order of the work."""

from __future__ import annotations  # so that `pd.DataFrame` is a name only

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course.files import output_dir
from course.streams import open_streams
from course.tables import (
    TableError,
    exit_on_bad_input,
    preprocess,
    read_table,
    split_target,
)
from course.text import ascii_only, listed, quoted

if TYPE_CHECKING:
    import pandas as pd

    from course.tables.judging import Verdict
    from course.tables.learning import Data, Trained

DESCRIPTION = "Train a network on a table of your own, test it and save it; predict new rows."
STOPPED = 130  # exit code after Ctrl-C


@dataclass(frozen=True)
class Outcome:
    """All that came out of a run."""

    data: Data
    trained: Trained
    verdict: Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; returns the exit code."""
    options = table_options(arguments)
    open_streams()
    if options.output_dir is not None:
        os.environ["OUTPUT_DIR"] = options.output_dir
    try:
        with exit_on_bad_input():
            run(options)
    except KeyboardInterrupt:
        print("Stopped by Ctrl-C.", file=sys.stderr)
        return STOPPED
    return 0


def table_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Raises:
        SystemExit: an option is wrong (exit code 2, after a line that says why), or asks for help.

    >>> table_options(["songs.csv", "--target", "genre", "--drop", "id", "title"]).drop
    ['id', 'title']
    """
    parser = argparse.ArgumentParser(
        prog="classify_table.py", description=DESCRIPTION, allow_abbrev=False
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="the table to learn from, a CSV file")
    add("--target", required=True, metavar="COLUMN", help="the column that holds the classes")
    add("--predict", metavar="NEW.csv", help="a table with the same columns, to predict")
    add(
        "--output-dir",
        metavar="DIR",
        help="where files go (default: outputs beside this file)",
    )
    add(
        "--drop",
        nargs="+",
        action="extend",
        default=[],
        metavar="COLUMN",
        help="columns to leave out, such as a number that only names the row",
    )
    add(
        "--seed",
        type=int,
        default=42,
        metavar="N",
        help="of the split, the first weights and the order of the rows (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> Outcome:
    """Read, prepare, train, test, and write only when all of that has worked.

    Raises:
        TableError: a table cannot be used.
        OSError: a file cannot be written.
    """
    table = read_table(options.file)
    features, y, class_names = split_target(table, options.target)
    features = drop_columns(features, options.drop, options.target)

    # Slow to import, so that a file that is not there is told at once.
    from course.tables import judging, learning, report

    data = learning.prepare(features, y, class_names, options.seed)
    X_new = None
    if options.predict is not None:
        X_new = preprocess(read_table(options.predict), data.preprocessing, strict=True)
    check_output_folder()
    report.print_table_read(table, options.drop, y, class_names)
    report.print_columns(data)
    report.print_sets(data)

    trained = learning.train_network(data, options.seed, report.print_epoch)
    report.print_trained(trained)
    verdict = judging.judge(data, trained)
    report.print_verdict(verdict)
    fig = report.draw(data, trained, verdict, options.target)

    print("\nWritten")
    if X_new is not None:
        probs = learning.probabilities(trained.model, X_new.to(data.train.X.device))
        report.write_predictions(report.predictions_table(probs, class_names))
    report.write_model(data, trained, options.target)
    report.write_results(trained, verdict)
    report.write_figure(fig)
    return Outcome(data, trained, verdict)


def check_output_folder() -> None:
    """Make the output folder, so that nobody waits for a training that cannot be saved.

    Raises:
        TableError: it cannot be made.
    """
    folder = output_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableError(
            f"Cannot write to the output folder {ascii_only(folder)} ({error.strerror}); "
            "choose another one with --output-dir."
        ) from error


def drop_columns(features: pd.DataFrame, names: Sequence[str], target: str) -> pd.DataFrame:
    """Leave columns out.

    Raises:
        TableError: one of them is not there, or no column is left.
    """
    for name in names:
        if name == target:
            raise TableError(
                f"--drop names the target {quoted(target)}; "
                "the target is never a feature, so leave it out there."
            )
        if name not in features:
            raise TableError(
                f"--drop names {quoted(name)}, but the table has no such column; "
                f"its columns are {listed(features.columns)}."
            )
    features = features.drop(columns=list(names))
    if features.shape[1] == 0:
        raise TableError("--drop leaves no column to learn from; drop fewer of them.")
    return features
