"""The commands of the exercises, from their options to their exit codes.

python exercises/06_moons.py        check this exercise
python -m exercises                 how far you are, and what comes next
python -m exercises watch           check each exercise when you save it
python -m exercises hint 6          one more hint; there are three
python -m exercises solution 6      the reference solution
python -m exercises reset 6         start anew; your file is kept as a backup
python -m exercises check --all     every exercise, for scripts with --json

Exit code: 0 passed or nothing to check, 1 not passed, 2 wrong usage, 130 stopped by Ctrl-C.
"""

import argparse
import json
import os
import random
import shutil
import sys
import time
from pathlib import Path

from course import RefusedError
from course.checker import messages, worker
from course.checker.catalog import EXERCISES, Exercise, find_exercises, pick, shown
from course.checker.progress import FAILED, PASSED, Progress, digest
from course.files import POLL, Watched
from course.streams import Terminal, open_streams

HINTS_AFTER = 2, 5  # a hint is offered at this failure, and then at most every so many


def main(arguments: list[str] | None = None, folder: Path = EXERCISES) -> int:
    """Run one command on the exercises in `folder`; returns the exit code."""
    open_streams()
    options = parser().parse_args(arguments)
    session = Session(folder, options)
    try:
        return options.run(session)
    except RefusedError as reason:
        print(reason, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C. Nothing runs on.", file=sys.stderr)
        return 130
    finally:
        session.close()


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m exercises", description=__doc__, formatter_class=layout, allow_abbrev=False
    )
    parser.set_defaults(run=overview, seed=None, patient=False, json=False)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(run, name: str, text: str, exercise: str = "") -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(run=run)
        if exercise:
            sub.add_argument("exercise", nargs=exercise, metavar="N", help="6, 06 or 06_moons")
        return sub

    command(overview, "list", "every exercise with its state")
    check = command(check_some, "check", "check the exercises named, or --all", "*")
    check.add_argument("--all", action="store_true", help="every exercise")
    check.add_argument(
        "--json", action="store_true", help="print the verdicts as JSON and nothing else"
    )
    check.add_argument(
        "--seed", type=seed_number, help="repeat a check with the random inputs of this seed"
    )
    for sub in (
        check,
        command(watch, "watch", "check each exercise when you save it, until Ctrl-C"),
    ):
        sub.add_argument("--patient", action="store_true", help="three times the time limit")
    command(hint, "hint", "one more hint", "?")
    show = command(solution, "solution", "the reference solution", "?")
    show.add_argument("--yes", action="store_true", help="do not ask whether you want to see it")
    command(reset, "reset", "start an exercise anew; your file is kept as a backup", "?")
    return parser


