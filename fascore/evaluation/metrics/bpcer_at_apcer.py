"""BPCER at an APCER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import not_measurable, too_few
from fascore.evaluation.rates import attack_rates, bona_fide_rate, pooled, worst
from fascore.evaluation.roc import least_that_accepts_at_most, needs_both


@dataclass(frozen=True)
class BpcerAtApcerModule(MetricModule):
    """The BPCER of one score column at an APCER of at most `apcer`."""

    column: str
    apcer: float
    attacks: Literal["worst", "pooled"]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with errors, n, and interval, the APCER `reached`, and the table's own threshold.

        `worst`: every species must meet the limit; a species that is too small to show it makes the figure not
        measurable. Raises SpecError if a class has no score.
        """
        read, apcer = table.reading(self.column), self.apcer
        needs_both(read.sorted_bona_fide, read.sorted_attack)
        answered = {name: scores for name, scores in read.sorted_scores.species.items() if len(scores)}
        groups = answered if self.attacks == "worst" else {"attacks": read.sorted_attack}
        named: dict[str, Value] = {"apcer": apcer, "attacks": self.attacks}
        if few := {name: len(scores) for name, scores in groups.items() if too_few(apcer, len(scores))}:
            return {"value": None, "note": not_measurable("apcer", apcer, few), **named}
        own = max(least_that_accepts_at_most(scores, apcer) for scores in groups.values())
        rates = attack_rates(read, own)
        limit = worst(rates)
        reached = rates[limit].value if limit and self.attacks == "worst" else pooled(rates).value
        return {
            **bona_fide_rate(read, own).counts("value"),
            "reached": reached,
            "species": limit,
            "threshold": own,
            **named,
        }
