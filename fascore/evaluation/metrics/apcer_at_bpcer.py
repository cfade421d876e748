"""APCER at a BPCER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import not_measurable, too_few
from fascore.evaluation.rates import attack_rates, bona_fide_rate, pooled, worst
from fascore.evaluation.roc import needs_both, reject_at_most


@dataclass(frozen=True)
class ApcerAtBpcerModule(MetricModule):
    """The APCER of one score column at a BPCER of at most `bpcer`."""

    column: str
    bpcer: float
    attacks: Literal["worst", "pooled"]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with errors, n, and interval, the BPCER `reached`, and the table's own threshold.

        None with a note if there are too few bona fide to show the rate. Raises SpecError if a class has no score.
        """
        read, bpcer = table.reading(self.column), self.bpcer
        bona_fide = read.sorted_bona_fide
        needs_both(bona_fide, read.sorted_attack)
        named: dict[str, Value] = {"bpcer": bpcer, "attacks": self.attacks}
        if too_few(bpcer, len(bona_fide)):
            return {"value": None, "note": not_measurable("bpcer", bpcer, {"bona fide": len(bona_fide)}), **named}
        own = reject_at_most(bona_fide, bpcer)
        rates = attack_rates(read, own)
        top = worst(rates)
        rate = rates[top] if top and self.attacks == "worst" else pooled(rates)
        return {
            **rate.counts("value"),
            "species": top,
            "reached": bona_fide_rate(read, own).value,
            "threshold": own,
            **named,
        }
