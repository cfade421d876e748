"""BPCER at an APCER."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import not_measurable, too_few
from fascore.evaluation.rates import attack_rates, bona_fide_rate, pooled, worst
from fascore.evaluation.roc import least_that_accepts_at_most, needs_both
from fascore.evaluation.table import ScoreTable


def compute(table: ScoreTable, *, apcer: float, attacks: Literal["worst", "pooled"]) -> Mapping[str, Value]:
    """`value` with errors, n and interval, the APCER that was `reached` and the table's own threshold.

    `worst`: every species keeps the limit, and one that is too small to show it makes the whole not measurable. Raises
    SpecError where one class has no score.
    """
    needs_both(table.sorted_bona_fide, table.sorted_attack)
    answered = {name: scores for name, scores in table.sorted_scores.species.items() if len(scores)}
    groups = answered if attacks == "worst" else {"attacks": table.sorted_attack}
    named: dict[str, Value] = {"apcer": apcer, "attacks": attacks}
    if few := {name: len(scores) for name, scores in groups.items() if too_few(apcer, len(scores))}:
        return {"value": None, "note": not_measurable("apcer", apcer, few), **named}
    threshold = max(least_that_accepts_at_most(scores, apcer) for scores in groups.values())
    rates = attack_rates(table, threshold)
    limit = worst(rates)
    reached = rates[limit].value if limit and attacks == "worst" else pooled(rates).value
    return {
        **bona_fide_rate(table, threshold).counts("value"),
        "reached": reached,
        "species": limit,
        "threshold": threshold,
        **named,
    }
