"""What expected_results.toml says each result must be, and how a result is held against it."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from course import RefusedError
from course.runner.lessons import Lesson
from course.runner.receipts import Receipt, ReceiptVerdict, RowCount
from course.runner.verdict import Outcome, as_json, is_number
from course.text import counted, listed, quoted

SLACK = 1e-9  # for the rounding of a difference of two decimals, far below the last digit
WORDS = {
    float: "a finite number",
    int: "a whole number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True)
class ExpectedResult:
    """One number of `results`: a `value`, with a `tolerance` if it has one, or a `min` or `max`.

    Raises:
        ValueError: it is anything else; the message goes on after the entry's name.
    """

    value: float | None = None
    tolerance: float = 0
    min: float = -math.inf
    max: float = math.inf
    source: str = ""

    def __post_init__(self):
        has_bound = self.min != -math.inf or self.max != math.inf
        _expect(
            has_bound == (self.value is None),
            "needs either a value or bounds, a min or a max or both",
        )
        if self.value is None:
            _expect(self.tolerance == 0, "has a tolerance, which goes with a value only")
            _expect(self.min <= self.max, "has a min above its max")
        else:
            _expect(self.tolerance >= 0, f"has the tolerance {self.tolerance}, below 0")

    @property
    def shown(self) -> str:
        """`86.5 +- 0.5`, `>= 97.0 and <= 99.0`."""
        if self.value is not None:
            return f"{self.value}" + (f" +- {self.tolerance:g}" if self.tolerance else "")
        bounds = []
        if self.min != -math.inf:
            bounds.append(f">= {self.min}")
        if self.max != math.inf:
            bounds.append(f"<= {self.max}")
        return " and ".join(bounds)

    def holds(self, got: float) -> bool:
        """Whether a number is as expected."""
        low = self.min if self.value is None else self.value - self.tolerance
        high = self.max if self.value is None else self.value + self.tolerance
        return low - SLACK <= got <= high + SLACK

    def compare(self, lesson: str, name: str, got: object) -> Receipt:
        """The receipt, given what came out; None means that nothing did."""
        if got is None:
            shown = "-"
            verdict = ReceiptVerdict.MISSING
        elif is_number(got):
            shown = f"{got:.10g}"
            verdict = ReceiptVerdict.MET if self.holds(got) else ReceiptVerdict.DEVIATES
        else:
            shown = as_json(got)
            verdict = ReceiptVerdict.DEVIATES
        return Receipt(lesson, name, self.shown, shown, verdict, self.source)


@dataclass(frozen=True)
class ExpectedHistory:
    """Published rows of a training log.

    The first of the `columns` is the epoch. `decimals` says how far each other column was printed,
    and a history is rounded so before it is compared.

    Raises:
        ValueError: the parts do not fit each other; the message goes on after the entry's name.
    """

    columns: list[str]
    rows: list[list[float]]
    decimals: dict[str, int]
    tolerance: float = 0
    source: str = ""

    def __post_init__(self):
        _expect(self.columns[:1] == ["epoch"], "needs 'epoch' as the first of its columns")
        _expect(
            sorted(self.columns[1:]) == sorted(self.decimals),
            "needs decimals for each column but the epoch, and for no other",
        )
        _expect(self.tolerance >= 0, f"has the tolerance {self.tolerance}, below 0")
        width = len(self.columns)
        for row in self.rows:
            _expect(len(row) == width, f"has a row of {len(row)} numbers; expected {width}")
            _expect(type(row[0]) is int, f"has the epoch {row[0]}; expected a whole number")

    def compare(self, lesson: str, name: str, got: object) -> Receipt:
        """The receipt, given the history that was saved; None means that none was."""
        deviations: list[str] = []
        met = 0
        for row in self.rows:
            wrong = self._deviations(row, got)
            if not wrong:
                met += 1
            deviations += wrong
        count = RowCount(met, len(self.rows))
        expected = counted(count.all, "row")
        if got is None:
            missing = ReceiptVerdict.MISSING
            return Receipt(lesson, name, expected, "-", missing, self.source, count)
        shown = f"{count.met} of {expected}"
        verdict = ReceiptVerdict.DEVIATES if deviations else ReceiptVerdict.MET
        return Receipt(
            lesson, name, expected, shown, verdict, self.source, count, tuple(deviations)
        )

    def _deviations(self, row: Sequence[float], history: Any) -> list[str]:
        """What a history has other than a published row says, a sentence per column."""
        epoch, *published = row
        found = []
        for column, value in zip(self.columns[1:], published, strict=True):
            try:
                got = history[column][epoch]
            except (LookupError, TypeError):
                shown = "nothing"
            else:
                if is_number(got):
                    got = round(got, self.decimals[column])
                    if abs(got - value) <= self.tolerance + SLACK:
                        continue
                    shown = f"{got}"
                else:
                    shown = as_json(got)
            found.append(f"epoch {epoch}, {column}: expected {value}, got {shown}")
        return found


@dataclass(frozen=True)
class ExpectedLesson:
    """What is expected of a lesson, by the names that save_results gets."""

    results: dict[str, ExpectedResult] = field(default_factory=dict)
    histories: dict[str, ExpectedHistory] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """All that is expected, by the lesson's name; `problem` says why it is not known, if so."""

    lessons: dict[str, ExpectedLesson] = field(default_factory=dict)
    problem: str = ""

    def compare(self, outcome: Outcome) -> list[Receipt]:
        """The receipts of a lesson that has ended."""
        if self.problem:
            return []
        expected = self.lessons.get(outcome.lesson.name, ExpectedLesson())
        lesson = f"{outcome.lesson.number:02}"
        receipts = []
        for name, result in expected.results.items():
            receipts.append(result.compare(lesson, name, outcome.results.get(name)))
        for name, history in expected.histories.items():
            receipts.append(history.compare(lesson, name, outcome.histories.get(name)))
        for name, got in outcome.results.items():
            if name not in expected.results:
                receipts.append(Receipt(lesson, name, "-", f"{got}", ReceiptVerdict.EXTRA))
        return receipts

    def gone(self, lessons: Iterable[Lesson]) -> list[Receipt]:
        """A receipt for each lesson that is expected and is not among these."""
        names = sorted(set(self.lessons) - {lesson.name for lesson in lessons})
        return [Receipt("", name, "a lesson", "-", ReceiptVerdict.MISSING) for name in names]


