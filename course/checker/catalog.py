"""Finds the exercises, and reads what the learner has made of them."""

import ast
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType

from course import RefusedError
from course.checker.starters import solution_text, starter_text
from course.checker.verdicts import Finding, Result, Verdict
from course.headers import Header, read_header

PACKAGE = Path(__file__).resolve().parent  # checks and solutions lie here
SOLUTIONS = PACKAGE / "solutions"
EXERCISES = PACKAGE.parents[1] / "exercises"  # the files that learners edit


@dataclass(frozen=True)
class Exercise:
    """One exercise. `path` is the file that the learner edits; it need not exist."""

    name: str
    path: Path

    @property
    def number(self) -> str:
        """Two digits."""
        return self.name[:2]

    @cached_property
    def header(self) -> Header:
        """Title, task and so on. Not from the learner's file: it may be changed or deleted."""
        return read_header(self.starter)

    @property
    def starter(self) -> str:
        """The text of the file as it was before the learner changed it."""
        return starter_text(self._source)

    @property
    def solution(self) -> str:
        """The text of the reference solution."""
        return solution_text(self._source)

    @property
    def _source(self) -> str:
        return (SOLUTIONS / f"{self.name}.py").read_text(encoding="utf-8")

    @property
    def checks(self) -> Path:
        """What the checker asks of it."""
        return PACKAGE / "checks" / f"{self.name}.py"

    @property
    def hints(self) -> tuple[str, ...]:
        """Three hints, each of which says more than the one before."""
        return self._constant("HINTS")

    @property
    def why(self) -> str:
        """Why the solution works."""
        return " ".join(self._constant("WHY").split())

    @property
    def command(self) -> str:
        """What the learner types to have it checked."""
        return f"python {shown(self.path)}"

    def _constant(self, name: str):
        """Return a constant of its check, which is not imported: that would import PyTorch."""
        for node in ast.parse(self.checks.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                return ast.literal_eval(node.value)
        raise KeyError(name)


def find_exercises(folder: Path = EXERCISES) -> list[Exercise]:
    """Return all exercises in order; the learner's files lie in `folder`."""
    sources = sorted(SOLUTIONS.glob("[0-9][0-9]_*.py"))
    return [Exercise(source.stem, folder / source.name) for source in sources]


def read_answer(exercise: Exercise) -> CodeType | Result:
    """Compile the learner's file; a file that is not worth running has its result at once."""
    path = exercise.path
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read(), filename=str(path))
        program = compile(tree, str(path), "exec")
    except FileNotFoundError:
        return Result(Verdict.MISSING, Finding(sentence=f"There is no file {path}."))
    except OSError as error:
        sentence = f"Cannot read {path} ({error.strerror})."
        return Result(Verdict.MISSING, Finding(sentence=sentence))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Result(Verdict.SYNTAX_ERROR, unreadable(error))
    if ast.dump(tree) == ast.dump(ast.parse(exercise.starter)):
        sentence = "The file is as it was handed out."
        return Result(Verdict.NOT_STARTED, Finding(sentence=sentence))
    return program


def unreadable(error: Exception) -> Finding:
    """Say why Python cannot read a file."""
    text = getattr(error, "msg", str(error)) or "nested too deeply"
    if isinstance(error, UnicodeDecodeError) or "encoding" in text:
        text = f"the file is not UTF-8 text ({text}); save it with the encoding UTF-8"
    line = getattr(error, "lineno", None)
    return Finding(sentence=f"Python cannot read the file: {text}.", line=line)


def pick(exercises: list[Exercise], wanted: str) -> Exercise:
    """Return the exercise that is called `6`, `06`, `06_moons` or `06_moons.py`."""
    name = Path(wanted).name.removesuffix(".py")
    for exercise in exercises:
        if name == exercise.name or name.lstrip("0") == exercise.number.lstrip("0"):
            return exercise
    raise RefusedError(f"There is no exercise {wanted!r}; they are numbered 1 to {len(exercises)}.")


def shown(path: Path) -> str:
    """Return a path as the learner would type it: relative to the working directory, below it."""
    path = path.resolve()
    here = Path.cwd()
    text = str(path.relative_to(here) if path.is_relative_to(here) else path)
    return f'"{text}"' if " " in text else text
