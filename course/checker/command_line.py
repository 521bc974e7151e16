"""The commands of the exercises, from their options to their exit codes.

python exercises/06_moons.py        check this exercise
python -m exercises                 how far you are, and what comes next
python -m exercises watch           check each exercise when you save it
python -m exercises hint 6          one more hint; there are three
python -m exercises solution 6      the reference solution
python -m exercises reset 6         start again; your file is kept as a backup
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
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from course import RefusedError
from course.checker import messages, worker
from course.checker.catalog import EXERCISES, Exercise, find_exercises, pick, shown
from course.checker.progress import Progress, digest
from course.checker.verdicts import Result, Verdict
from course.files import POLL, Watched, write_whole
from course.processes import Pool
from course.streams import Terminal, open_streams

FIRST_HINT = 2  # a hint is offered at this failure ...
HINT_EVERY = 5  # ... and then after so many more


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
    saves = command(watch, "watch", "check each exercise when you save it, until Ctrl-C")
    for sub in (check, saves):
        sub.add_argument("--patient", action="store_true", help="three times the time limit")
    command(hint, "hint", "one more hint", "?")
    show = command(solution, "solution", "the reference solution", "?")
    show.add_argument("--yes", action="store_true", help="do not ask whether you want to see it")
    command(reset, "reset", "start an exercise again; your file is kept as a backup", "?")
    return parser


def seed_number(text: str) -> int:
    """Read the value of --seed: NumPy and scikit-learn take no negative and no very large one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 999999999")
    return int(text)


class Session:
    """One call: its options, the exercises, the progress, and the pool once it is needed."""

    def __init__(self, folder: Path, options: argparse.Namespace):
        self.exercises = find_exercises(folder)
        self.progress = Progress(folder)
        self.options = options
        self.terminal = Terminal(sys.stdout)
        self._pool: Pool | None = None

    def check(
        self, exercise: Exercise, stop: Callable[[], bool] = lambda: False, many: bool = False
    ) -> Result:
        """Check one exercise and remember the result; what is solved is not run again."""
        if self.options.seed is None:
            solved = self.progress.solved(exercise)
            if solved is not None:
                return replace(solved, unchanged=True)
        checked = digest(exercise)
        seed = random.randrange(10**6) if self.options.seed is None else self.options.seed
        limit = worker.LIMIT * (3 if self.options.patient else 1)
        show = self._show_nothing if self.options.json else self.terminal.write
        result = worker.check(self._running_pool(many), exercise, seed, limit, show, stop)
        if result.verdict not in (Verdict.STOPPED, Verdict.MISSING):
            self.progress.record(exercise, result, checked)
        return result

    def warm(self) -> None:
        """Import in the background what checks need, so that the first one need not wait for it."""
        self._running_pool(many=True).warm()

    def next(self, after: Exercise | None = None) -> Exercise | None:
        """Return the first exercise that has not passed, rather one that comes after `after`."""
        left = [x for x in self.exercises if not self.progress.of(x).passed]
        later = [x for x in left if after and x.number > after.number]
        return next(iter(later or left), None)

    def chosen(self) -> Exercise:
        """Return the exercise named on the command line, or the next one."""
        if self.options.exercise:
            return pick(self.exercises, self.options.exercise)
        exercise = self.next()
        if exercise is None:
            raise RefusedError("Every exercise has passed; say which one you mean.")
        return exercise

    def close(self) -> None:
        """End all processes and tell what could not be remembered."""
        if self._pool:
            self._pool.close()
        for problem in self.progress.problems:
            print(problem, file=sys.stderr)

    def _running_pool(self, many: bool) -> Pool:
        if self._pool is None:
            self._pool = worker.make_pool(many)
        return self._pool

    def _show_nothing(self, text: str) -> None:
        pass


def overview(session: Session) -> int:
    """Print every exercise with its state, and the next one."""
    states = [session.progress.of(exercise) for exercise in session.exercises]
    passed = sum(state.passed for state in states)
    print(f"{passed} of {len(states)} exercises passed\n")
    for exercise, state in zip(session.exercises, states, strict=True):
        mark = "x" if state.passed else " "
        last = state.last.verdict if state.last else Verdict.NOT_STARTED
        title = exercise.header.title
        minutes = exercise.header.text("Minutes")
        print(f"[{mark}] {exercise.number} {title:<43} {minutes:>3} min   {last}")
    following = session.next()
    if following is None:
        print("\nAll done.")
    else:
        print(f"\nNext: read and edit {shown(following.path)}, then run: {following.command}")
    return 0


def check_some(session: Session) -> int:
    """Check the exercises named, or all."""
    options = session.options
    if bool(options.exercise) == options.all:
        raise RefusedError("Say which exercises to check, or --all.")
    chosen = session.exercises
    if not options.all:
        chosen = [pick(session.exercises, name) for name in options.exercise]
    results = []
    for exercise in chosen:
        result = session.check(exercise, many=len(chosen) > 1)
        results.append(result)
        if not options.json:
            session.terminal.line(report(session, exercise, result))
    if options.json:
        print(json.dumps([result.as_json() for result in results], indent=1))
    return 0 if all(result.verdict.passed for result in results) else 1


