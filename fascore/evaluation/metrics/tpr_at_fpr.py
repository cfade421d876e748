"""True positive rate at a false positive rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import clopper_pearson, not_measurable, too_few
from fascore.evaluation.roc import tpr_at_fpr


@dataclass(frozen=True)
class TprAtFprModule(MetricModule):
    """The true positive rate of one score column at the false positive rate `fpr`, which is never exceeded."""

    column: str
    fpr: float
    positive: Literal["attack", "bona_fide"]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with the rate reached and n; None with a note if n is too small.

        Raises SpecError if a class has no score.
        """
        read = table.reading(self.column)
        rate = tpr_at_fpr(read.sorted_bona_fide, read.sorted_attack, self.fpr, self.positive)
        asked: dict[str, Value] = {"fpr": self.fpr, "positive": self.positive, "rule": "at_most", "n": rate.n}
        if too_few(self.fpr, rate.n):
            return {"value": None, "note": not_measurable("fpr", self.fpr, {"negatives": rate.n}), **asked}
        low, high = clopper_pearson(rate.hits, rate.n_positive)
        return {
            "value": rate.tpr,
            "low": low,
            "high": high,
            "reached": rate.reached,
            "n_positive": rate.n_positive,
            "threshold": rate.threshold,
            **asked,
        }