def load(path: Path) -> Expected:
    """Read expected_results.toml.

    Raises:
        RefusedError: it cannot be read, or an entry is not a receipt.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"Cannot read the receipts in {path}: {error}.") from error
    try:
        return read(tables)
    except ValueError as error:
        raise RefusedError(f"{path.name}: {error}.") from error


def read(tables: Mapping[str, Any]) -> Expected:
    """Read the tables of expected_results.toml.

    Raises:
        ValueError: an entry is not a receipt; the message names it.
    """
    lessons = {name: _convert(ExpectedLesson, table, name) for name, table in tables.items()}
    return Expected(lessons)


def _expect(fits: bool, sentence: str) -> None:
    if not fits:
        raise ValueError(sentence)


def _convert(kind: Any, value: Any, where: str) -> Any:
    """Convert a value of the file to a type: one of the dataclasses above, or what they hold.

    Raises:
        ValueError: the value does not fit; the message begins with its place, `where`.
    """
    base = get_origin(kind) or kind
    inner = get_args(kind)
    if base is UnionType:  # what may be missing is None, which TOML cannot say
        return _convert(inner[0], value, where)
    if is_dataclass(base):
        return _convert_table(kind, value, where)
    fits = is_number(value) if base is float else type(value) is base
    _expect(fits, f"{where} is {quoted(value)}; expected {WORDS[base]}")
    if base is list:
        return [_convert(inner[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
    if base is dict:
        return {name: _convert(inner[1], item, f"{where}.{name}") for name, item in value.items()}
    return value


def _convert_table(kind: Any, table: Any, where: str) -> Any:
    """Make a dataclass from a table of the file."""
    _expect(isinstance(table, dict), f"{where} is {quoted(table)}; expected {WORDS[dict]}")
    known = {one.name: one for one in fields(kind)}
    for name in table:
        _expect(name in known, f"{where} has the key {quoted(name)}; expected {listed(known)}")
    values = {}
    for name, one in known.items():
        if name in table:
            values[name] = _convert(one.type, table[name], f"{where}.{name}")
        else:
            optional = one.default is not MISSING or one.default_factory is not MISSING
            _expect(optional, f"{where} lacks {name}")
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{where} {error}") from error
