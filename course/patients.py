"""Invented people with two lab values, healthy or ill: the data of the lessons on metrics."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course import checks

CENTERS = [[0.0, 0.0], [2.0, 1.0], [1.5, -2.0]]  # mean of the two lab values: healthy, A, B
SPREADS = [1.0, 0.7, 0.7]  # standard deviation of both values, so large that the groups overlap


def make_patients(counts: Sequence[int], seed: int) -> tuple[Tensor, Tensor]:
    """Return lab values and kinds of invented people: healthy (0), illness A (1), illness B (2).

    Args:
        counts: how many people are healthy, have illness A, have illness B.
        seed: of the random numbers.

    Returns:
        Lab values `[N, 2]`, float32, and kinds `[N]`, int64, in random order.

    Raises:
        TypeError: a count is not a whole number.
        ValueError: there are not three counts, or one is below 1.

    >>> X, kind = make_patients([90, 7, 3], seed=42)
    >>> X.shape, kind.bincount().tolist()
    (torch.Size([100, 2]), [90, 7, 3])
    """
    from sklearn.datasets import make_blobs

    check_counts(counts)
    X, kind = make_blobs(list(counts), centers=CENTERS, cluster_std=SPREADS, random_state=seed)
    return torch.from_numpy(X).float(), torch.from_numpy(kind)


def true_probs(X: Tensor, counts: Sequence[int]) -> Tensor:
    """Return how likely people of `make_patients` really are of each kind, by Bayes' rule.

    No model can know more than this: calling the likeliest kind gives the best possible accuracy.

    Args:
        X: lab values `[N, 2]`.
        counts: the same three numbers as for `make_patients`.

    Returns:
        `[N, 3]` on the CPU, each row with the sum 1.

    Raises:
        TypeError: a count is not a whole number.
        ValueError: there are not three counts, or one is below 1.

    >>> true_probs(torch.tensor([[2.0, 1.0]]), [4500, 350, 150]).round(decimals=3)
    tensor([[0.3410, 0.6590, 0.0000]])
    """
    check_counts(counts)
    shares = torch.tensor(counts) / sum(counts)
    spreads = torch.tensor(SPREADS)
    distances = torch.cdist(X.cpu(), torch.tensor(CENTERS))  # [N, 3]
    # logarithm of share times density; what is the same for all kinds is left out
    log_density = -2 * spreads.log() - distances**2 / (2 * spreads**2)
    return (shares.log() + log_density).softmax(dim=1)


def check_counts(counts: Sequence[int]) -> None:
    """Refuse counts that are not three whole numbers from 1 up."""
    if len(counts) != 3:
        raise ValueError(
            f"got {len(counts)} counts; expected three: healthy, with illness A, with illness B."
        )
    for count in counts:
        checks.check_count(count, 1, "a count of people")