def watch(session: Session) -> int:
    """Check the next exercise, then whichever is saved; a save during a check starts it over."""
    files = {exercise.name: Watched([exercise.path]) for exercise in session.exercises}
    current = session.next()
    session.warm()
    while True:
        if current is None:
            current = wait_for_a_save(session, files)
        if current.path.exists():
            files[current.name].settle()
        result = session.check(current, stop=files[current.name].changed)
        if result.verdict is Verdict.STOPPED:
            continue
        session.terminal.line(report(session, current, result))
        session.terminal.line("Watching the exercises; save one to have it checked, Ctrl-C to end.")
        current = None


def wait_for_a_save(session: Session, files: Mapping[str, Watched]) -> Exercise:
    """Return the next exercise whose file changes."""
    while True:
        time.sleep(POLL)
        for exercise in session.exercises:
            if files[exercise.name].changed() and exercise.path.exists():
                return exercise


def hint(session: Session) -> int:
    """Print one more hint, after those seen before."""
    exercise = session.chosen()
    state = session.progress.of(exercise)
    hints = exercise.hints
    state.hints = min(state.hints + 1, len(hints))
    session.progress.save()
    for number, text in enumerate(hints[: state.hints], start=1):
        print("\n".join(messages.wrapped(text, f"hint {number}")))
    if state.hints == len(hints):
        print(f"That was the last one. The solution: {solution_command(exercise)}")
    return 0


def solution(session: Session) -> int:
    """Print the reference solution: after a pass or three hints; else ask."""
    exercise = session.chosen()
    state = session.progress.of(exercise)
    earned = state.passed or state.hints >= len(exercise.hints)
    if earned or session.options.yes or wants_solution(exercise):
        print(exercise.solution, end="")
    return 0


def wants_solution(exercise: Exercise) -> bool:
    """Ask who has neither passed nor seen the hints."""
    ask = f"ask for a hint (python -m exercises hint {int(exercise.number)})"
    if not sys.stdin.isatty():
        raise RefusedError(f"You have not passed it yet: {ask}, or add --yes.")
    print(f"You have not passed {exercise.header.title} yet; you can {ask}.")
    try:
        answer = input("Show the solution all the same? [y/N] ")
    except EOFError:  # Ctrl-D
        return False
    return answer.strip().lower() in ("y", "yes")


def solution_command(exercise: Exercise) -> str:
    """Return what prints the reference solution."""
    return f"python -m exercises solution {int(exercise.number)}"


def reset(session: Session) -> int:
    """Put the starter back in place; the learner's file becomes a backup."""
    if not session.options.exercise:
        raise RefusedError("Say which exercise to reset, for example: python -m exercises reset 6")
    exercise = session.chosen()
    try:
        if exercise.path.exists():
            print(f"Your file is kept as {shown(back_up(exercise))}")
        write_whole(exercise.path, exercise.starter)
    except OSError as error:
        raise RefusedError(
            f"Cannot reset {exercise.name} ({error}); nothing was changed."
        ) from None
    session.progress.reset(exercise)
    print(f"{shown(exercise.path)} is as it was handed out.")
    return 0


def back_up(exercise: Exercise) -> Path:
    """Copy the learner's file into backups/, under the next free number; returns the copy."""
    folder = exercise.path.parent / "backups"
    folder.mkdir(exist_ok=True)
    number = 1
    while (backup := folder / f"{exercise.name}-{number}.py").exists():
        number += 1
    shutil.copyfile(exercise.path, backup)
    return backup


def report(session: Session, exercise: Exercise, result: Result) -> str:
    """Return a result with what the learner can do next."""
    if result.verdict.passed:
        after = after_a_pass(session, exercise, result)
    elif result.verdict is Verdict.MISSING and not exercise.path.exists():
        number = int(exercise.number)
        after = [f"Next: python -m exercises reset {number}   (puts the file back)"]
    else:
        after = after_a_failure(session, exercise, result)
    return messages.render(exercise, result, after)


def after_a_pass(session: Session, exercise: Exercise, result: Result) -> list[str]:
    """Return why the solution works, where to see one, and the next exercise."""
    lines = messages.wrapped(exercise.why, "why")
    lines += messages.wrapped(solution_command(exercise), "reference")
    if result.unchanged:
        lines.append("Nothing has changed since this pass, so it was not run again.")
    following = session.next(after=exercise)
    lines.append(f"Next: {following.command}" if following else "Every exercise has passed.")
    return lines


def after_a_failure(session: Session, exercise: Exercise, result: Result) -> list[str]:
    """Return what to do now, with a hint offered from time to time."""
    lines = [f"Next: edit {shown(exercise.path)}, then run: {exercise.command}"]
    state = session.progress.of(exercise)
    tries = state.failures - FIRST_HINT
    due = result.verdict.failed and tries >= 0 and tries % HINT_EVERY == 0
    if due and state.hints < len(exercise.hints):
        number = int(exercise.number)
        lines.append(f"A hint, if you want one: python -m exercises hint {number}")
    if result.verdict is Verdict.TIMED_OUT and not session.options.patient:
        lines.append(f"On a slow machine, three times the limit: {exercise.command} --patient")
    return lines
