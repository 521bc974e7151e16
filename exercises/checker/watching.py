"""Watches a training run and notices mistakes that its score does not show.

It changes no number: it looks at the losses, at each backward pass, at each optimizer step and at each pass through
the model, by hooks and by thin wrappers around a few functions of PyTorch, and takes them away again. What it cannot
judge it leaves alone: a false alarm is worse than silence.
"""

import functools
import sys
from contextlib import suppress
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

from exercises.checker.comparing import learner_line

UNUSED = 3  # passes with gradients that nothing learns from; fewer may be a look at one shape
RESHAPES = {
    "View",
    "UnsafeView",
    "ReshapeAlias",
    "Squeeze",
    "Unsqueeze",
    "Clone",
    "Alias",
    "Select",
    "Slice",
    "ToCopy",
    "T",
}

MISTAKES = {
    "no-zero-grad": (
        "This step uses gradients of the step before: they were added up.",
        "backward() adds to .grad. Call optimizer.zero_grad() once for each step, before backward() or after step().",
    ),
    "zeroed-before-step": (
        "When the optimizer steps, the gradients are gone: zero_grad() stands between backward() and step().",
        "The order is: zero_grad(), backward(), step().",
    ),
    "other-parameters": (
        "None of the optimizer's parameters ever gets a gradient: it holds the parameters of another model.",
        "Build the optimizer from the model that is trained: torch.optim.SGD(model.parameters(), ...).",
    ),
    "softmax-twice": (
        "The loss gets probabilities of a softmax, but cross entropy takes logits and applies softmax itself.",
        "Leave the softmax out; with it the loss has a floor and the gradients are small.",
    ),
    "sigmoid-twice": (
        "The loss gets probabilities of a sigmoid, but BCEWithLogitsLoss takes logits and applies sigmoid itself.",
        "Leave the sigmoid out, in the model too.",
    ),
    "eval-with-gradients": (
        "Passes through the model are recorded for gradients, and nothing learns from them.",
        "Evaluate under torch.inference_mode() (or no_grad): it saves memory and time.",
    ),
    "eval-in-train-mode": (
        "The model is evaluated in train mode: its dropout or batch normalization is still at work.",
        "Call model.eval() before evaluating and model.train() before the next step.",
    ),
    "broadcast": (
        "[N, 1] meets [N] here, and PyTorch makes [N, N] of it: every prediction against every label.",
        "Bring both to one shape first: logits.squeeze(1), or y.unsqueeze(1).",
    ),
}


