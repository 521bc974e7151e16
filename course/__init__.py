"""The machinery of the course; nobody has to open it in order to learn.

The ground, which knows nothing of lessons:
    files.py        one file written whole or not at all; the output folder; files that are watched
    text.py         texts that any terminal can print, on one line
    headers.py      what a lesson or an exercise says about itself in its docstring
    processes.py    a warm server that starts isolated Python processes
    streams.py      the standard streams, what a script prints, and the terminal it is shown on
Behind the helper, which re-exports what lessons need:
    quick_start.py  the start of every lesson, without what no lesson needs
    checks.py       arguments: what came, what was expected, how to fix it
    predicting.py   asks a network without changing it
    drawing.py      what all figures share: colours, shading, legends, PNGs
    figures/        what lessons draw and do not teach, one named function per figure
    measures.py     what lessons measure or print and do not teach
    images.py       digits, MNIST, Fashion-MNIST
    spirals.py, patients.py    two data sets of our own
Above it, one job each:
    runner/         run_all.py: lessons side by side, verdicts, receipts, the page about a run
    player/         records a training run, and shows it on one page
    checker/        the exercises: checks, solutions, hints, progress
    tables/         classify_table.py: from a table of one's own to a tested network

Arrows point downwards only: a file imports from those above it in this list, or from its own
folder, and never a lesson.
"""


class RefusedError(Exception):
    """Why a command does not start, as one sentence for the person who asked (exit code 2)."""
