"""Says what is right: type, shape, dtype, values, gradients, and which operations do the work."""

import ast
import inspect
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from course.checker.messages import MISTAKES

CAUSES = {
    "None": "A function that ends without `return` gives None.",
    "a tensor": "A tensor with one value becomes a Python number with .item().",
    "nan": "NaN comes of infinity / infinity, infinity - infinity, 0 / 0, or the logarithm of a negative number.",
    "infinite": "A value is larger than its dtype holds, or is divided by 0, or the logarithm of 0 was taken.",
}


class Wrong(Exception):
    """The answer is wrong.

    Args:
        diagnosis: a short name of the mistake, the same in every message and test.
        sentence: what is wrong, in one sentence.
        details: `got`, `expected`, `difference`, `cause` as texts; `line`, where it is not the one that returns.
    """

    def __init__(self, diagnosis: str, sentence: str, **details):
        super().__init__(sentence)
        self.diagnosis, self.sentence, self.details = diagnosis, sentence, details


class Code:
    """The learner's file: its functions are called through here, so that each failure names function and line."""

    def __init__(self, path: Path, namespace: dict, seed: int, watcher):
        self.path, self.namespace, self.seed, self.watcher = path, namespace, seed, watcher
        self.tree = ast.parse(path.read_bytes())
        self.remarks: dict[str, dict] = {}
        self.name = ""  # the function that was called last

    def call(self, name: str, *args, forbidden: Mapping[str, str] | None = None):
        """Call a function, or build an object of a class, with positional arguments; `forbidden` as for `Forbid`."""
        function = self.namespace.get(name)
        if not callable(function):
            cause = f"The checker calls {name}; it was renamed, deleted, or stands inside another function."
            raise Wrong("missing-function", f"The file defines no {name}.", cause=cause, line=None)
        self.name = name
        try:
            inspect.signature(function).bind(*args)
        except TypeError as error:
            sentence = f"{name} cannot be called with {len(args)} arguments: {error}."
            cause = "The task says which arguments the function takes, and in which order."
            raise Wrong("signature", sentence, cause=cause) from None
        except ValueError:
            pass  # a function of PyTorch itself tells no signature
        with Forbid(forbidden or {}, self.path) as guard:
            result = function(*args)
        if guard.used:
            raise Wrong("forbidden", **guard.used)
        return result

    def line(self) -> int | None:
        """Return the line where the function that was called last returns, or where it begins."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == self.name:
                returns = [
                    x for x in ast.walk(node) if isinstance(x, ast.Return) and x.value is not None
                ]
                return (
                    returns[-1].lineno
                    if returns and isinstance(node, ast.FunctionDef)
                    else node.lineno
                )
        return None

    def expect(self, name: str, args: Sequence, expected, *, given=None, forbidden=None, **options):
        """Call a function and compare what it returns.

        Args:
            name: of the function.
            args: its arguments; tensors are cloned, so that in-place changes cannot spoil the comparison.
            expected: a tensor, a number, or a tuple of them; shape and dtype count.
            given: the arguments as text; printed with the message.
            forbidden: see `Forbid`.
            options: `mistakes` and `tolerance` of `compare`.
        """
        copies = [x.clone() if isinstance(x, Tensor) else x for x in args]
        call = f"{name}({given if given is not None else ', '.join(map(show_shape, args))})"
        got = self.call(name, *copies, forbidden=forbidden)
        for index, (before, after) in enumerate(zip(args, copies, strict=True), start=1):
            if isinstance(before, Tensor) and not torch.equal(
                before.nan_to_num(), after.nan_to_num()
            ):
                cause = "An operation in place (its name ends in _, or +=) writes into the caller's tensor."
                sentence = f"{call} changes its argument number {index}."
                raise Wrong(
                    "changes-input", sentence, got=show(after), expected=show(before), cause=cause
                )
        self.compare(call, got, expected, **options)

    def compare(
        self, call: str, got, expected, *, mistakes: Iterable[tuple] = (), tolerance=1e-5
    ) -> None:
        """Raise Wrong unless `got`, which `call` returned, is what was expected.

        Args:
            call: what was called, as text.
            got: what it returned.
            expected: see `difference`.
            mistakes: triples (diagnosis, what a known mistake would return, the cause in a sentence).
            tolerance: greatest difference for float values, absolute below 1 and relative above.
        """
        fault = difference(got, expected, tolerance)
        if fault is None:
            return
        for diagnosis, value, cause in mistakes:
            if difference(got, value, tolerance) is None:
                fault |= {"diagnosis": diagnosis, "cause": cause}
                break
        raise Wrong(**{**fault, "sentence": f"{call} {fault['sentence']}"})

    def expect_gradient(
        self, name: str, x: Tensor, reference: Callable, *args, tolerance=1e-4
    ) -> None:
        """Compare the gradient of the sum of what a function returns, times fixed weights, with a reference's."""
        gradients = []
        for function in (reference, lambda *given: self.call(name, *given)):
            leaf = x.clone().requires_grad_()
            out = function(leaf, *args)
            weights = torch.linspace(0.5, 1.5, out.numel(), dtype=out.dtype).reshape(out.shape)
            loss = (out * weights).sum()
            gradients.append(
                torch.autograd.grad(loss, leaf, allow_unused=True)[0] if out.requires_grad else None
            )
            if gradients[-1] is None:
                cause = "The way from input to output leaves the graph: .detach(), .data, .item(), NumPy or no_grad."
                raise Wrong(
                    "no-gradient", f"{name} returns a tensor without a gradient.", cause=cause
                )
        expected, got = gradients
        if fault := difference(got, expected, tolerance):
            fault |= {
                "diagnosis": "gradient",
                "sentence": f"The gradient of {name} at x = {show(x)} is wrong.",
            }
            if not bool(got.isfinite().all()):
                cause = "A value on the way is infinite, and infinity times zero is NaN in the backward pass."
                fault |= {"diagnosis": "nan-gradient", "cause": cause}
            raise Wrong(**fault)

    def judge_training(self, fails: Iterable[str] = ()) -> None:
        """Read what the watcher noticed: a mistake that the exercise teaches fails it, others become remarks."""
        for diagnosis, line in self.watcher.findings().items():
            if diagnosis in fails:
                raise Wrong(diagnosis, **MISTAKES[diagnosis], line=line)
            self.remarks.setdefault(diagnosis, {**MISTAKES[diagnosis], "line": line})

    def judge_evaluation(self) -> None:
        """Fail an evaluation in train mode, or one that is recorded for gradients."""
        for seen in self.watcher.forwards:
            if seen.training or seen.gradients:
                diagnosis = "eval-in-train-mode" if seen.training else "eval-with-gradients"
                raise Wrong(diagnosis, **MISTAKES[diagnosis], line=seen.line)


