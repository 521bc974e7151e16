"""Receipts: what a run gave, beside what it should have given, and the table of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


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
    lines = [("receipt", "expected", "got", "verdict", "source")]
    for receipt in receipts:
        source = f"[{sources.index(receipt.source) + 1}]" if receipt.source else ""
        lines.append((receipt.label, receipt.expected, receipt.got, receipt.verdict, source))
        lines += [("    " + deviation, "", "", "", "") for deviation in receipt.deviations]
    widths = [
        max(len(line[column]) for line in lines if line[1] or not column) for column in range(5)
    ]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text += [f"[{number}] {source}" for number, source in enumerate(sources, start=1)]
    met = sum(receipt.met for receipt in receipts)
    rows = count_rows(receipts)
    published = f"; {rows.met} of {rows.all} published rows" if rows.all else ""
    return "\n".join([*text, f"Receipts: {met} of {len(receipts)} met{published}."])


def count_rows(receipts: Iterable[Receipt]) -> RowCount:
    """The published rows of several receipts together."""
    counts = [receipt.rows for receipt in receipts]
    return RowCount(sum(count.met for count in counts), sum(count.all for count in counts))
