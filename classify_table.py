"""The whole workflow on a table of your own: train a network, test it, save it, predict new rows.

    python classify_table.py FILE.csv --target COLUMN
    python classify_table.py FILE.csv --target COLUMN --drop ID NAME
    python classify_table.py FILE.csv --target COLUMN --predict NEW.csv

It does what lesson 06 does, and says what it did to each column. In `outputs/` it writes model.pt,
classify_table.png, results/classify_table.json and, with --predict, predictions.csv.

Exit code: 0 it worked, 2 the command or a table cannot be used, 130 stopped by Ctrl-C.
"""

import sys

from course.tables.command_line import main

if __name__ == "__main__":
    sys.exit(main())