class Watcher:
    """Watches while it is entered. `install` before the learner's code is loaded, `remove` at the end."""

    def __init__(self, path: Path):
        self.path = path
        self.forwards: list[dict] = []  # each pass through a model: line, gradients, training, used
        self.backwards = 0
        self._active = False
        self._undo = []
        self._reset()

    def __enter__(self):
        self._reset()
        self._active = True
        return self

    def __exit__(self, *_):
        self._active = False

    def findings(self) -> dict[str, dict]:
        """Return what was noticed in the last run: diagnosis -> sentence, cause, line."""
        lines = dict(self._lines)
        for state in self._optimizers.values():
            if self.backwards and not state["fed"]:
                mine = {id(p) for group in state["optimizer"].param_groups for p in group["params"]}
                lines.setdefault("zeroed-before-step" if mine & self._reached else "other-parameters", state["line"])
        unused = [x["line"] for x in self.forwards if x["gradients"] and not x["used"]]
        if len(unused) >= UNUSED:
            lines.setdefault("eval-with-gradients", unused[-1])
        low, high, widest, calls, line = self._sigmoid
        if calls >= 20 and low >= 0 and high <= 1 and widest > 0.8:
            lines.setdefault("sigmoid-twice", line)
        order = [name for name in MISTAKES if name in lines]
        return {
            name: {"sentence": MISTAKES[name][0], "cause": MISTAKES[name][1], "line": lines[name]} for name in order
        }

    def install(self) -> "Watcher":
        """Put the hooks and wrappers in place."""
        for owner, name, look in (
            (F, "cross_entropy", self._cross_entropy),
            (F, "binary_cross_entropy_with_logits", self._bce_with_logits),
            (F, "mse_loss", self._pair),
            (F, "l1_loss", self._pair),
            (F, "smooth_l1_loss", self._pair),
            (F, "huber_loss", self._pair),
            (torch, "eq", self._labels),
            (Tensor, "eq", self._labels),
            (Tensor, "__eq__", self._labels),
            (Tensor, "__ne__", self._labels),
            (Tensor, "__sub__", self._difference),
            (Tensor, "detach", self._detach),
        ):
            self._wrap(owner, name, before=look)
        self._wrap(torch.autograd, "backward", before=self._before_backward, after=self._after_backward)
        depth = [0]

        def enter(module, inputs):
            depth[0] += 1

        def leave(module, inputs, output):
            depth[0] -= 1
            if self._active and depth[0] == 0:
                self._quietly(self._forward, module, output)

        for handle in (
            register_module_forward_pre_hook(enter),
            register_module_forward_hook(leave, always_call=True),
            register_optimizer_step_post_hook(lambda *given: self._active and self._quietly(self._step, given[0])),
        ):
            self._undo.append(handle.remove)
        return self

    def remove(self) -> None:
        """Take hooks and wrappers away."""
        while self._undo:
            self._undo.pop()()

    def _reset(self) -> None:
        self.forwards = []
        self._lines: dict[str, int | None] = {}
        self._optimizers: dict[int, dict] = {}
        self._reached: set[int] = set()  # parameters that the first backward passes reach
        self.backwards = 0
        self._sigmoid = (float("inf"), -float("inf"), 0.0, 0, None)

    def _wrap(self, owner, name: str, before, after=None) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapper(*args, **kwargs):
            if not self._active:
                return original(*args, **kwargs)
            seen = self._quietly(before, *args, **kwargs)
            result = original(*args, **kwargs)
            if after:
                self._quietly(after, seen)
            return result

        setattr(owner, name, wrapper)
        self._undo.append(lambda: setattr(owner, name, original))

    def _quietly(self, look, *args, **kwargs):
        """Look without being watched; whatever cannot be looked at is no finding."""
        self._active = False
        try:
            return look(*args, **kwargs)
        except Exception:
            return None
        finally:
            self._active = True

    def _note(self, diagnosis: str) -> None:
        self._lines.setdefault(diagnosis, learner_line(self.path))

    # Losses

    def _cross_entropy(self, input, target, *_, **__):
        if not input.requires_grad or input.ndim < 2 or input.shape[1] < 2:
            return
        rows = input.detach().movedim(1, -1).reshape(-1, input.shape[1])
        by_value = len(rows) >= 2 and bool((rows >= 0).all()) and bool(((rows.sum(1) - 1).abs() < 1e-4).all())
        if came_from(input) == "Softmax" or by_value:
            self._note("softmax-twice")

    def _bce_with_logits(self, input, target, *_, **__):
        if not input.requires_grad:
            return
        if came_from(input) in ("Sigmoid", "Softmax", "Hardsigmoid"):
            self._note("sigmoid-twice")
        lowest, highest = (float(x) for x in torch.aminmax(input.detach()))
        low, high, widest, calls, line = self._sigmoid
        line = line or learner_line(self.path)
        self._sigmoid = min(low, lowest), max(high, highest), max(widest, highest - lowest), calls + 1, line

    def _pair(self, input, target, *_, **__):
        if mismatched(input, target):
            self._note("broadcast")

    def _labels(self, first, second, *_, **__):
        if isinstance(second, Tensor) and mismatched(first, second) and max(first.numel(), second.numel()) >= 20:
            self._note("broadcast")

    def _difference(self, first, second, *_, **__):
        if isinstance(second, Tensor) and first.requires_grad != second.requires_grad:
            self._labels(first, second)

    # Passes through the model

    def _forward(self, module, output):
        out = output[0] if isinstance(output, tuple | list) else output
        has_parameters = next(module.parameters(), None) is not None
        if not has_parameters or not isinstance(out, Tensor) or not self._called_by_learner():
            return
        record = {"gradients": out.requires_grad, "training": module.training, "used": False}
        record["line"] = learner_line(self.path)
        if out.requires_grad:
            record["used"] = True  # unless the hook can be set, nobody will tell
            out.register_hook(lambda gradient: record.update(used=True))
            record["used"] = False
            out._watched = record
        elif not torch.is_grad_enabled():
            at_work = any(m.training for m in module.modules() if isinstance(m, _DropoutNd | _BatchNorm))
            if at_work:
                self._note("eval-in-train-mode")
        self.forwards.append(record)

    def _called_by_learner(self) -> bool:
        """Say whether the learner's file itself calls the model, and not PyTorch on its behalf."""
        frame = sys._getframe(1)
        skip = (__file__, nn.modules.module.__file__)
        while frame is not None and frame.f_code.co_filename in skip:
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename == str(self.path)

    def _detach(self, tensor, *_, **__):
        if (record := getattr(tensor, "_watched", None)) is not None:
            record["used"] = True  # whoever detaches knows about gradients

    # Backward passes and steps

    def _before_backward(self, tensors, *_, **__):
        """Return the optimizers whose gradients are still those of their last step."""
        self.backwards += 1
        if self.backwards <= 3:
            roots = [tensors] if isinstance(tensors, Tensor) else list(tensors)
            self._reached |= leaves([root.grad_fn for root in roots])
        stale = []
        for state in self._optimizers.values():
            parameter, kept = state["parameter"], state["kept"]
            if parameter is None:
                continue
            if parameter.grad is None or not bool(parameter.grad.any()):
                state["tainted"], state["kept"] = False, None
            elif kept is not None and torch.equal(parameter.grad, kept):
                stale.append(state)
            else:
                state["kept"] = None
        return stale

    def _after_backward(self, stale):
        for state in stale or ():
            if not torch.equal(state["parameter"].grad, state["kept"]):
                state["tainted"] = True

    def _step(self, optimizer):
        state = self._optimizers.setdefault(
            id(optimizer), {"optimizer": optimizer, "steps": 0, "fed": 0, "tainted": False}
        )
        line = state["line"] = learner_line(self.path)
        state["steps"] += 1
        if state["tainted"]:
            self._lines.setdefault("no-zero-grad", line)
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        parameters.sort(key=Tensor.numel)  # one is enough, and a small one is quick
        chosen = next((p for p in parameters if bool(p.grad.any())), None)
        state["fed"] += chosen is not None
        state.update(parameter=chosen, kept=None if chosen is None else chosen.grad.clone(), tainted=False)


def mismatched(first: Tensor, second: Tensor) -> bool:
    """Say whether [N, 1] meets [N], or [N] meets [N, 1], with N above 1."""
    one, other = sorted((first.shape, second.shape), key=len)
    return len(one) == 1 and len(other) == 2 and other == (len_of(one), 1) and len_of(one) > 1


def len_of(shape: torch.Size) -> int:
    """Return N of [N]."""
    return shape[0]


def came_from(tensor: Tensor) -> str:
    """Return the operation that made a tensor, reshapes aside: `Softmax`, `Addmm`."""
    node = tensor.grad_fn
    while node is not None:
        name = node.name().partition("Backward")[0]
        if name not in RESHAPES or not node.next_functions:
            return name
        node = node.next_functions[0][0]
    return ""


def leaves(nodes: list) -> set[int]:
    """Return the ids of the parameters that a graph leads to."""
    found, seen = set(), set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        with suppress(AttributeError):
            found.add(id(node.variable))
        nodes += [parent for parent, _ in node.next_functions]
    return found
