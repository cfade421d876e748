"""True positive rate at a false positive rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import clopper_pearson, not_measurable, too_few
from fascore.evaluation.roc import tpr_at_fpr
from fascore.evaluation.table import ScoreTable


def compute(table: ScoreTable, *, fpr: float, positive: Literal["attack", "bona_fide"]) -> Mapping[str, Value]:
    """`value` with what was reached and n; None with a note where n is too small. Raises SpecError with one class only."""
    rate = tpr_at_fpr(table.sorted_bona_fide, table.sorted_attack, fpr, positive)
    asked: dict[str, Value] = {"fpr": fpr, "positive": positive, "rule": "at_most", "n": rate.n}
    if too_few(fpr, rate.n):
        return {"value": None, "note": not_measurable("fpr", fpr, {"negatives": rate.n}), **asked}
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
