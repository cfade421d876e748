"""Threshold-free measures and operating points, from scores sorted once.

All functions take `bona_fide` (P,) and `attack` (M,) float64, increasing. A presentation is accepted when its score is at
least the threshold; rates are counts over n, so ties are right by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore.errors import SpecError

Floats = NDArray[np.float64]


def needs_both(bona_fide: Floats, attack: Floats) -> None:
    """Raise SpecError where one class has no scores."""
    for name, values in (("bona fide", bona_fide), ("attack", attack)):
        if not len(values):
            raise SpecError(f"there is no {name} presentation with a score; this needs both classes")


@dataclass(frozen=True)
class Roc:
    """Every operating point, thresholds increasing, (K + 1,); the first accepts everything, the last nothing.

    `accepted` (K + 1,) int64 attacks accepted of `n_attack`, `rejected` (K + 1,) int64 bona fide rejected of `n_bona_fide`.
    """

    thresholds: Floats
    accepted: NDArray[np.int64]
    rejected: NDArray[np.int64]
    n_attack: int
    n_bona_fide: int

    @property
    def false_accept(self) -> Floats:
        """Share of attacks accepted."""
        return self.accepted / self.n_attack

    @property
    def false_reject(self) -> Floats:
        """Share of bona fide rejected."""
        return self.rejected / self.n_bona_fide

    def scaled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Both rates times n_attack n_bona_fide: whole numbers, so that equal rates compare as equal."""
        return self.accepted * self.n_bona_fide, self.rejected * self.n_attack


def roc(bona_fide: Floats, attack: Floats) -> Roc:
    """The empirical curve at each distinct score, and at the next float above the greatest."""
    needs_both(bona_fide, attack)
    distinct = np.unique(np.concatenate([bona_fide, attack]))
    thresholds = np.append(distinct, np.nextafter(distinct[-1], np.inf))
    accepted = len(attack) - np.searchsorted(attack, thresholds, side="left")
    rejected = np.searchsorted(bona_fide, thresholds, side="left")
    return Roc(thresholds, accepted, rejected, len(attack), len(bona_fide))


def auc(bona_fide: Floats, attack: Floats) -> float:
    """Probability that a bona fide scores above an attack, ties half (Mann-Whitney); a quotient of whole numbers."""
    needs_both(bona_fide, attack)
    below = np.searchsorted(attack, bona_fide, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(attack, bona_fide, side="right").sum(dtype=np.int64)
    return float(int(below) + int(not_above)) / (2 * len(bona_fide) * len(attack))


class EqualError(NamedTuple):
    """The equal error rate in its two conventions.

    `interpolated`: where the line through the points of the curve meets equal errors. `nearest`: the false accept rate at
    the point of least |false accept - false reject|, the highest threshold of several. `threshold` is that point's.
    """

    interpolated: float
    nearest: float
    nearest_false_reject: float
    threshold: float


def equal_error(bona_fide: Floats, attack: Floats) -> EqualError:
    """EER of the pooled attacks. Raises SpecError where one class is missing."""
    curve = roc(bona_fide, attack)
    accept, reject = curve.scaled()
    gap = accept - reject  # falls from n_attack n_bona_fide to its negative
    right = int(np.argmax(gap <= 0))
    left = right - 1  # at the first point everything is accepted: the gap is positive
    share = gap[left] / (gap[left] - gap[right])
    rates = curve.false_accept
    best = _last_least(np.abs(gap))
    interpolated = float(rates[left] + share * (rates[right] - rates[left]))
    return EqualError(interpolated, float(rates[best]), float(curve.false_reject[best]), _between(curve.thresholds, best))


def least_half_total_error(bona_fide: Floats, attack: Floats) -> float:
    """The threshold of least (false accept + false reject) / 2, the highest of several."""
    curve = roc(bona_fide, attack)
    return _between(curve.thresholds, _last_least(np.add(*curve.scaled())))


def _last_least(values: NDArray[np.int64]) -> int:
    """Index of the least value, the last of several: the fewest attacks accepted."""
    return int(np.flatnonzero(values == values.min())[-1])


def _between(thresholds: Floats, index: int) -> float:
    """The middle of the scores around an operating point: where a dev threshold has most room on both sides.

    The ends have a score on one side only and stay as they are.
    """
    if index in (0, len(thresholds) - 1):
        return float(thresholds[index])
    low, high = float(thresholds[index - 1]), float(thresholds[index])
    middle = low / 2 + high / 2
    return middle if low < middle else high


def allowed(rate: float, n: int) -> int:
    """The greatest count k of n with k / n <= rate: "at most" never rounds up, and 0.29 of 100 is 29."""
    k = min(int(rate * n) + 1, n)
    while k / n > rate:
        k -= 1
    return k


def reject_at_most(bona_fide: Floats, rate: float) -> float:
    """The highest threshold that rejects at most this share of the bona fide: a bona fide score."""
    k = allowed(rate, len(bona_fide))
    return float(bona_fide[k]) if k < len(bona_fide) else float(np.nextafter(bona_fide[-1], np.inf))


def accept_at_most(attack: Floats, rate: float) -> float:
    """The lowest attack score that as a threshold accepts at most this share; the next float above all where none does."""
    k = allowed(rate, len(attack))
    if k == len(attack):
        return float(attack[0])
    above = int(np.searchsorted(attack, attack[len(attack) - k - 1], side="right"))  # beyond all ties of the first to reject
    return float(attack[above]) if above < len(attack) else float(np.nextafter(attack[-1], np.inf))


class RateAtRate(NamedTuple):
    """A true positive rate at a false positive rate: `tpr`, the rate that was `reached`, `n` negatives, `n_positive`, `threshold`."""

    tpr: float
    reached: float
    n: int
    n_positive: int
    threshold: float


def tpr_at_fpr(
    bona_fide: Floats, attack: Floats, fpr: float, positive: Literal["attack", "bona_fide"], rule: Literal["at_most", "release_index"]
) -> RateAtRate | None:
    """TPR at an FPR, None where the negatives are too few to measure it: fpr * n < 1.

    `attack` positive: an attack rejected is a true positive, a bona fide rejected a false one. `bona_fide` positive: accepted
    likewise. `at_most` takes the most permissive threshold with a rate not above `fpr`. `release_index` is the code of Yu et
    al. 2024: t = sorted(bona fide)[max(1, int(fpr n)) - 1], attacks strictly beyond t count; mirrored for `bona_fide`.
    """
    needs_both(bona_fide, attack)
    if positive == "bona_fide":  # mirrored scores: accepted >= t becomes rejected <= -t
        negatives, positives = -attack[::-1], -bona_fide[::-1]
    else:
        negatives, positives = bona_fide, attack
    n = len(negatives)
    if 1 / n > fpr:
        return None
    index = allowed(fpr, n) if rule == "at_most" else max(1, int(fpr * n)) - 1
    threshold = negatives[index] if index < n else np.inf
    hits = int(np.searchsorted(positives, threshold, side="left"))
    reached = int(np.searchsorted(negatives, threshold, side="left"))
    if positive == "bona_fide":  # bona fide strictly above the attack's score are accepted: the threshold is the next number
        threshold = np.nextafter(-threshold, np.inf) if np.isfinite(threshold) else -threshold
    return RateAtRate(hits / len(positives), reached / n, n, len(positives), float(threshold))
