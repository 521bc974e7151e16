"""Says what is right: type, shape, dtype, values, gradients, forbidden operations, and scores on fresh points."""

import ast
import inspect
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode


class Wrong(Exception):
    """The answer is wrong.

    Args:
        diagnosis: a short name of the mistake, the same in every message and test.
        sentence: what is wrong, in one sentence.
        details: `got`, `expected`, `difference`, `cause` as texts, `line` as a number.
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

    def get(self, name: str):
        """Return a function or class of the file."""
        if not callable(self.namespace.get(name)):
            raise Wrong(
                "missing-function",
                f"The file defines no {name}.",
                cause=f"The checker calls {name}; it was renamed, deleted, or stands inside another function.",
            )
        self.name = name
        return self.namespace[name]

    def call(self, name: str, *args, forbidden: Mapping[str, str] | None = None):
        """Call a function, or build an object of a class, with positional arguments."""
        function = self.get(name)
        try:
            inspect.signature(function).bind(*args)
        except TypeError as error:
            raise Wrong(
                "signature",
                f"{name} cannot be called with {len(args)} arguments: {error}.",
                cause="The task says which arguments the function takes, and in which order.",
                line=self.line(),
            ) from None
        with Forbid(forbidden, self.path) if forbidden else nullcontext() as guard:
            result = function(*args)
        if guard and guard.used:
            raise Wrong("forbidden", **guard.used)
        return result

    def line(self) -> int | None:
        """Return the line where the function that was called last returns, or where it begins."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == self.name:
                returns = [x for x in ast.walk(node) if isinstance(x, ast.Return) and x.value is not None]
                return returns[-1].lineno if returns and isinstance(node, ast.FunctionDef) else node.lineno
        return None

    def expect(self, name: str, args: Sequence, expected, *, mistakes=(), forbidden=None, tolerance=1e-5, given=None):
        """Call a function and compare what it returns.

        Args:
            name: of the function.
            args: its arguments; tensors are cloned, so that in-place changes cannot spoil the comparison.
            expected: a tensor, a number, or a tuple of them; shape and dtype count.
            mistakes: triples (diagnosis, what a known mistake would return, the cause in a sentence).
            forbidden: see `Forbid`.
            tolerance: greatest difference for float values, absolute below 1 and relative above.
            given: the arguments as text; printed with the message.
        """
        copies = [x.clone() if isinstance(x, Tensor) else x for x in args]
        call = f"{name}({given if given is not None else ', '.join(map(show_shape, args))})"
        got = self.call(name, *copies, forbidden=forbidden)
        for index, (before, after) in enumerate(zip(args, copies, strict=True)):
            if isinstance(before, Tensor) and not torch.equal(before.nan_to_num(), after.nan_to_num()):
                raise Wrong(
                    "changes-input",
                    f"{call} changes its argument number {index + 1}.",
                    got=show(after),
                    expected=show(before),
                    cause="An operation in place (its name ends in _, or +=) writes into the caller's tensor.",
                    line=self.line(),
                )
        self.compare(call, got, expected, mistakes=mistakes, tolerance=tolerance)
        return got

    def compare(self, call: str, got, expected, *, mistakes=(), tolerance=1e-5) -> None:
        """Raise Wrong unless `got`, which `call` returned, is what was expected."""
        fault = difference(got, expected, tolerance)
        if fault is None:
            return
        diagnosis, sentence, details = fault
        for known, value, cause in mistakes:
            if difference(got, value, tolerance) is None:
                diagnosis, details = known, {**details, "cause": cause}
                break
        raise Wrong(
            diagnosis,
            f"{call} {sentence}",
            **{"got": show(got), "expected": show(expected), "line": self.line(), **details},
        )

    def expect_gradient(self, name: str, x: Tensor, reference: Callable, *args, tolerance=1e-4, at_edge="") -> None:
        """Compare the gradient of the sum of what a function returns, times fixed weights, with a reference's."""
        gradients = []
        for function in (reference, lambda *given: self.call(name, *given)):
            leaf = x.clone().requires_grad_()
            out = function(leaf, *args)
            if not out.requires_grad:
                raise Wrong(
                    "no-gradient",
                    f"{name} returns a tensor without a gradient.",
                    cause="The way from input to output leaves the graph: .detach(), .data, .item(), NumPy or no_grad.",
                    line=self.line(),
                )
            weights = torch.linspace(0.5, 1.5, out.numel(), dtype=out.dtype).reshape(out.shape)
            gradients.append(torch.autograd.grad((out * weights).sum(), leaf)[0])
        expected, got = gradients
        if not bool(got.isfinite().all()):
            cause = "A value on the way is infinite, and infinity times zero is NaN in the backward pass."
            raise Wrong(
                "nan-gradient",
                f"The gradient of {name} at x = {show(x)} has NaN.",
                got=show(got),
                expected=show(expected),
                cause=cause,
                line=self.line(),
            )
        fault = difference(got, expected, tolerance)
        if fault:
            raise Wrong(
                "gradient",
                f"The gradient of {name} at x = {show(x)} {fault[1]}",
                **{"got": show(got), "expected": show(expected), "line": self.line(), **fault[2]},
            )

    def judge_training(self, fails: Iterable[str] = ()) -> None:
        """Read what the watcher noticed: a mistake that the exercise teaches fails it, others become remarks."""
        for diagnosis, finding in self.watcher.findings().items():
            if diagnosis in fails:
                raise Wrong(diagnosis, finding["sentence"], cause=finding["cause"], line=finding["line"])
            self.remarks.setdefault(diagnosis, finding)


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
            self.used = {"sentence": sentence, "line": learner_line(self.path)}
        return func(*args, **(kwargs or {}))


