"""Receipts: what a run gave, beside what it should have given, and the table of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HEAD = ("receipt", "expected", "got", "verdict", "source")  # of the table


class ReceiptVerdict(StrEnum):
    """How a result compares with its receipt."""

    MET = "met"
    DEVIATES = "DEVIATES"
    MISSING = "MISSING"  # there is a receipt, and no result
    EXTRA = "NO RECEIPT"  # there is a result, and no receipt


@dataclass(frozen=True)
class RowCount:
    """How many rows of a published history were met, of how many."""

    met: int = 0
    all: int = 0


@dataclass(frozen=True)
class Receipt:
    """One expectation and what the run gave.

    `lesson` is the number of its lesson; empty if that is gone. `deviations` are sentences.
    """

    lesson: str
    name: str
    expected: str
    got: str
    verdict: ReceiptVerdict
    source: str = ""
    rows: RowCount = RowCount()
    deviations: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`03 v1_test_acc`."""
        return f"{self.lesson} {self.name}".strip()

    @property
    def met(self) -> bool:
        """Whether the run gave what was expected."""
        return self.verdict is ReceiptVerdict.MET


def table(receipts: Sequence[Receipt]) -> str:
    """A line per receipt, deviating values below it, the sources, and how many were met."""
    sources = list(dict.fromkeys(receipt.source for receipt in receipts if receipt.source))
    rows = []
    for receipt in receipts:
        mark = f"[{sources.index(receipt.source) + 1}]" if receipt.source else ""
        rows.append((receipt.label, receipt.expected, receipt.got, receipt.verdict, mark))
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    lines = [_aligned(HEAD, widths)]
    for receipt, row in zip(receipts, rows, strict=True):
        lines.append(_aligned(row, widths))
        lines += [f"    {deviation}" for deviation in receipt.deviations]
    lines += [f"[{number}] {source}" for number, source in enumerate(sources, start=1)]
    met = sum(receipt.met for receipt in receipts)
    published = count_rows(receipts)
    more = f"; {published.met} of {published.all} published rows" if published.all else ""
    lines.append(f"Receipts: {met} of {len(receipts)} met{more}.")
    return "\n".join(lines)


def count_rows(receipts: Iterable[Receipt]) -> RowCount:
    """The published rows of several receipts together."""
    counts = [receipt.rows for receipt in receipts]
    return RowCount(sum(count.met for count in counts), sum(count.all for count in counts))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
