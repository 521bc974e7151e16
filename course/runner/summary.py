"""How a run went, in one value: what the closing table, the receipts and the page are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from course.files import OutputFolder
from course.runner.expected import Expected
from course.runner.lessons import Lesson
from course.runner.receipts import Receipt
from course.runner.record import Record
from course.runner.verdict import Outcome


@dataclass(frozen=True)
class RunSummary:
    """How a run went.

    Attributes:
        folder: where the run wrote.
        root: the course's folder, whose lessons and guides are linked.
        lessons: all lessons of the course, in order.
        record: what results.json says of them.
        expected: what each result must be.
        outcomes: those of this run, in order.
        stopped: lessons that this run began or was to begin, and did not bring to their end.
        seconds: how long the run took.
    """

    folder: OutputFolder
    root: Path
    lessons: Sequence[Lesson]
    record: Record
    expected: Expected
    outcomes: Sequence[Outcome]
    stopped: Sequence[Lesson]
    seconds: float

    @property
    def failed(self) -> list[Outcome]:
        """The outcomes of lessons that did not do what they promise."""
        return [outcome for outcome in self.outcomes if outcome.reason]

    @cached_property
    def receipts(self) -> dict[str, list[Receipt]]:
        """The receipts of this run's lessons, by the lesson's name; compared once."""
        return {outcome.lesson.name: self.expected.compare(outcome) for outcome in self.outcomes}

    @cached_property
    def gone(self) -> list[Receipt]:
        """A receipt for each lesson that is expected and no longer there."""
        return self.expected.gone(self.lessons)