def train_and_score(
    code: Code,
    make: Callable[[int, int], tuple[Tensor, Tensor]],
    classes: int,
    accept: float,
    fails: Iterable[str] = (),
) -> list[str]:
    """Let the learner's `train(X, y)` train, plain and with the labels renamed; measure on 3,000 fresh points.

    Args:
        code: the learner's file.
        make: called as make(number of points, seed); returns X [N, 2] float32 and y [N] int64.
        classes: number of classes.
        accept: percentage from which a score passes; the best of up to three restarts counts.
        fails: diagnoses of the watcher that fail the exercise.

    Returns:
        What was measured, as sentences.
    """
    scores = []
    for shift in (0, 1):
        best, seen = -math.inf, None
        for attempt in range(3):
            seed = code.seed + 1000 * attempt
            X, y = make(1000, seed)
            torch.manual_seed(seed)
            with code.watcher:
                model = code.call("train", X.clone(), (y + shift) % classes)
            if not isinstance(model, nn.Module) and not callable(model):
                raise Wrong(
                    "returned-none" if model is None else "type",
                    f"train(X, y) returns {show_type(model)}; the checker needs the trained model.",
                    cause="A function without `return` gives None." if model is None else "Return the model alone.",
                    line=code.line(),
                )
            code.judge_training(fails)
            fresh_X, fresh_y = make(3000, seed + 500)
            fresh_y = (fresh_y + shift) % classes
            out = forward(code, model, fresh_X, classes)
            score = percent(labels_of(out), fresh_y)
            if score > best:
                best, seen = score, (model, X, out, fresh_y)
            if best >= accept:
                break
        scores.append(best)
        if best < accept:
            raise low_score(code, best, accept, shift, scores, classes, *seen)
    return [f"{scores[0]:.1f} % of 3000 fresh points, {scores[1]:.1f} % with the labels swapped (needed: {accept} %)"]


