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
    """The true positive rate of one column of scores at the false positive rate `fpr`."""

    column: str
    fpr: float
    positive: Literal["attack", "bona_fide"]
    rule: Literal["at_most", "release_index"]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with what was reached and n. Raises SpecError with one class only.

        Where n is too small, `value` is None with a note; the number that `release_index` gives there all the same stands as
        `as_published`: papers print it.
        """
        read, fpr, rule = table.reading(self.column), self.fpr, self.rule
        rate = tpr_at_fpr(read.sorted_bona_fide, read.sorted_attack, fpr, self.positive, rule)
        named: dict[str, Value] = {"fpr": fpr, "positive": self.positive, "rule": rule, "n": rate.n}
        low, high = clopper_pearson(rate.hits, rate.n_positive)
        parts: dict[str, Value] = {
            "value": rate.tpr,
            "low": low,
            "high": high,
            "reached": rate.reached,
            "n_positive": rate.n_positive,
            "threshold": rate.threshold,
        }
        if not too_few(fpr, rate.n):
            return {**parts, **named}
        published = (
            {"as_published": rate.tpr, "reached": rate.reached, "n_positive": rate.n_positive}
            if rule == "release_index"
            else {}
        )
        return {"value": None, "note": not_measurable("fpr", fpr, {"negatives": rate.n}), **published, **named}
