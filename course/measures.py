"""What lessons measure or print and do not teach: tables of results, counts, the best possible classifier."""

from collections.abc import Sequence


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], indent: int = 3) -> None:
    """Print rows below a header, in columns as wide as they need: texts to the left, numbers to the right.

    Args:
        header: the name of each column.
        rows: as many cells per row; a cell is printed as `str` makes it, so format numbers before.
        indent: blanks before each line.

    >>> print_table(["network", "accuracy"], [["linear", "50.0 %"], ["ReLU", "99.5 %"]], indent=0)
    network  accuracy
    linear     50.0 %
    ReLU       99.5 %
    """
    lines = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        for cell, width in zip(line[1:], widths[1:], strict=True):
            cells.append(cell.rjust(width))
        print((" " * indent + "  ".join(cells)).rstrip())
