"""Asking a network without changing it: its mode, its device and its gradients stay as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import as_numbers, check_model, show_shape
from course.text import first_line


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put every part of the model into eval mode, and at the end back into the mode it was in.

    >>> model = nn.Dropout()
    >>> with eval_mode(model):
    ...     print(model.training)
    False
    >>> model.training
    True
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def logits_of_points(model: nn.Module, points: np.ndarray) -> Tensor:
    """Return what the model makes of points `[M, 2]`, as float64 on the CPU.

    Returns:
        Finite logits `[M]`, `[M, 1]` or `[M, K]`.

    Raises:
        TypeError: the model is not a network, or its output not a tensor of numbers.
        ValueError: it does not take two features, or its output has another shape.

    >>> logits_of_points(nn.Identity(), np.array([[1.0, 2.0]]))
    tensor([[1., 2.]], dtype=torch.float64)
    """
    check_model(model)
    inputs = _as_the_model_takes_them(model, points)
    with eval_mode(model), torch.inference_mode():
        try:
            output = model(inputs)
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
            raise ValueError(
                f"the model failed on points of two features, shape {show_shape(inputs)} "
                f"({reason}); expected a model that takes [N, 2]."
            ) from error
    if not isinstance(output, Tensor):
        kind = type(output).__name__
        raise TypeError(f"the model's output is of the type {kind}; expected a tensor of logits.")
    logits = torch.from_numpy(as_numbers(output, "the model's output"))
    if logits.ndim not in (1, 2) or len(logits) != len(points) or logits.numel() == 0:
        raise ValueError(
            f"the model's output for {len(points)} points has the shape {show_shape(logits)}; "
            "expected logits [N], [N, 1] or [N, K]."
        )
    return logits


def class_probabilities(logits: Tensor) -> np.ndarray:
    """Return the probability of each class: `[N, 2]` of one logit, `[N, K]` of K logits.

    >>> class_probabilities(torch.tensor([0.0]))
    array([[0.5, 0.5]], dtype=float32)
    """
    if logits.ndim == 1:
        logits = logits.unsqueeze(1)
    if logits.shape[1] == 1:
        # softmax of (0, z) is (1 - sigmoid(z), sigmoid(z)): one logit becomes two classes
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    return logits.softmax(dim=1).numpy()


def predict_logits(model: nn.Module, X: Tensor, batch_size: int = 1000) -> Tensor:
    """Return the model's logits of X on the CPU, computed batch by batch to save memory.

    Args:
        model: returns logits `[B, K]` of features `[B, ...]`; it is left in eval mode.
        X: features `[N, ...]` on any device; each batch moves to the model's.
        batch_size: rows at a time.

    Returns:
        Logits `[N, K]`.

    >>> predict_logits(nn.Identity(), torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    """
    first = next(model.parameters(), X)  # a model without parameters computes where X lies
    model.eval()
    parts = []
    with torch.inference_mode():
        for batch in X.split(batch_size):
            parts.append(model(batch.to(first.device)).cpu())
    return torch.cat(parts)


def _as_the_model_takes_them(model: nn.Module, points: np.ndarray) -> Tensor:
    """Return points in the dtype and on the device of the model; float32 if it has neither."""
    inputs = torch.as_tensor(points)
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            return inputs.to(tensor)
    return inputs.float()
