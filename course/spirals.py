"""The spirals, a data set of K classes that no straight lines tell apart."""

import math
from numbers import Real

import numpy as np

from course.checks import check_count


def make_spirals(
    n_samples: int = 300, arms: int = 3, noise: float = 0.2, random_state: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Make a spiral with one arm per class, after the data set of Stanford's CS231n notes.

    Args:
        n_samples: number of points over all arms; the first arms get one more where it does not
            divide evenly.
        arms: number of arms, which is the number of classes, 1 or more.
        noise: standard deviation of the angle, in radians.
        random_state: seed; None draws new points every time.

    Returns:
        X `[N, 2]` float64 within the unit circle, and y `[N]` int64, the number of the arm, sorted.

    Raises:
        TypeError: an argument is not a number, or a count not a whole one.
        ValueError: fewer samples than arms, no arms, or a noise that is negative or infinite.

    >>> X, y = make_spirals(300, arms=3, random_state=0)
    >>> X.shape, y.shape
    ((300, 2), (300,))
    """
    check_count(arms, 1, "arms")
    check_count(n_samples, arms, "n_samples")
    if isinstance(noise, bool) or not isinstance(noise, Real):
        raise TypeError(
            f"noise is {noise!r} of the type {type(noise).__name__}; expected a number."
        )
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise is {noise}; expected a finite number of at least 0.")
    generator = np.random.default_rng(random_state)
    sizes = np.full(arms, n_samples // arms)
    sizes[: n_samples % arms] += 1
    y = np.repeat(np.arange(arms), sizes)
    radius = np.concatenate([np.linspace(0.05, 1, size) for size in sizes])
    # 4 radians from centre to rim: each arm turns about two thirds of a circle
    angle = 2 * np.pi * y / arms + 4 * radius
    angle += generator.normal(scale=noise, size=n_samples)
    X = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    return X, y
