"""Intervals of proportions."""

from __future__ import annotations

from scipy.stats import beta


def clopper_pearson(errors: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a proportion (Clopper and Pearson 1934), if presentations are independent.

    (0, 1) where n is 0. Clips of one subject are not independent: with few subjects it covers less than it says.
    """
    if not n:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, errors, n - errors + 1)) if errors else 0.0
    high = float(beta.ppf(1 - tail, errors + 1, n - errors)) if errors < n else 1.0
    return low, high