class Forbid(TorchDispatchMode):
    """Notices operations by what PyTorch executes, whatever alias called them.

    Args:
        operations: name of the operation below autograd (`tanh`, `_softmax`) -> what learners call it.
        path: the learner's file.
    """

    def __init__(self, operations: Mapping[str, str], path: Path):
        super().__init__()
        self.operations, self.path, self.used = operations, path, None

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        called = self.operations.get(func.overloadpacket.__name__.rstrip("_"))
        if called and self.used is None:
            sentence = f"The task is to do without {called}, but this line uses it."
            line = learner_line(self.path)
            self.used = {"sentence": sentence, "line": line} if line else {"sentence": sentence}
        return func(*args, **(kwargs or {}))


def difference(got, expected, tolerance: float) -> dict | None:
    """Compare type, shape, dtype and values, in this order.

    Args:
        got: anything.
        expected: a tensor, a number, or a tuple of them.
        tolerance: greatest difference, absolute where the expected value is below 1 and relative above.

    Returns:
        None where nothing differs; else `diagnosis`, `sentence` (without its subject), `got`, `expected`, and as far as
        they are known `difference` and `cause`.
    """
    fault = {"got": show(got), "expected": show(expected)}
    if type_of(got) != type_of(expected):
        sentence = f"returns {type_of(got)}; expected {type_of(expected)}."
        diagnosis = "returned-none" if got is None else "type"
        return {
            **fault,
            "diagnosis": diagnosis,
            "sentence": sentence,
            "cause": CAUSES.get(type_of(got), ""),
        }
    if isinstance(expected, tuple):
        for index, pair in enumerate(zip(got, expected, strict=True), start=1):
            if fault := difference(*pair, tolerance):
                return {
                    **fault,
                    "sentence": f"(value {index} of {len(expected)}) {fault['sentence']}",
                }
        return None
    for name in ("shape", "dtype") if isinstance(expected, Tensor) else ():
        if getattr(got, name) != getattr(expected, name):
            shapes = {"got": show_shape(got), "expected": show_shape(expected)}
            return {**shapes, "diagnosis": name, "sentence": f"returns the wrong {name}."}
    got, expected = (torch.as_tensor(value).detach().double() for value in (got, expected))
    for diagnosis, word, found in (
        ("nan", "NaN", torch.isnan),
        ("infinite", "infinity", torch.isinf),
    ):
        places = (found(got) & ~found(expected)).nonzero().tolist()
        if places:
            where = f"the first is at {places[0]}" if got.ndim else ""
            fault |= {"difference": where, "cause": CAUSES[diagnosis]}
            return {**fault, "diagnosis": diagnosis, "sentence": f"returns {word}."}
    off = (got - expected).abs().nan_to_num(nan=0.0, posinf=math.inf)
    beyond = off > tolerance * expected.abs().clamp(min=1.0)
    if not bool(beyond.any()):
        return None
    greatest = f"{float(off.max()):.6g}"
    if got.ndim == 0:
        return {
            **fault,
            "diagnosis": "value",
            "sentence": "returns a wrong value.",
            "difference": greatest,
        }
    where = [int(index) for index in torch.unravel_index(off.argmax(), off.shape)]
    text = f"greatest {greatest} at {where}; {int(beyond.sum())} of {off.numel()} values differ"
    return {**fault, "diagnosis": "value", "sentence": "returns wrong values.", "difference": text}


