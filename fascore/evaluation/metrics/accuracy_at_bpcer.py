"""Accuracy at a BPCER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import not_measurable, too_few
from fascore.evaluation.rates import errors
from fascore.evaluation.roc import needs_both, reject_at_most


@dataclass(frozen=True)
class AccuracyAtBpcerModule(MetricModule):
    """The accuracy of one score column at a BPCER of at most `bpcer`."""

    column: str
    bpcer: float

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with errors, n, and interval, the BPCER `reached`, and the table's own threshold.

        None with a note if there are too few bona fide to show the rate. Raises SpecError if a class has no score.
        """
        read, bpcer = table.reading(self.column), self.bpcer
        bona_fide = read.sorted_bona_fide
        needs_both(bona_fide, read.sorted_attack)
        if too_few(bpcer, len(bona_fide)):
            return {
                "value": None,
                "note": not_measurable("bpcer", bpcer, {"bona fide": len(bona_fide)}),
                "bpcer": bpcer,
            }
        own = reject_at_most(bona_fide, bpcer)
        by_class = errors(read, own)
        wrong = by_class.attack + by_class.bona_fide
        low, high = wrong.interval
        return {
            "value": by_class.accuracy,
            "errors": wrong.errors,
            "n": wrong.n,
            "low": 1 - high,
            "high": 1 - low,
            "reached": by_class.bona_fide.value,
            "threshold": own,
            "bpcer": bpcer,
        }
