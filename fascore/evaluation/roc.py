"""Threshold-free measures and operating points, computed from scores that are sorted once.

All functions accept `bona_fide` (P,) and `attack` (M,) float64, in increasing order. A presentation is accepted if its
score is at least the threshold. Rates are counts over n, so ties are handled correctly by construction.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import SpecError

Floats = NDArray[np.float64]

BLOCK = 1 << 20
"""Number of values per search."""


def needs_both(bona_fide: Floats, attack: Floats) -> None:
    """Raise SpecError if a class has no scores."""
    for name, values in (("bona fide", bona_fide), ("attack", attack)):
        if not len(values):
            raise SpecError(f"no {name} presentation has a score; both classes are needed")


@dataclass(frozen=True)
class Roc:
    """Every operating point, by increasing threshold, (K + 1,). The first accepts everything, the last nothing.

    `accepted` (K + 1,) int64 counts the accepted attacks out of `n_attack`; `rejected` (K + 1,) int64 counts the
    rejected bona fide out of `n_bona_fide`.
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
        """Both rates times n_attack * n_bona_fide: integers, so that equal rates compare as equal."""
        return self.accepted * self.n_bona_fide, self.rejected * self.n_attack


def roc(bona_fide: Floats, attack: Floats) -> Roc:
    """The empirical curve at each distinct score and at the next float above the largest."""
    needs_both(bona_fide, attack)
    merged = np.concatenate([bona_fide, attack])
    merged.sort(kind="stable")  # detects the two sorted runs and merges them
    distinct = merged[np.append(True, merged[1:] > merged[:-1])]
    thresholds = np.append(distinct, np.nextafter(distinct[-1], np.inf))
    accepted = len(attack) - np.searchsorted(attack, thresholds, side="left")
    rejected = np.searchsorted(bona_fide, thresholds, side="left")
    return Roc(thresholds, accepted, rejected, len(attack), len(bona_fide))


def auc(bona_fide: Floats, attack: Floats) -> float:
    """Probability that a bona fide presentation scores above an attack; ties count half (Mann-Whitney).

    A ratio of integers.
    """
    needs_both(bona_fide, attack)
    return sum(map(_twice_below, _blocks(bona_fide), repeat(attack))) / (2 * len(bona_fide) * len(attack))


def _blocks(values: Floats) -> Iterator[Floats]:
    """Views of a million values each, so that per-value results never take much memory."""
    return (values[start : start + BLOCK] for start in range(0, len(values), BLOCK))


def _twice_below(bona_fide: Floats, attack: Floats) -> int:
    """Twice the number of correctly ordered pairs plus the number of ties."""
    below = np.searchsorted(attack, bona_fide, side="left")
    tied = bona_fide[attack[np.minimum(below, len(attack) - 1)] == bona_fide]
    ties = np.searchsorted(attack, tied, side="right") - np.searchsorted(attack, tied, side="left")
    return 2 * int(below.sum(dtype=np.int64)) + int(ties.sum(dtype=np.int64))


class PartialArea(NamedTuple):
    """The area under the ROC curve up to a false positive rate: `standardized` (McClish 1989, eq. 7: 0.5 is chance, 1
    is perfect) and `area`.
    """

    standardized: float
    area: float


def partial_auc(bona_fide: Floats, attack: Floats, max_fpr: float) -> PartialArea:
    """The area up to `max_fpr`, with bona fide positive and the curve interpolated at its end.

    Raises SpecError if a class is missing.
    """
    needs_both(bona_fide, attack)
    last = attack[
        max(0, len(attack) - 1 - int(max_fpr * len(attack)))
    ]  # the first attack whose acceptance reaches beyond max_fpr, or ties with it
    values = np.unique(attack[np.searchsorted(attack, last, side="left") :])
    false, true = (
        [1 - np.searchsorted(scores, values, side=side) / len(scores) for side in ("right", "left")]
        for scores in (attack, bona_fide)
    )
    share = np.clip(
        (max_fpr - false[0]) / (false[1] - false[0]), 0, 1
    )  # of each step of the curve that lies before max_fpr
    heights = true[0] + share * (true[1] - true[0]) / 2
    area = float((share * (false[1] - false[0]) * heights).sum())
    least = max_fpr**2 / 2
    return PartialArea((1 + (area - least) / (max_fpr - least)) / 2, area)


class EqualError(NamedTuple):
    """The equal error rate in its two conventions.

    `interpolated`: the rate at which the line through the points of the curve crosses equal errors. `nearest`: the
    false accept rate at the point with the smallest |false accept - false reject|; ties take the highest threshold.
    `threshold` belongs to that point.
    """

    interpolated: float
    nearest: float
    nearest_false_reject: float
    threshold: float


