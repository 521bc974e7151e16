"""Receipts: each result of a run held against what expected_results.toml says it must be."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course import RefusedError
from course.runner.lessons import Lesson
from course.runner.verdict import Outcome, is_number, short

SLACK = 1e-9  # for the rounding of a difference of two decimals, far below the last published digit
MET, DEVIATES, MISSING, EXTRA = "met", "DEVIATES", "MISSING", "NO RECEIPT"


@dataclass
class Receipt:
    """One expectation and what the run gave. Of a published history, `rows` counts the rows met and all of them."""

    name: str
    expected: str
    got: str
    verdict: str
    source: str = ""
    rows: tuple[int, int] = (0, 0)
    deviations: list[str] = field(default_factory=list)


def load(path: Path) -> dict:
    """Read expected_results.toml.

    Raises:
        RefusedError: it cannot be read, or an entry lacks the form that the receipts need.
    """
    try:
        expected = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"Cannot read the receipts in {path}: {error}.") from error
    for lesson, groups in expected.items():
        for group, entries in _items(groups):
            for name, entry in _items(entries):
                if not {"results": _is_result, "histories": _is_history}.get(
                    group, lambda _: False
                )(entry):
                    raise RefusedError(
                        f"{path.name}: [{lesson}.{group}.{name}] has not the form of a receipt."
                    )
    return expected


def compare(
    expected: Mapping, outcomes: Iterable[Outcome], every: Iterable[Lesson] | None = None
) -> list[Receipt]:
    """The receipts of the lessons that ran; given `every` lesson there is, also of lessons that are gone."""
    receipts = []
    for outcome in outcomes:
        wanted = expected.get(outcome.lesson.name, {})
        results, histories = wanted.get("results", {}), wanted.get("histories", {})
        prefix = f"{outcome.lesson.number:02} "
        receipts += [
            _result(prefix + name, entry, outcome.results.get(name))
            for name, entry in results.items()
        ]
        receipts += [
            _history(prefix + name, entry, outcome.histories.get(name))
            for name, entry in histories.items()
        ]
        extra = [name for name in outcome.results if name not in results]
        receipts += [
            Receipt(prefix + name, "-", f"{outcome.results[name]}", EXTRA) for name in extra
        ]
    if every is not None:
        gone = set(expected) - {lesson.name for lesson in every}
        receipts += [Receipt(name, "a lesson", "-", MISSING) for name in sorted(gone)]
    return receipts


def table(receipts: Sequence[Receipt]) -> str:
    """A line a receipt, deviating values below it, the sources, and how many were met."""
    sources = list(dict.fromkeys(receipt.source for receipt in receipts if receipt.source))
    lines = [("receipt", "expected", "got", "verdict", "source")]
    for receipt in receipts:
        source = f"[{sources.index(receipt.source) + 1}]" if receipt.source else ""
        lines.append((receipt.name, receipt.expected, receipt.got, receipt.verdict, source))
        lines += [("    " + deviation, "", "", "", "") for deviation in receipt.deviations]
    widths = [
        max(len(line[column]) for line in lines if line[1] or not column) for column in range(5)
    ]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text += [f"[{number}] {source}" for number, source in enumerate(sources, start=1)]
    met = sum(receipt.verdict == MET for receipt in receipts)
    rows_met, rows = (sum(receipt.rows[i] for receipt in receipts) for i in (0, 1))
    published = f"; {rows_met} of {rows} published rows" if rows else ""
    return "\n".join([*text, f"Receipts: {met} of {len(receipts)} met{published}."])


def _result(name: str, entry: Mapping, got) -> Receipt:
    if "value" in entry:
        tolerance = entry.get("tolerance", 0)
        low, high = entry["value"] - tolerance, entry["value"] + tolerance
        expected = f"{entry['value']}" + (f" +- {tolerance:g}" if tolerance else "")
    else:
        low, high = entry.get("min", -float("inf")), entry.get("max", float("inf"))
        expected = " and ".join(
            f"{sign} {entry[key]}" for sign, key in ((">=", "min"), ("<=", "max")) if key in entry
        )
    if got is None:
        return Receipt(name, expected, "-", MISSING, entry.get("source", ""))
    met = is_number(got) and low - SLACK <= got <= high + SLACK
    shown = f"{got:.10g}" if is_number(got) else short(got)
    return Receipt(name, expected, shown, MET if met else DEVIATES, entry.get("source", ""))


def _history(name: str, entry: Mapping, got: Mapping | None) -> Receipt:
    deviations, rows_met = [], 0
    for epoch, *published in entry["rows"]:
        wrong = []
        for column, value in zip(entry["columns"][1:], published, strict=True):
            try:
                reached = got[column][epoch]
            except (LookupError, TypeError):
                reached = "nothing"
            else:
                if is_number(reached):
                    reached = round(reached, entry["decimals"][column])
                    if abs(reached - value) <= entry["tolerance"] + SLACK:
                        continue
                else:
                    reached = short(reached)
            wrong.append(f"epoch {epoch}, {column}: expected {value}, got {reached}")
        rows_met += not wrong
        deviations += wrong
    rows = len(entry["rows"])
    receipt = Receipt(
        name, f"{rows} rows", f"{rows_met} of {rows} rows", MET, entry.get("source", "")
    )
    receipt.rows = (rows_met, rows)
    if got is None:
        receipt.verdict, receipt.got = MISSING, "-"
    elif deviations:
        receipt.verdict, receipt.deviations = DEVIATES, deviations
    return receipt


def _is_result(entry) -> bool:
    numbers = {key: value for key, value in _items(entry) if key != "source"}
    forms = ({"value"}, {"value", "tolerance"}, {"min"}, {"max"}, {"min", "max"})
    return (
        set(numbers) in forms
        and all(map(is_number, numbers.values()))
        and numbers.get("tolerance", 0) >= 0
        and isinstance(dict(_items(entry)).get("source", ""), str)
    )


def _is_history(entry) -> bool:
    keys = dict(_items(entry))
    if set(keys) - {"source"} != {"columns", "rows", "decimals", "tolerance"}:
        return False
    columns, rows, decimals = entry["columns"], entry["rows"], entry["decimals"]
    return (
        isinstance(columns, list)
        and all(isinstance(name, str) for name in columns)
        and columns[:1] == ["epoch"]
        and isinstance(decimals, Mapping)
        and set(columns[1:]) == set(decimals)
        and all(type(places) is int for places in decimals.values())
        and isinstance(rows, list)
        and all(
            isinstance(row, list) and len(row) == len(columns) and all(map(is_number, row))
            for row in rows
        )
        and is_number(entry["tolerance"])
        and isinstance(entry.get("source", ""), str)
    )


def _items(table) -> Iterable[tuple]:
    """Like `table.items()`; what should be a table and is none counts as one bad entry."""
    return table.items() if isinstance(table, Mapping) else [("", None)]