def low_score(code, best, accept, shift, scores, classes, model, X, out, y) -> Wrong:
    """Find the most probable cause of a score that is too low."""
    diagnosis, cause = "score", "More epochs, another learning rate or a wider network: look at the loss you print."
    probabilities = bool(((out >= 0) & (out <= 1)).all())
    if shift and (best < 50 or best < scores[0] - 40):
        diagnosis = "hard-coded"
        cause = "The labels' names were swapped, and the model answers as before: it does not learn from y."
    elif out.ndim == 1 and probabilities and percent((out >= 0.5).long(), y) > best:
        diagnosis = "probabilities"
        cause = "The model returns probabilities; the task asks for logits, without a sigmoid at the end."
    elif code.remarks:
        diagnosis, finding = next(iter(code.remarks.items()))
        cause = f"{finding['sentence']} {finding['cause']}"
    elif is_affine(model, X):
        diagnosis = "no-nonlinearity"
        cause = "The model is a straight line: without an activation between them, linear layers are one linear layer."
    labels = " when the labels are swapped" if shift else ""
    line = code.remarks[diagnosis]["line"] if diagnosis in code.remarks else code.line()
    return Wrong(
        diagnosis,
        f"The model of train(X, y) is right on {best:.1f} % of 3000 points it has never seen{labels}.",
        got=f"{best:.1f} % (chance: {100 / classes:.0f} %)",
        expected=f"at least {accept} %",
        cause=cause,
        line=line,
    )


def forward(code: Code, model, X: Tensor, classes: int) -> Tensor:
    """Return the logits of a trained model, [N] for one logit a row or [N, K]."""
    if isinstance(model, nn.Module):
        model.eval()
    with torch.no_grad():
        out = model(X)
    if isinstance(out, Tensor) and out.shape in {(len(X), 1), (len(X), 1, 1)}:
        out = out.reshape(len(X))
    right = isinstance(out, Tensor) and (out.shape == (len(X), classes) or (classes == 2 and out.shape == (len(X),)))
    if not right:
        shapes = f"[{len(X)}, {classes}]" + (f", [{len(X)}] or [{len(X)}, 1]" if classes == 2 else "")
        raise Wrong(
            "model-output",
            f"The model turns X {show_shape(X)} into {show_shape(out)}.",
            got=show_shape(out),
            expected=f"logits {shapes}",
            cause="The number of outputs of the last layer, or a reshape after it, does not fit the classes.",
            line=code.line(),
        )
    return out


def labels_of(logits: Tensor) -> Tensor:
    """Return labels [N] of logits [N] or [N, K]."""
    return (logits >= 0).long() if logits.ndim == 1 else logits.argmax(dim=1)


def percent(labels: Tensor, y: Tensor) -> float:
    """Return the percentage of equal entries of two tensors [N]."""
    return float((labels == y).double().mean() * 100)


def is_affine(model, X: Tensor) -> bool:
    """Say whether a model is a straight line: then the middle of two inputs gives the middle of their outputs."""
    generator = torch.Generator().manual_seed(0)
    first, second = (X[torch.randperm(len(X), generator=generator)] * 2 for _ in range(2))
    if isinstance(model, nn.Module):
        model.eval()
    with torch.no_grad():
        middle, ends = model((first + second) / 2), (model(first) + model(second)) / 2
    return bool((middle - ends).abs().max() < 1e-4 * (ends.std() + 1e-6))