def seed_number(text: str) -> int:
    """Read the value of --seed: NumPy and scikit-learn take no negative and no very large one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 999999999")
    return int(text)


class Session:
    """One call: its options, the exercises, the progress, and the pool once it is needed."""

    def __init__(self, folder: Path, options: argparse.Namespace):
        self.exercises = find_exercises(folder)
        self.progress = Progress(folder)
        self.options = options
        self.terminal = Terminal(sys.stdout)
        self._pool = None

    def check(self, exercise: Exercise, stop=lambda: False, many: bool = False) -> dict:
        """Check one exercise and remember the verdict; a solved and unchanged one is not run again."""
        if self.options.seed is None and self.progress.solved(exercise):
            return {**self.progress.of(exercise)["last"], "unchanged": True}
        checked = digest(exercise)
        self._pool = self._pool or worker.make_pool(many)
        seed = random.randrange(10**6) if self.options.seed is None else self.options.seed
        limit = worker.LIMIT * (3 if self.options.patient else 1)
        show = (lambda text: None) if self.options.json else self.terminal.write
        result = worker.check(self._pool, exercise, seed, limit, show, stop)
        if result["verdict"] not in ("stopped", "missing"):
            self.progress.record(exercise, result, checked)
        return result

    def warm(self) -> None:
        """Import in the background what checks need, so that the first one need not wait for it."""
        self._pool = worker.make_pool(many=True)
        self._pool.warm()

    def next(self, after: Exercise | None = None) -> Exercise | None:
        """Return the first exercise that has not passed, rather one that comes after `after`."""
        left = [x for x in self.exercises if not self.progress.of(x)["passed"]]
        return next(
            (x for x in left if after and x.number > after.number), left[0] if left else None
        )

    def chosen(self) -> Exercise:
        """Return the exercise named on the command line, or the next one."""
        if self.options.exercise:
            return pick(self.exercises, self.options.exercise)
        if (exercise := self.next()) is None:
            raise RefusedError("Every exercise has passed; say which one you mean.")
        return exercise

    def close(self) -> None:
        """End all processes and tell what could not be remembered."""
        if self._pool:
            self._pool.close()
        for problem in self.progress.problems:
            print(problem, file=sys.stderr)


def overview(session: Session) -> int:
    """Print every exercise with its state, and the next one."""
    states = [session.progress.of(exercise) for exercise in session.exercises]
    print(f"{sum(state['passed'] for state in states)} of {len(states)} exercises passed\n")
    for exercise, state in zip(session.exercises, states, strict=True):
        mark = "x" if state["passed"] else " "
        last = state["last"].get("verdict", "not started")
        print(
            f"[{mark}] {exercise.number} {exercise.title:<43} {exercise.fields['Minutes']:>3} min   {last}"
        )
    if (following := session.next()) is None:
        print("\nAll done.")
    else:
        print(f"\nNext: read and edit {shown(following.path)}, then run: {following.command}")
    return 0


def check_some(session: Session) -> int:
    """Check the exercises named, or all."""
    options = session.options
    if bool(options.exercise) == options.all:
        raise RefusedError("Say which exercises to check, or --all.")
    chosen = (
        session.exercises
        if options.all
        else [pick(session.exercises, name) for name in options.exercise]
    )
    results = []
    for exercise in chosen:
        results.append(result := session.check(exercise, many=len(chosen) > 1))
        if not options.json:
            session.terminal.line(report(session, exercise, result))
    if options.json:
        print(json.dumps(results, indent=1))
    return 0 if all(result["verdict"] in PASSED for result in results) else 1


def watch(session: Session) -> int:
    """Check the next exercise, then whichever is saved; a save during a check starts it over."""
    files = {exercise.name: Watched([exercise.path]) for exercise in session.exercises}
    current = session.next()
    session.warm()
    while True:
        if current is not None:
            if current.path.exists():
                files[current.name].settle()
            result = session.check(current, stop=files[current.name].changed)
            if result["verdict"] == "stopped":
                continue
            session.terminal.line(report(session, current, result))
            session.terminal.line(
                "Watching the exercises; save one to have it checked, Ctrl-C to end."
            )
        current = None
        while current is None:
            time.sleep(POLL)
            current = next(
                (x for x in session.exercises if files[x.name].changed() and x.path.exists()), None
            )


def hint(session: Session) -> int:
    """Print one more hint, after those seen before."""
    exercise = session.chosen()
    state, hints = session.progress.of(exercise), exercise.texts("HINTS")
    state["hints"] = min(state["hints"] + 1, len(hints))
    session.progress.save()
    for number, text in enumerate(hints[: state["hints"]], start=1):
        print("\n".join(messages.wrapped(text, f"hint {number}")))
    if state["hints"] == len(hints):
        print(
            f"That was the last one. The solution: python -m exercises solution {int(exercise.number)}"
        )
    return 0


def solution(session: Session) -> int:
    """Print the reference solution: after a pass or three hints; else ask."""
    exercise = session.chosen()
    state = session.progress.of(exercise)
    if not (state["passed"] or state["hints"] >= 3 or session.options.yes):
        ask = f"ask for a hint (python -m exercises hint {int(exercise.number)})"
        if not sys.stdin.isatty():
            raise RefusedError(f"You have not passed it yet: {ask}, or add --yes.")
        print(f"You have not passed {exercise.title} yet; you can {ask}.")
        try:
            answer = input("Show the solution all the same? [y/N] ")
        except EOFError:  # Ctrl-D
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            return 0
    print(exercise.solution.read_text(encoding="utf-8"))
    print(f"# This file: {shown(exercise.solution)}")
    return 0


def reset(session: Session) -> int:
    """Put the starter back in place; the learner's file becomes a backup."""
    if not session.options.exercise:
        raise RefusedError("Say which exercise to reset, for example: python -m exercises reset 6")
    exercise = session.chosen()
    try:
        if exercise.path.exists():
            folder = exercise.path.parent / "backups"
            folder.mkdir(exist_ok=True)
            backup = next(
                p for n in range(1, 10**6) if not (p := folder / f"{exercise.name}-{n}.py").exists()
            )
            shutil.copyfile(exercise.path, backup)
            print(f"Your file is kept as {shown(backup)}")
        part = exercise.path.with_suffix(".tmp")
        shutil.copyfile(exercise.starter, part)
        part.replace(exercise.path)
    except OSError as error:
        raise RefusedError(
            f"Cannot reset {exercise.name} ({error}); nothing was changed."
        ) from None
    session.progress.of(exercise).update(last={}, digest="", failures=0, hints=0, passed=False)
    session.progress.save()
    print(f"{shown(exercise.path)} is as it was handed out.")
    return 0


def report(session: Session, exercise: Exercise, result: dict) -> str:
    """Return a verdict with what the learner can do next."""
    verdict, number, after = result["verdict"], int(exercise.number), []
    if verdict in PASSED:
        after += messages.wrapped(" ".join(exercise.texts("WHY").split()), "why")
        after += messages.wrapped(shown(exercise.solution), "reference")
        if result.get("unchanged"):
            after.append("Nothing has changed since this pass, so it was not run again.")
        following = session.next(after=exercise)
        after.append(f"Next: {following.command}" if following else "Every exercise has passed.")
    elif verdict == "missing" and not exercise.path.exists():
        after.append(f"Next: python -m exercises reset {number}   (puts the file back)")
    else:
        after.append(f"Next: edit {shown(exercise.path)}, then run: {exercise.command}")
        state, (first, every) = session.progress.of(exercise), HINTS_AFTER
        late = state["failures"] - first
        if verdict in FAILED and late >= 0 and late % every == 0 and state["hints"] < 3:
            after.append(f"A hint, if you want one: python -m exercises hint {number}")
        if verdict == "timed out" and not session.options.patient:
            after.append(f"On a slow machine, three times the limit: {exercise.command} --patient")
    return messages.render(exercise, result, after)
