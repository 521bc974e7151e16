"""Check of exercise 04: layers by their parameters, then what the model does."""

from itertools import pairwise

import torch
from torch import nn

from course.checker.comparing import show, show_shape, wrong
from course.checker.scoring import is_affine

HINTS = (
    (
        "Collect layers in a list in a loop over `hidden`; each layer takes as many features as "
        "the one before gives."
    ),
    (
        "nn.Sequential(*layers) takes a list apart and makes one module of it. PyTorch does not "
        "look into plain lists."
    ),
    (
        "The last linear layer comes after the loop, without ReLU: self.layers = "
        "nn.Sequential(*layers, nn.Linear(...))."
    ),
)
WHY = """PyTorch finds parameters by looking at attributes that are modules; Sequential and
    ModuleList are, plain lists are not. The last layer gives logits, any number, because the
    loss does the rest."""


def check(code):
    """Check three sizes of network."""
    for in_features, hidden, out_features in ((2, [16, 8], 3), (5, [4], 1), (3, [8, 8, 8], 2)):
        torch.manual_seed(code.seed)
        sizes = [in_features, *hidden, out_features]
        call = f"Classifier({in_features}, {hidden}, {out_features})"
        model = code.call("Classifier", in_features, list(hidden), out_features)
        if not isinstance(model, nn.Module):
            raise wrong(
                "not-a-module", f"{call} is not an nn.Module.", cause="class Classifier(nn.Module)"
            )
        shapes = sorted(tuple(p.shape) for p in model.parameters() if p.ndim == 2)
        expected = sorted((after, before) for before, after in pairwise(sizes))
        if shapes != expected:
            diagnosis = "layer-sizes"
            cause = (
                "Each layer takes what the one before it gives; a weight has the shape [out, in]."
            )
            if all(shape in expected for shape in shapes):
                diagnosis = "unregistered-layers"
                cause = (
                    "Layers are missing, or stand in a plain Python "
                    "list, where PyTorch does not find them."
                )
            raise wrong(
                diagnosis,
                f"The weights of {call} have wrong shapes.",
                got=str(shapes),
                expected=str(expected),
                cause=cause,
            )
        check_behaviour(model, call, in_features, out_features, code)
    return [
        "layers 2-16-8-3, 5-4-1 and 3-8-8-8-2, each with logits of the right shape and ReLU between"
    ]


def check_behaviour(model, call, in_features, out_features, code):
    """Check output shape, non-linearity, and that nothing comes after the last layer."""
    X = torch.randn(200, in_features, generator=torch.Generator().manual_seed(code.seed)) * 30
    out = model(X)
    if not isinstance(out, torch.Tensor) or out.shape != (200, out_features):
        expected = f"[200, {out_features}]"
        cause = "forward has to return what the last layer gives."
        text = f"{call} turns X [200, {in_features}] into {show_shape(out)}."
        raise wrong(
            "returned-none" if out is None else "shape", text, expected=expected, cause=cause
        )
    last = [p for p in model.parameters() if p.ndim == 2 and p.shape[0] == out_features][-1]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so logits are large and of both signs, whatever the initial values
        out = model(X)
        kept = last.clone()
        last.neg_()
        flipped = model(X)
        last.copy_(kept)
    low, high = torch.aminmax(torch.cat([out, flipped]))
    if low >= 0 or high <= 1:
        text = (
            f"The outputs of {call} are held between bounds: something comes after the last "
            "linear layer."
        )
        cause = (
            "A sigmoid, softmax or ReLU after the last layer; the loss takes logits of any size."
        )
        raise wrong(
            "not-logits",
            text,
            got=f"{show(low)} to {show(high)}",
            expected="any number",
            cause=cause,
        )
    if is_affine(model, X):
        cause = "There is no ReLU between the layers: together they are one linear layer."
        raise wrong("no-nonlinearity", f"{call} is a straight line.", cause=cause)
