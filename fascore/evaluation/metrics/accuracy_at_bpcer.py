"""Accuracy at a BPCER."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.contract.kinds.protocols import ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import not_measurable, too_few
from fascore.evaluation.rates import errors
from fascore.evaluation.roc import needs_both, reject_at_most


def compute(table: ScoreTable, *, bpcer: float) -> Mapping[str, Value]:
    """`value` with errors, n and interval, the BPCER that was `reached` and the table's own threshold.

    None with a note where the bona fide are too few to show the rate. Raises SpecError where one class has no score.
    """
    bona_fide = table.sorted_bona_fide
    needs_both(bona_fide, table.sorted_attack)
    if too_few(bpcer, len(bona_fide)):
        return {"value": None, "note": not_measurable("bpcer", bpcer, {"bona fide": len(bona_fide)}), "bpcer": bpcer}
    threshold = reject_at_most(bona_fide, bpcer)
    found = errors(table, threshold)
    wrong = found.attack + found.bona_fide
    low, high = wrong.interval
    return {
        "value": found.accuracy,
        "errors": wrong.errors,
        "n": wrong.n,
        "low": 1 - high,
        "high": 1 - low,
        "reached": found.bona_fide.value,
        "threshold": threshold,
        "bpcer": bpcer,
    }
