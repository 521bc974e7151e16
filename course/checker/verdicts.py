"""What a check says, on its way from the judge to the screen, the progress file and `--json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What came of a check; the value is what the learner reads."""

    MISSING = "missing"  # the file is not there or cannot be read
    NOT_STARTED = "not started"
    SYNTAX_ERROR = "syntax error"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    ENDED_EARLY = "ended early"
    WRONG = "wrong"
    PASSED = "passed"
    REMARKS = "passed with remarks"
    STOPPED = "stopped"  # by whoever asked for the check

    @property
    def passed(self) -> bool:
        """Tell whether the exercise is solved."""
        return self in (Verdict.PASSED, Verdict.REMARKS)

    @property
    def failed(self) -> bool:
        """Tell whether the learner has tried, and it did not work."""
        return self in (
            Verdict.SYNTAX_ERROR,
            Verdict.CRASHED,
            Verdict.TIMED_OUT,
            Verdict.ENDED_EARLY,
            Verdict.WRONG,
        )


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; what is not known is empty.

    `diagnosis` is a short name of the mistake, the same in every message and test. `line` is a line
    number of the learner's file.
    """

    diagnosis: str = ""
    sentence: str = ""  # what is wrong
    got: str = ""
    expected: str = ""
    difference: str = ""
    cause: str = ""  # why, and how to fix it
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is known, and always the line, None where nobody knows it."""
        known = {name: value for name, value in asdict(self).items() if value}
        return {**known, "line": self.line}


NO_FINDING = Finding()


@dataclass(frozen=True)
class Result:
    """What one check says.

    Where the exercise has passed, `measured` and `remarks` say what was seen; else `finding` says
    what is wrong. `unchanged` marks a result that is remembered from an earlier check.
    """

    verdict: Verdict
    finding: Finding = NO_FINDING
    measured: tuple[str, ...] = ()  # sentences
    remarks: tuple[Finding, ...] = ()
    name: str = ""  # of the exercise
    seed: int = 0  # of the random inputs
    seconds: float = 0.0
    unchanged: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it and as the progress file keeps it."""
        values: dict[str, Any] = {"name": self.name, "seed": self.seed, "seconds": self.seconds}
        values["verdict"] = str(self.verdict)
        if self.finding.sentence:
            values |= self.finding.as_json()
        if self.verdict.passed:
            values["measured"] = list(self.measured)
            values["remarks"] = [remark.as_json() for remark in self.remarks]
        if self.unchanged:
            values["unchanged"] = True
        return values


def read_result(values: Mapping[str, Any]) -> Result:
    """Read what `Result.as_json` returned.

    Raises:
        KeyError: there is no verdict.
        TypeError: an entry has another type.
        ValueError: the verdict is not one of those above.
    """
    return Result(
        verdict=Verdict(values["verdict"]),
        finding=read_finding(values),
        measured=tuple(values.get("measured", ())),
        remarks=tuple(read_finding(remark) for remark in values.get("remarks", ())),
        name=str(values.get("name", "")),
        seed=int(values.get("seed", 0)),
        seconds=float(values.get("seconds", 0.0)),
    )


def read_finding(values: Mapping[str, Any]) -> Finding:
    """Read what `Finding.as_json` returned; other entries are left aside."""
    known = {field.name for field in fields(Finding)}
    return Finding(**{name: value for name, value in values.items() if name in known})
