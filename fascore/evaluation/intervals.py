"""Intervals and bounds of proportions, exact if presentations are independent."""

from __future__ import annotations

from collections.abc import Mapping

from scipy.special import betaincinv


def clopper_pearson(errors: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a proportion (Clopper and Pearson 1934), if presentations are independent.

    (0, 1) if n is 0. Clips of one subject are not independent: with few subjects, the actual coverage is below the
    nominal one.
    """
    tail = (1 - confidence) / 2
    return lower_bound(errors, n, tail), upper_bound(errors, n, tail)


def upper_bound(errors: int, n: int, alpha: float) -> float:
    """The exact one-sided upper bound: a larger proportion gives so few errors with probability at most `alpha`. 1 if n
    is 0.
    """
    return float(betaincinv(errors + 1, n - errors, 1 - alpha)) if errors < n else 1.0


def lower_bound(errors: int, n: int, alpha: float) -> float:
    """The exact one-sided lower bound; 0 if n is 0."""
    return float(betaincinv(errors, n - errors + 1, alpha)) if errors else 0.0


def rule_of_three(n: int) -> float:
    """The 95 % upper bound 3 / n of a proportion that did not occur in n independent trials; 1 for fewer than three
    trials.
    """
    return min(1.0, 3 / n) if n else 1.0


def too_few(rate: float, n: int) -> bool:
    """Whether n presentations are too few to show this rate: 3 / n exceeds it, so not even n presentations without an
    error would suffice.

    This is the single rule behind "not measurable, n is too small": a rate of 10^-4 needs 3 x 10^4 presentations.
    """
    return rate * n < 3 * (1 - 1e-12)  # because of rounding, 0.01 times 300 is not always exactly 3


def enough(rate: float) -> int:
    """The smallest n that is not too few for a rate."""
    n = int(3 / rate)
    return n if not too_few(rate, n) else n + 1


def not_measurable(name: str, rate: float, few: Mapping[str, int]) -> str:
    """The message for groups that are too small for a rate."""
    listed = ", ".join(f"{group} ({n})" for group, n in list(few.items())[:5]) + (", …" if len(few) > 5 else "")
    return f"not measurable, n is too small: {name} {rate:g} needs at least {enough(rate)}; fewer in: {listed}"
