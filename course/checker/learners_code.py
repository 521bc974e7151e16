"""The learner's file: its functions are called through here, so that failures name the line."""

import ast
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from course.checker.comparing import WrongAnswerError, difference, show, show_shape, wrong
from course.checker.frames import learner_line
from course.checker.messages import mistake
from course.checker.verdicts import Finding
from course.checker.watching import Watcher

# What a known mistake would return: its diagnosis, that value, and the cause in a sentence.
KnownMistake = tuple[str, Any, str]


class Code:
    """What the learner's file defines.

    Args:
        path: the file.
        namespace: its names, filled by whoever runs the file.
        seed: of all random inputs of this check.
    """

    def __init__(self, path: Path, namespace: dict[str, Any], seed: int):
        self.path = path
        self.namespace = namespace
        self.seed = seed
        self.tree = ast.parse(path.read_bytes())
        self.remarks: dict[str, Finding] = {}  # by diagnosis
        self.name = ""  # the function that was called last

    def call(self, name: str, *args: Any, forbidden: Mapping[str, str] | None = None) -> Any:
        """Call a function, or build an object of a class; `forbidden` as for `Forbid`."""
        self.name = name
        function = self.namespace.get(name)
        if not callable(function):
            cause = (
                f"The checker calls {name}; it was renamed, "
                "deleted, or stands inside another function."
            )
            raise wrong("missing-function", f"The file defines no {name}.", cause=cause)
        try:
            inspect.signature(function).bind(*args)
        except TypeError as error:
            sentence = f"{name} cannot be called with {len(args)} arguments: {error}."
            cause = "The task says which arguments the function takes, and in which order."
            raise wrong("signature", sentence, cause=cause) from None
        except ValueError:
            pass  # a function of PyTorch itself tells no signature
        with Forbid(forbidden or {}, self.path) as guard:
            result = function(*args)
        if guard.used:
            raise WrongAnswerError(guard.used)
        return result

    def line(self) -> int | None:
        """Return the line where the function that was called last returns, or where it begins."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef) and node.name == self.name:
                return node.lineno
            if isinstance(node, ast.FunctionDef) and node.name == self.name:
                returns = [x for x in ast.walk(node) if isinstance(x, ast.Return) and x.value]
                return returns[-1].lineno if returns else node.lineno
        return None

    def expect(
        self,
        name: str,
        args: Sequence,
        expected: Any,
        *,
        given: str | None = None,
        forbidden: Mapping[str, str] | None = None,
        mistakes: Iterable[KnownMistake] = (),
        tolerance: float = 1e-5,
    ) -> None:
        """Call a function and compare what it returns.

        Args:
            name: of the function.
            args: its arguments; tensors are cloned, so that it cannot change them in place.
            expected: a tensor, a number, or a tuple of them; shape and dtype count.
            given: the arguments as text; printed with the message.
            forbidden: see `Forbid`.
            mistakes: see `compare`.
            tolerance: see `compare`.
        """
        copies = [x.clone() if isinstance(x, Tensor) else x for x in args]
        if given is None:
            given = ", ".join(map(show_shape, args))
        call = f"{name}({given})"
        got = self.call(name, *copies, forbidden=forbidden)
        for index, (before, after) in enumerate(zip(args, copies, strict=True), start=1):
            if isinstance(before, Tensor) and not same_values(before, after):
                raise wrong(
                    "changes-input",
                    f"{call} changes its argument number {index}.",
                    got=show(after),
                    expected=show(before),
                    cause=(
                        "An operation in place (its name ends in _, or +=) writes into the "
                        "caller's tensor."
                    ),
                )
        self.compare(call, got, expected, mistakes=mistakes, tolerance=tolerance)

    def compare(
        self,
        call: str,
        got: Any,
        expected: Any,
        *,
        mistakes: Iterable[KnownMistake] = (),
        tolerance: float = 1e-5,
    ) -> None:
        """Raise WrongAnswerError unless `got`, which `call` returned, is what was expected.

        Args:
            call: what was called, as text.
            got: what it returned.
            expected: see `difference`.
            mistakes: what known mistakes would return.
            tolerance: greatest difference for float values, absolute below 1 and relative above.
        """
        finding = difference(got, expected, tolerance)
        if finding is None:
            return
        for diagnosis, value, cause in mistakes:
            if difference(got, value, tolerance) is None:
                finding = replace(finding, diagnosis=diagnosis, cause=cause)
                break
        raise WrongAnswerError(replace(finding, sentence=f"{call} {finding.sentence}"))

    def expect_gradient(
        self, name: str, x: Tensor, reference: Callable, *args: Any, tolerance: float = 1e-4
    ) -> None:
        """Compare the gradient of what a function returns with a reference's.

        Args:
            name: of the function.
            x: its first argument.
            reference: a function that returns the same.
            args: further arguments.
            tolerance: see `compare`.
        """
        expected = gradient(reference, x, *args)
        got = gradient(lambda *given: self.call(name, *given), x, *args)
        if got is None:
            sentence = f"{name} returns a tensor without a gradient."
            cause = (
                "The way from input to output leaves the graph: "
                ".detach(), .data, .item(), NumPy or no_grad."
            )
            raise wrong("no-gradient", sentence, cause=cause)
        finding = difference(got, expected, tolerance)
        if finding is None:
            return
        sentence = f"The gradient of {name} at x = {show(x)} is wrong."
        finding = replace(finding, diagnosis="gradient", sentence=sentence)
        if not bool(got.isfinite().all()):
            cause = (
                "A value on the way is infinite, and infinity "
                "times zero is NaN in the backward pass."
            )
            finding = replace(finding, diagnosis="nan-gradient", cause=cause)
        raise WrongAnswerError(finding)

    def judge_training(self, watcher: Watcher, fails: Collection[str] = ()) -> None:
        """Read what a watcher noticed: those in `fails` fail the exercise, others are remarks."""
        for finding in watcher.findings():
            if finding.diagnosis in fails:
                raise WrongAnswerError(finding)
            self.remarks.setdefault(finding.diagnosis, finding)

    def judge_evaluation(self, watcher: Watcher) -> None:
        """Fail an evaluation in train mode, or one that is recorded for gradients."""
        for seen in watcher.forwards:
            if seen.training:
                raise WrongAnswerError(mistake("eval-in-train-mode", seen.line))
            if seen.gradients:
                raise WrongAnswerError(mistake("eval-with-gradients", seen.line))


class Forbid(TorchDispatchMode):
    """Notices operations by what PyTorch executes, whatever alias called them.

    Args:
        operations: name of the operation below autograd (`_softmax`) -> what learners call it.
        path: the learner's file.
    """

    def __init__(self, operations: Mapping[str, str], path: Path):
        super().__init__()
        self.operations = operations
        self.path = path
        self.used: Finding | None = None  # the first one

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        called = self.operations.get(func.overloadpacket.__name__.rstrip("_"))
        if called and self.used is None:
            sentence = f"The task is to do without {called}, but this line uses it."
            self.used = Finding("forbidden", sentence, line=learner_line(self.path))
        return func(*args, **(kwargs or {}))


def same_values(before: Tensor, after: Tensor) -> bool:
    """Tell whether a tensor has kept its values; NaN is equal to NaN."""
    return torch.equal(before.nan_to_num(), after.nan_to_num())


def gradient(function: Callable, x: Tensor, *args: Any) -> Tensor | None:
    """Return the gradient by x of a weighted sum of what a function returns, None without one."""
    leaf = x.clone().requires_grad_()
    out = function(leaf, *args)
    if not out.requires_grad:
        return None
    weights = torch.linspace(0.5, 1.5, out.numel(), dtype=out.dtype)
    loss = (out * weights.reshape(out.shape)).sum()
    (found,) = torch.autograd.grad(loss, leaf, allow_unused=True)
    return found