def difference(got, expected, tolerance: float) -> tuple[str, str, dict] | None:
    """Compare type, shape, dtype, values in this order; None, or diagnosis, end of the sentence, details."""
    if got is None and expected is not None:
        cause = "A function that ends without `return` gives None."
        return "returned-none", "returns None.", {"cause": cause, "expected": show(expected)}
    if isinstance(expected, tuple):
        if not isinstance(got, tuple | list) or len(got) != len(expected):
            return "type", f"returns {show_type(got)}; expected {len(expected)} values.", {}
        for index, (one, right) in enumerate(zip(got, expected, strict=True)):
            if fault := difference(one, right, tolerance):
                detail = {"got": show(one), "expected": show(right), **fault[2]}
                return fault[0], f"(value {index + 1} of {len(expected)}) {fault[1]}", detail
        return None
    if isinstance(expected, Tensor):
        return tensor_difference(got, expected, tolerance)
    if isinstance(got, bool) != isinstance(expected, bool) or not isinstance(got, int | float):
        cause = "A tensor with one value becomes a Python number with .item()." if isinstance(got, Tensor) else ""
        return "type", f"returns {show_type(got)}; expected a Python {type(expected).__name__}.", {"cause": cause}
    if math.isnan(got) or abs(got - expected) > tolerance * max(1.0, abs(expected)):
        off = "" if isinstance(expected, bool) else f"{abs(got - expected):.6g}"
        return ("nan" if math.isnan(got) else "value"), "returns a wrong value.", {"difference": off}
    return None


def tensor_difference(got, expected: Tensor, tolerance: float) -> tuple[str, str, dict] | None:
    """Do `difference` for a tensor."""
    if not isinstance(got, Tensor):
        return "type", f"returns {show_type(got)}; expected a tensor.", {}
    shapes = {"got": show_shape(got), "expected": show_shape(expected)}
    if got.shape != expected.shape:
        return "shape", "returns the wrong shape.", shapes
    if got.dtype != expected.dtype:
        return "dtype", "returns the wrong dtype.", shapes
    got, expected = got.detach().double(), expected.detach().double()
    if bool(got.isnan().any()) and not bool(expected.isnan().any()):
        first = got.isnan().nonzero()[0].tolist()
        cause = "NaN comes of infinity / infinity, infinity - infinity, 0 / 0, or the logarithm of a negative number."
        return "nan", "returns NaN.", {"difference": f"the first NaN is at {first}", "cause": cause}
    if bool(got.isinf().any()) and bool(expected.isfinite().all()):
        first = got.isinf().nonzero()[0].tolist()
        cause = "A value is larger than its dtype holds, or something is divided by 0, or the logarithm of 0 was taken."
        return "infinite", "returns infinity.", {"difference": f"the first is at {first}", "cause": cause}
    off = (got - expected).abs().nan_to_num(nan=0.0, posinf=math.inf)
    if bool((off > tolerance * expected.abs().clamp(min=1.0)).any()):
        where = list(map(int, torch.unravel_index(off.argmax(), off.shape)))
        wrong = int((off > tolerance).sum())
        text = f"greatest {float(off.max()):.6g} at {where}; {wrong} of {off.numel()} values differ"
        return "value", "returns wrong values.", {"difference": text}
    return None


def show(value) -> str:
    """Return a value in full, on as few lines as it takes; only long tensors are cut."""
    if not isinstance(value, Tensor):
        return f"{value:.6g}" if isinstance(value, float) else str(value)[:2000]
    numbers = value.detach().flatten()
    text = ", ".join(f"{x:.6g}" if value.is_floating_point() else str(x) for x in numbers[:60].tolist())
    if value.ndim == 2 and len(numbers) <= 60:
        rows = value.detach().tolist()
        text = "; ".join(", ".join(f"{x:.6g}" if isinstance(x, float) else str(x) for x in row) for row in rows)
    return f"[{text}{', ...' if len(numbers) > 60 else ''}]" if value.ndim else text


def show_shape(value) -> str:
    """Return shape and dtype of a tensor, `[5, 2] float32`; the type and value of anything else."""
    if isinstance(value, Tensor):
        return f"{list(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    return show(value) if isinstance(value, int | float | str | list | tuple) else show_type(value)


def show_type(value) -> str:
    """Return the type of a value in words."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


def learner_line(path: Path) -> int | None:
    """Return the line of the learner's file that is being executed now."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != str(path):
        frame = frame.f_back
    return frame and frame.f_lineno
