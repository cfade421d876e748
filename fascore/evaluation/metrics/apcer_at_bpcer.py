"""APCER at a BPCER."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fascore.contract.kinds.protocols import ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import not_measurable, too_few
from fascore.evaluation.rates import attack_rates, bona_fide_rate, pooled, worst
from fascore.evaluation.roc import needs_both, reject_at_most


def compute(table: ScoreTable, *, bpcer: float, attacks: Literal["worst", "pooled"]) -> Mapping[str, Value]:
    """`value` with errors, n and interval, the BPCER that was `reached` and the table's own threshold.

    None with a note where the bona fide are too few to show the rate. Raises SpecError where one class has no score.
    """
    bona_fide = table.sorted_bona_fide
    needs_both(bona_fide, table.sorted_attack)
    named: dict[str, Value] = {"bpcer": bpcer, "attacks": attacks}
    if too_few(bpcer, len(bona_fide)):
        return {"value": None, "note": not_measurable("bpcer", bpcer, {"bona fide": len(bona_fide)}), **named}
    threshold = reject_at_most(bona_fide, bpcer)
    rates = attack_rates(table, threshold)
    top = worst(rates)
    rate = rates[top] if top and attacks == "worst" else pooled(rates)
    return {
        **rate.counts("value"),
        "species": top,
        "reached": bona_fide_rate(table, threshold).value,
        "threshold": threshold,
        **named,
    }
