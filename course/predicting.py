"""Asking a network without changing it: its mode, its device and its gradients stay as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import as_numbers, show_shape
from course.text import first_line


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put every part of the model into eval mode, and back into the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def logits_of_points(model: nn.Module, points: np.ndarray) -> Tensor:
    """Return what the model makes of points `[M, 2]`: finite logits `[M]`, `[M, 1]` or `[M, K]`, float64 on the CPU.

    Raises:
        TypeError: the model is no network, or its output no tensor.
        ValueError: it does not take two features, or its output has another shape.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is of the type {type(model).__name__}; expected a torch.nn.Module.")
    inputs = torch.as_tensor(points)
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            inputs = inputs.to(tensor)  # its dtype and device
            break
    else:
        inputs = inputs.float()
    with eval_mode(model), torch.inference_mode():
        try:
            logits = model(inputs)
        except Exception as error:
            raise ValueError(
                f"the model failed on points of two features, shape {show_shape(inputs)} "
                f"({type(error).__name__}: {first_line(error)}); expected a model that takes [N, 2]."
            ) from error
    if not isinstance(logits, Tensor):
        raise TypeError(
            f"the model's output is of the type {type(logits).__name__}; expected a tensor of logits."
        )
    logits = torch.from_numpy(as_numbers(logits, "the model's output"))
    if logits.ndim not in (1, 2) or len(logits) != len(points) or not logits.numel():
        raise ValueError(
            f"the model's output for {len(points)} points has the shape {show_shape(logits)}; "
            "expected logits [N], [N, 1] or [N, K]."
        )
    return logits


def predict_logits(model: nn.Module, X: Tensor, batch_size: int = 1000) -> Tensor:
    """Return the model's logits of X on the CPU, computed batch by batch so that memory suffices for any N.

    Args:
        model: returns logits `[B, K]` of features `[B, ...]`; it is left in eval mode.
        X: features `[N, ...]` on any device; each batch moves to the model's.
        batch_size: samples at a time.

    >>> predict_logits(nn.Identity(), torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    """
    device = X.device  # a model without parameters computes where X lies
    for parameter in model.parameters():
        device = parameter.device
        break
    model.eval()
    parts = []
    with torch.inference_mode():
        for batch in X.split(batch_size):
            parts.append(model(batch.to(device)).cpu())
    return torch.cat(parts)
