"""True positive rate at the index that the released code of Yu et al. 2024 uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore import MetricModule, SpecError, Value, clopper_pearson, not_measurable, too_few

if TYPE_CHECKING:
    from fascore import ScoreTable, Threshold

Floats = NDArray[np.float64]


class ReleasedRate(NamedTuple):
    """`hits` of `n_positive` positives and the share `reached` of `n` negatives lie beyond the `threshold`."""

    hits: int
    n_positive: int
    reached: float
    n: int
    threshold: float


def released_rate(
    bona_fide: Floats, attack: Floats, fpr: float, positive: Literal["attack", "bona_fide"]
) -> ReleasedRate:
    """The rate at the released code's index. Shapes: (P,) and (M,), increasing. Raises SpecError if a class is missing.

    If `attack` is positive, t = bona_fide[max(1, int(fpr P)) - 1], and attacks strictly below t are hits. If
    `bona_fide` is positive, the rule is mirrored: bona fide scores strictly above the attack at that index from the top
    are hits.
    """
    for name, scores in (("bona fide", bona_fide), ("attack", attack)):
        if not len(scores):
            raise SpecError(f"there is no {name} presentation with a score; this metric needs both classes")
    if positive == "attack":
        threshold = bona_fide[_index(fpr, len(bona_fide))]
        hits, false_hits = np.searchsorted(attack, threshold), np.searchsorted(bona_fide, threshold)
        return ReleasedRate(int(hits), len(attack), int(false_hits) / len(bona_fide), len(bona_fide), float(threshold))
    above = attack[len(attack) - 1 - _index(fpr, len(attack))]
    threshold = np.nextafter(above, np.inf)  # scores at or above the threshold are accepted
    hits = len(bona_fide) - np.searchsorted(bona_fide, threshold)
    false_hits = len(attack) - np.searchsorted(attack, threshold)
    return ReleasedRate(int(hits), len(bona_fide), int(false_hits) / len(attack), len(attack), float(threshold))


def _index(fpr: float, n: int) -> int:
    """The authors' index among n sorted negatives."""
    return max(1, int(fpr * n)) - 1


@dataclass(frozen=True)
class TprAtFprModule(MetricModule):
    """The rate of one column of scores."""

    column: str
    fpr: float
    positive: Literal["attack", "bona_fide"]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` in [0, 1], with the reached rate and n. Raises SpecError if a class is missing.

        If n is too small, `value` is None with a note, and `as_published` is the code's number, which the paper prints.
        """
        scores = table.reading(self.column)
        rate = released_rate(scores.sorted_bona_fide, scores.sorted_attack, self.fpr, self.positive)
        tpr = rate.hits / rate.n_positive
        measured: dict[str, Value] = {"reached": rate.reached, "n_positive": rate.n_positive}
        requested: dict[str, Value] = {"fpr": self.fpr, "positive": self.positive, "rule": "release_index", "n": rate.n}
        if too_few(self.fpr, rate.n):
            note = not_measurable("fpr", self.fpr, {"negatives": rate.n})
            return {"value": None, "note": note, "as_published": tpr, **measured, **requested}
        low, high = clopper_pearson(rate.hits, rate.n_positive)
        return {"value": tpr, "low": low, "high": high, **measured, "threshold": rate.threshold, **requested}
