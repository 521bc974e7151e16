"""Says what is right: type, shape, dtype and values. And shows values."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course.checker.verdicts import Finding

MOST_NUMBERS = 60  # that are shown of a tensor
MOST_CHARACTERS = 2000
CAUSES = {
    "None": "A function that ends without `return` gives None.",
    "a tensor": "A tensor with one value becomes a Python number with .item().",
    "nan": (
        "NaN comes from infinity / infinity, infinity - infinity, 0 / 0, or the logarithm of a "
        "negative number."
    ),
    "infinite": (
        "A value is larger than its dtype holds, or is "
        "divided by 0, or the logarithm of 0 was taken."
    ),
}


class WrongAnswerError(Exception):
    """The answer is wrong; `finding` says why."""

    def __init__(self, finding: Finding):
        super().__init__(finding.sentence)
        self.finding = finding


def wrong(
    diagnosis: str,
    sentence: str,
    *,
    got: str = "",
    expected: str = "",
    difference: str = "",
    cause: str = "",
) -> WrongAnswerError:
    """Return the error to be raised; the arguments are those of its `Finding`."""
    return WrongAnswerError(Finding(diagnosis, sentence, got, expected, difference, cause))


def difference(got: Any, expected: Any, tolerance: float) -> Finding | None:
    """Compare type, shape, dtype and values, in this order.

    Args:
        got: anything.
        expected: a tensor, a number, or a tuple of them.
        tolerance: greatest difference, absolute where the value is below 1 and relative above.

    Returns:
        None where nothing differs; else a finding whose sentence lacks its subject: `returns NaN.`
    """
    if type_of(got) != type_of(expected):
        return Finding(
            "returned-none" if got is None else "type",
            f"returns {type_of(got)}; expected {type_of(expected)}.",
            got=show(got),
            expected=show(expected),
            cause=CAUSES.get(type_of(got), ""),
        )
    if isinstance(expected, tuple):
        return difference_of_values(got, expected, tolerance)
    if isinstance(expected, Tensor):
        for name in ("shape", "dtype"):
            if getattr(got, name) != getattr(expected, name):
                sentence = f"returns the wrong {name}."
                return Finding(name, sentence, got=show_shape(got), expected=show_shape(expected))
    return difference_of_numbers(got, expected, tolerance)


def difference_of_values(got: Sequence, expected: Sequence, tolerance: float) -> Finding | None:
    """Compare several values, each with its own."""
    for index, pair in enumerate(zip(got, expected, strict=True), start=1):
        finding = difference(*pair, tolerance)
        if finding is not None:
            sentence = f"(value {index} of {len(expected)}) {finding.sentence}"
            return replace(finding, sentence=sentence)
    return None


def difference_of_numbers(
    got: Tensor | float, expected: Tensor | float, tolerance: float
) -> Finding | None:
    """Compare tensors of one shape, or two numbers."""
    finding = Finding(got=show(got), expected=show(expected))
    mine = torch.as_tensor(got).detach().double()
    right = torch.as_tensor(expected).detach().double()
    for diagnosis, word, found in (
        ("nan", "NaN", torch.isnan),
        ("infinite", "infinity", torch.isinf),
    ):
        places = (found(mine) & ~found(right)).nonzero().tolist()
        if places:
            where = f"the first is at {places[0]}" if mine.ndim else ""
            cause = CAUSES[diagnosis]
            return replace(
                finding,
                diagnosis=diagnosis,
                sentence=f"returns {word}.",
                difference=where,
                cause=cause,
            )
    off = (mine - right).abs().nan_to_num(nan=0.0, posinf=math.inf)
    beyond = off > tolerance * right.abs().clamp(min=1.0)
    if not bool(beyond.any()):
        return None
    greatest = f"{float(off.max()):.6g}"
    finding = replace(finding, diagnosis="value")
    if mine.ndim == 0:
        return replace(finding, sentence="returns a wrong value.", difference=greatest)
    place = [int(index) for index in torch.unravel_index(off.argmax(), off.shape)]
    count = int(beyond.sum())
    text = f"greatest {greatest} at {place}; {count} of {off.numel()} values differ"
    return replace(finding, sentence="returns wrong values.", difference=text)


def type_of(value: Any) -> str:
    """Return the type of a value in words; equal words are the same type to the checker."""
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, tuple | list):
        return f"{len(value)} values"
    if isinstance(value, bool):
        return "a Python bool"
    if isinstance(value, int | float):
        return "a Python number"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def show(value: Any) -> str:
    """Return a value in full; what has more than 60 numbers, or 2000 characters, is cut."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if not isinstance(value, Tensor):
        return str(value)[:MOST_CHARACTERS]
    flat = value.detach().flatten()[:MOST_NUMBERS].tolist()
    numbers = [f"{x:.6g}" if isinstance(x, float) else str(x) for x in flat]
    if value.ndim == 0:
        return numbers[0]
    whole = 0 < value.numel() <= MOST_NUMBERS
    width = value.shape[1] if value.ndim == 2 and whole else MOST_NUMBERS
    starts = range(0, len(numbers), width)
    rows = [", ".join(numbers[start : start + width]) for start in starts]
    more = ", ..." if value.numel() > MOST_NUMBERS else ""
    return f"[{'; '.join(rows)}{more}]"


def show_shape(value: Any) -> str:
    """Return shape and dtype of a tensor, `[5, 2] float32`; anything else in full, or its type."""
    if isinstance(value, Tensor):
        return f"{list(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    in_full = isinstance(value, int | float | str | list | tuple)
    return show(value) if in_full else type_of(value)