def type_of(value) -> str:
    """Return the type of a value in words; equal words are the same type to the checker."""
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, tuple | list):
        return f"{len(value)} values"
    if isinstance(value, int | float):
        return f"a Python {'bool' if isinstance(value, bool) else 'number'}"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def show(value) -> str:
    """Return a value in full; what has more than 60 numbers, or 2000 characters, is cut."""
    if not isinstance(value, Tensor):
        return f"{value:.6g}" if isinstance(value, float) else str(value)[:2000]
    flat = value.detach().flatten()[:60].tolist()
    numbers = [f"{x:.6g}" if isinstance(x, float) else str(x) for x in flat]
    if value.ndim == 0:
        return numbers[0]
    width = value.shape[1] if value.ndim == 2 and 0 < value.numel() <= 60 else 60
    rows = [", ".join(numbers[start : start + width]) for start in range(0, len(numbers), width)]
    return f"[{'; '.join(rows)}{', ...' if value.numel() > 60 else ''}]"


def show_shape(value) -> str:
    """Return shape and dtype of a tensor, `[5, 2] float32`; anything else in full, or its type."""
    if isinstance(value, Tensor):
        return f"{list(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    return show(value) if isinstance(value, int | float | str | list | tuple) else type_of(value)


def learner_line(path: Path) -> int | None:
    """Return the line of the learner's file that is being executed now."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != str(path):
        frame = frame.f_back
    return frame and frame.f_lineno
