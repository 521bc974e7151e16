"""Tables of text and numbers, from the file to a network that is tested and saved.

    errors.py        TableError, and how it becomes one line and exit code 2
    reading.py       a CSV file as text
    splitting.py     labels, and the rows of training, validation and test set
    features.py      numbers scaled, text one-hot, by what the training set knows
    learning.py      a network trained in batches, with early stopping
    judging.py       the test, beside simpler models
    report.py        what is printed, drawn and written
    command_line.py  classify_table.py: its options, and the order of the work

The first four hold what lessons import through the helper. The others import the helper
themselves, so they are imported by the command only.
"""

from course.tables.errors import TableError, exit_on_bad_input
from course.tables.features import fit_preprocessing, preprocess
from course.tables.reading import read_table
from course.tables.splitting import split_rows, split_target

__all__ = [
    "TableError",
    "exit_on_bad_input",
    "fit_preprocessing",
    "preprocess",
    "read_table",
    "split_rows",
    "split_target",
]
