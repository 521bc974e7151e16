"""The machinery of the course; nobody has to open it in order to learn.

The ground, which knows nothing of lessons:
    files.py        one file written whole or not at all; the output folder; files that are watched
    text.py         texts that any terminal can print, on one line
    headers.py      what a lesson or an exercise says about itself in its docstring
    processes.py    a warm server that starts isolated Python processes
    streams.py      the standard streams, what a script prints, and the terminal it is shown on
Above it, one job each:
    runner/         run_all.py: lessons side by side, verdicts, receipts, the page about a run
    player/         records a training run, and shows it on one page
    checker/        the exercises: checks, solutions, hints, progress
    tables/         classify_table.py: from a table of one's own to a tested network

Arrows point downwards only: a file imports from the ground or from its own folder, and never a
lesson.
"""


class RefusedError(Exception):
    """Why a command does not start, as one sentence for the person who asked (exit code 2)."""