def equal_error(bona_fide: Floats, attack: Floats) -> EqualError:
    """EER of the pooled attacks, by bisection: O(log n) on sorted scores. Raises SpecError if a class is missing."""
    needs_both(bona_fide, attack)

    def accepted(threshold: float) -> int:
        return len(attack) - _below(attack, threshold)

    def gap(
        threshold: float,
    ) -> int:  # between both rates, times n_attack * n_bona_fide: integers, so that equal rates compare as equal
        return accepted(threshold) * len(bona_fide) - _below(bona_fide, threshold) * len(attack)

    crossed = [
        scores[place]
        for scores in (bona_fide, attack)
        if (place := bisect_left(scores, True, key=lambda t: gap(t) <= 0)) < len(scores)
    ]
    top = max(bona_fide[-1], attack[-1])
    right = min(crossed, default=np.nextafter(top, np.inf))
    left = max(
        scores[_below(scores, right) - 1] for scores in (bona_fide, attack) if scores[0] < right
    )  # everything is accepted at the lowest score
    share = gap(left) / (gap(left) - gap(right))
    best = right if abs(gap(right)) <= gap(left) else left
    rates = [accepted(t) / len(attack) for t in (left, right, best)]
    before = [scores[_below(scores, best) - 1] for scores in (bona_fide, attack) if scores[0] < best <= top]
    threshold = _middle(float(max(before)), float(best)) if before else float(best)
    return EqualError(
        rates[0] + share * (rates[1] - rates[0]), rates[2], _below(bona_fide, best) / len(bona_fide), threshold
    )


def _below(scores: Floats, threshold: float) -> int:
    return int(np.searchsorted(scores, threshold, side="left"))


def least_half_total_error(bona_fide: Floats, attack: Floats) -> float:
    """The threshold with the smallest (false accept + false reject) / 2; ties take the highest threshold."""
    curve = roc(bona_fide, attack)
    return _between(curve.thresholds, _last_least(np.add(*curve.scaled())))


def _last_least(values: NDArray[np.int64]) -> int:
    """Index of the smallest value; ties take the last, which accepts the fewest attacks."""
    return int(np.flatnonzero(values == values.min())[-1])


def _between(thresholds: Floats, index: int) -> float:
    """The midpoint between the scores around an operating point.

    The first and last thresholds have a score on one side only and are returned unchanged.
    """
    if index in (0, len(thresholds) - 1):
        return float(thresholds[index])
    return _middle(float(thresholds[index - 1]), float(thresholds[index]))


def _middle(low: float, high: float) -> float:
    """The midpoint of two scores, which leaves a dev threshold the most room on both sides.

    For adjacent floats, the higher one.
    """
    middle = low / 2 + high / 2
    return middle if low < middle else high


def allowed(rate: float, n: int) -> int:
    """The largest count k with k / n <= rate: "at most" never rounds up, and 0.29 of 100 is 29."""
    k = min(int(rate * n) + 1, n)
    while k / n > rate:
        k -= 1
    return k


def reject_at_most(bona_fide: Floats, rate: float) -> float:
    """The highest threshold that rejects at most this share of the bona fide; it is a bona fide score."""
    k = allowed(rate, len(bona_fide))
    return float(bona_fide[k]) if k < len(bona_fide) else float(np.nextafter(bona_fide[-1], np.inf))


def accept_at_most(attack: Floats, rate: float) -> float:
    """The lowest attack score that, as a threshold, accepts at most this share; if there is none, the next float above
    all scores.
    """
    k = allowed(rate, len(attack))
    if k == len(attack):
        return float(attack[0])
    above = int(
        np.searchsorted(attack, attack[len(attack) - k - 1], side="right")
    )  # after all scores tied with the first attack to reject
    return float(attack[above]) if above < len(attack) else float(np.nextafter(attack[-1], np.inf))


def least_that_accepts_at_most(attack: Floats, rate: float) -> float:
    """The smallest number that, as a threshold, accepts at most this share: the next float above the first attack to
    reject. The rate is below 1.

    This is the point of the curve itself, which accepts as many bona fide as possible; `accept_at_most` leaves room
    below instead.
    """
    return float(np.nextafter(attack[len(attack) - 1 - allowed(rate, len(attack))], np.inf))


class RateAtRate(NamedTuple):
    """A true positive rate at a false positive rate: `hits`, `tpr`, the rate `reached`, `n` negatives, `n_positive`,
    and `threshold`.
    """

    hits: int
    tpr: float
    reached: float
    n: int
    n_positive: int
    threshold: float


def tpr_at_fpr(bona_fide: Floats, attack: Floats, fpr: float, positive: Literal["attack", "bona_fide"]) -> RateAtRate:
    """TPR at an FPR of at most `fpr`, at the most permissive threshold.

    If `attack` is positive, a rejected attack is a true positive and a rejected bona fide presentation a false
    positive. If `bona_fide` is positive, the same holds for accepted presentations.
    """
    needs_both(bona_fide, attack)
    negatives = bona_fide if positive == "attack" else attack
    n = len(negatives)
    index = allowed(fpr, n)
    if positive == "attack":
        threshold = bona_fide[index]
    else:  # mirrored: bona fide strictly above this attack's score are accepted, so the threshold is the next float
        threshold = np.nextafter(attack[n - 1 - index], np.inf)
    rejected, kept_out = _below(bona_fide, threshold), _below(attack, threshold)
    accepted, let_in = len(bona_fide) - rejected, len(attack) - kept_out
    hits, reached, of = (
        (kept_out, rejected, len(attack)) if positive == "attack" else (accepted, let_in, len(bona_fide))
    )
    return RateAtRate(hits, hits / of, reached / n, n, of, float(threshold))
