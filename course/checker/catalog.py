"""Finds the exercises and reads their headers."""

import ast
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from course import RefusedError

PACKAGE = Path(__file__).resolve().parent  # checks, solutions and starters lie here
EXERCISES = PACKAGE.parents[1] / "exercises"  # the files that learners edit


@dataclass(frozen=True)
class Exercise:
    """One exercise. `path` is the file that the learner edits; it need not exist."""

    name: str
    path: Path
    title: str
    fields: dict[str, str]

    @property
    def number(self) -> str:
        """Two digits."""
        return self.name[:2]

    @property
    def starter(self) -> Path:
        """The file as it was before the learner changed it."""
        return PACKAGE / "starters" / f"{self.name}.py"

    @property
    def solution(self) -> Path:
        """The reference solution."""
        return PACKAGE / "solutions" / f"{self.name}.py"

    @property
    def checks(self) -> Path:
        """What the checker asks of it."""
        return PACKAGE / "checks" / f"{self.name}.py"

    def texts(self, name: str):
        """Return `HINTS` or `WHY` of its check, which is read but not imported: that would take PyTorch's second."""
        for node in ast.parse(self.checks.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == name:
                return ast.literal_eval(node.value)
        raise KeyError(name)

    @property
    def command(self) -> str:
        """What the learner types to have it checked."""
        return f"python {shown(self.path)}"


def find_exercises(folder: Path = EXERCISES) -> list[Exercise]:
    """Return all exercises in order; the learner's files lie in `folder`.

    The headers come from the starters: a learner may change, damage or delete the own file.
    """
    found = []
    for starter in sorted((PACKAGE / "starters").glob("[0-9][0-9]_*.py")):
        title, _, header = ast.get_docstring(
            ast.parse(starter.read_text(encoding="utf-8"))
        ).partition("\n")
        fields = dict(re.findall(r"^(\w+): (.+(?:\n {4,}.+)*)", header, flags=re.MULTILINE))
        fields = {name: " ".join(text.split()) for name, text in fields.items()}
        found.append(
            Exercise(starter.stem, folder / starter.name, title.partition(": ")[2], fields)
        )
    return found


def read_answer(path: Path, name: str) -> CodeType | dict:
    """Compile the learner's file; what is no program, or is still the starter, has its verdict at once."""
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read(), filename=str(path))
        program = compile(tree, str(path), "exec")
    except FileNotFoundError:
        return {"verdict": "missing", "sentence": f"There is no file {path}."}
    except OSError as error:
        return {"verdict": "missing", "sentence": f"Cannot read {path} ({error.strerror})."}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        text, line = (
            getattr(error, "msg", str(error)) or "nested too deeply",
            getattr(error, "lineno", None),
        )
        if isinstance(error, UnicodeDecodeError) or "encoding" in text:
            text = f"the file is not UTF-8 text ({text}); save it with the encoding UTF-8"
        return {
            "verdict": "syntax error",
            "sentence": f"Python cannot read the file: {text}.",
            "line": line,
        }
    starter = PACKAGE / "starters" / f"{name}.py"
    if ast.dump(tree) == ast.dump(ast.parse(starter.read_bytes())):
        return {"verdict": "not started", "sentence": "The file is as it was handed out."}
    return program


def pick(exercises: list[Exercise], wanted: str) -> Exercise:
    """Return the exercise that is called `6`, `06`, `06_moons` or `06_moons.py`."""
    name = Path(wanted).name.removesuffix(".py")
    for exercise in exercises:
        if name == exercise.name or name.lstrip("0") == exercise.number.lstrip("0"):
            return exercise
    raise RefusedError(f"There is no exercise {wanted!r}; they are numbered 1 to {len(exercises)}.")


def shown(path: Path) -> str:
    """Return a path as the learner would type it: relative if it lies below the working directory."""
    path, here = path.resolve(), Path.cwd()
    text = str(path.relative_to(here) if path.is_relative_to(here) else path)
    return f'"{text}"' if " " in text else text
