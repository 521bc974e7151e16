"""Watches a training run and notices mistakes that its score does not show.

It changes no number: it looks at the losses, at each backward pass, at each optimizer step and at
each pass through the model. What it cannot judge it leaves alone: a false alarm is worse than
silence.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from course.checker.frames import learner_line
from course.checker.messages import MISTAKES, mistake
from course.checker.verdicts import Finding

UNUSED = 3  # passes with gradients that nothing learns from; fewer may be a look at one shape
CALLS = 20  # of a loss that gets numbers between 0 and 1; logits may be there by chance for a while
SMALL = 1000  # numbers in a parameter whose values are compared from step to step
RESHAPES = "View UnsafeView ReshapeAlias Squeeze Unsqueeze Clone Alias Select Slice ToCopy T"
PAIRS = F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss
LABELS = torch.eq, Tensor.eq, Tensor.__eq__, torch.ne, Tensor.ne, Tensor.__ne__
DIFFERENCES = torch.sub, Tensor.sub, Tensor.__sub__
BACKWARD = torch.autograd.backward, Tensor.backward


@dataclass
class Pass:
    """One pass through a model."""

    line: int | None
    gradients: bool
    training: bool
    used: bool = False  # a gradient came back, or somebody took care of it


@dataclass
class Parameter:
    """A parameter, and what the last backward pass left of it."""

    tensor: Tensor
    value: Tensor  # after that pass
    stale: bool = False  # an update has used the gradient, and it was not zeroed
    mixed: bool = False  # a new gradient was added to a stale one
    before: Tensor | None = None  # the stale gradient, while the next backward pass runs

    @property
    def has_gradient(self) -> bool:
        """Tell whether there is a gradient other than zero."""
        return self.tensor.grad is not None and bool(self.tensor.grad.any())


@dataclass
class Range:
    """The least and the greatest of some numbers."""

    low: float
    high: float


@dataclass
class Optimizer:
    """An optimizer that has made a step."""

    parameters: list[Tensor]
    line: int | None
    fed: bool = False  # a step had gradients other than zero


class Watcher(TorchFunctionMode):
    """Watches one run, while it is entered: PyTorch tells of each function that is called.

    Args:
        path: the learner's file, whose lines are named.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.forwards: list[Pass] = []
        self.backwards = 0
        self.updates = 0  # backward passes that found a parameter changed since the one before
        self._looks: dict[Callable, Callable] = {
            Tensor.detach: self._detach,
            F.cross_entropy: self._cross_entropy,
            F.binary_cross_entropy_with_logits: self._bce_with_logits,
            **dict.fromkeys(PAIRS, self._pair),
            **dict.fromkeys(LABELS, self._labels),
            **dict.fromkeys(DIFFERENCES, self._difference),
            **dict.fromkeys(BACKWARD, self._before_backward),
        }
        self._hooks: list[RemovableHandle] = []
        self._depth = 0  # modules inside of modules
        self._lines: dict[str, int | None] = {}  # diagnosis -> line
        self._optimizers: dict[int, Optimizer] = {}  # by id
        self._parameters: dict[int, Parameter] = {}  # by id of the tensor
        self._reached: list[Tensor] = []  # the parameters that the first backward passes reach
        self._ranges: list[Range] = []  # of what a loss that applies sigmoid itself got

    def __enter__(self):
        self._hooks = [
            register_module_forward_pre_hook(self._before_forward),
            register_module_forward_hook(quiet(self._after_forward), always_call=True),
            register_optimizer_step_post_hook(quiet(self._after_step)),
        ]
        return super().__enter__()

    def __exit__(self, *error):
        for hook in self._hooks:
            hook.remove()
        return super().__exit__(*error)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        look, kwargs = self._looks.get(func), kwargs or {}
        if look:
            quiet(look)(*args, **kwargs)
        result = func(*args, **kwargs)
        if func in BACKWARD:
            quiet(self._after_backward)()
        return result

    def findings(self) -> list[Finding]:
        """Return what was noticed so far, the most probable cause first."""
        lines = dict(self._lines)
        reached = {id(p) for p in self._reached}
        for optimizer in self._optimizers.values():
            if self.backwards and not optimizer.fed:
                known = reached & {id(p) for p in optimizer.parameters}
                diagnosis = "zeroed-before-step" if known else "other-parameters"
                lines.setdefault(diagnosis, optimizer.line)
        unused = [one.line for one in self.forwards if one.gradients and not one.used]
        if len(unused) >= UNUSED:
            lines.setdefault("eval-with-gradients", unused[-1])
        if self._got_probabilities():
            lines.setdefault("sigmoid-twice", lines.get("perhaps-sigmoid"))
        return [mistake(name, lines[name]) for name in MISTAKES if name in lines]

    def _got_probabilities(self) -> bool:
        """Tell whether a loss that applies sigmoid itself got numbers from 0 to 1, many times."""
        wide = any(got.high - got.low > 0.8 for got in self._ranges)
        inside = all(got.low >= 0 and got.high <= 1 for got in self._ranges)
        return wide and inside and len(self._ranges) >= CALLS

    def _note(self, diagnosis: str) -> None:
        self._lines.setdefault(diagnosis, learner_line(self.path))

    # Losses

    def _cross_entropy(self, input, target, *_, **__):
        if not input.requires_grad or input.ndim < 2 or input.shape[1] < 2:
            return
        rows = input.detach().movedim(1, -1).reshape(-1, input.shape[1])
        positive = bool((rows >= 0).all())
        sum_to_1 = bool(((rows.sum(1) - 1).abs() < 1e-4).all())
        by_value = len(rows) >= 2 and positive and sum_to_1
        if came_from(input) == "Softmax" or by_value:
            self._note("softmax-twice")

    def _bce_with_logits(self, input, target, *_, **__):
        if input.requires_grad:
            certain = came_from(input) in ("Sigmoid", "Softmax", "Hardsigmoid")
            self._note("sigmoid-twice" if certain else "perhaps-sigmoid")
            low, high = torch.aminmax(input.detach())
            self._ranges.append(Range(float(low), float(high)))

    def _pair(self, input, target, *_, **__):
        """[N, 1] against [N], or [N] against [N, 1]."""
        one, other = sorted((input.shape, target.shape), key=len)
        if len(one) == 1 and one[0] > 1 and other == (one[0], 1):
            self._note("broadcast")

    def _labels(self, first, second, *_, **__):
        """Labels against predictions; fewer than 20 may be an experiment."""
        if first.data_ptr() != second.data_ptr() and max(first.numel(), second.numel()) >= 20:
            self._pair(first, second)

    def _difference(self, first, second, *_, **__):
        if first.requires_grad != second.requires_grad:
            self._labels(first, second)

    # Passes through the model

    def _before_forward(self, module, inputs):
        self._depth += 1

    def _after_forward(self, module, inputs, output):
        self._depth -= 1
        out = output[0] if isinstance(output, tuple | list) else output
        whole = self._depth == 0 and next(module.parameters(), None) is not None
        if not whole or not isinstance(out, Tensor) or not self._called_by_learner():
            return
        one = Pass(learner_line(self.path), out.requires_grad, module.training)
        if out.requires_grad:
            out._watched = one
            out.register_hook(lambda gradient: setattr(one, "used", True))
        self.forwards.append(one)
        random = [part for part in module.modules() if isinstance(part, _DropoutNd | _BatchNorm)]
        if any(part.training for part in random) and not torch.is_grad_enabled():
            self._note("eval-in-train-mode")

    def _called_by_learner(self) -> bool:
        """Tell whether the learner's file itself calls the model, and not PyTorch on its behalf."""
        frame: FrameType | None = sys._getframe(1)
        between = (__file__, nn.modules.module.__file__)
        while frame is not None and frame.f_code.co_filename in between:
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename == str(self.path)

    def _detach(self, tensor, *_, **__):
        if hasattr(tensor, "_watched"):
            tensor._watched.used = True  # whoever detaches knows about gradients

    # Backward passes and steps

    def _track(self, tensors) -> None:
        """Follow the values of small parameters; a bias is enough, and quick to compare."""
        for tensor in tensors:
            if id(tensor) not in self._parameters and tensor.numel() <= SMALL:
                self._parameters[id(tensor)] = Parameter(tensor, tensor.detach().clone())

    def _before_backward(self, tensors, *_, **__):
        self.backwards += 1
        if self.backwards <= 3:
            roots = [tensors] if isinstance(tensors, Tensor) else tensors
            found = leaves([root.grad_fn for root in roots])
            self._reached += found
            self._track(found)
        moved = False
        for parameter in self._parameters.values():
            updated = not torch.equal(parameter.tensor, parameter.value)
            moved = moved or updated
            if parameter.mixed and updated:
                # by hand: the steps of optimizers are seen when they happen
                self._note("no-zero-grad")
            parameter.stale = updated and parameter.has_gradient
            parameter.mixed &= parameter.has_gradient
            parameter.before = parameter.tensor.grad.clone() if parameter.stale else None
        self.updates += moved

    def _after_backward(self):
        for parameter in self._parameters.values():
            if parameter.stale and not torch.equal(parameter.tensor.grad, parameter.before):
                parameter.mixed = True
            parameter.value = parameter.tensor.detach().clone()

    def _after_step(self, optimizer, args, kwargs):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        state = self._optimizers.setdefault(id(optimizer), Optimizer(parameters, None))
        state.line = learner_line(self.path)
        state.fed = state.fed or any(p.grad is not None and bool(p.grad.any()) for p in parameters)
        self._track(parameters)
        mine = {id(p) for p in parameters}
        if any(parameter.mixed for key, parameter in self._parameters.items() if key in mine):
            self._note("no-zero-grad")


def quiet(look):
    """Make a look harmless: what cannot be looked at is not an error of the learner's."""

    def looking(*args, **kwargs):
        with suppress(Exception):
            look(*args, **kwargs)

    return looking


def came_from(tensor: Tensor) -> str:
    """Return the operation that made a tensor, reshapes aside: `Softmax`, `Addmm`."""
    node = tensor.grad_fn
    while node is not None:
        name = node.name().partition("Backward")[0]
        if name not in RESHAPES.split() or not node.next_functions:
            return name
        node = node.next_functions[0][0]
    return ""


def leaves(nodes: list) -> list[Tensor]:
    """Return the parameters that a graph leads to."""
    found, seen = [], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        with suppress(AttributeError):
            found.append(node.variable)
        nodes += [parent for parent, _ in node.next_functions]
    return found
