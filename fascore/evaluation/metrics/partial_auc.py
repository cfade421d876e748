"""Partial area under the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.roc import partial_auc


@dataclass(frozen=True)
class PartialAucModule(MetricModule):
    """The area of one score column up to a false accept rate."""

    column: str
    max_fpr: float

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """The standardized `value`, with the `area` itself and both counts.

        Raises SpecError if a class has no score.
        """
        read = table.reading(self.column)
        bona_fide, attack = read.sorted_bona_fide, read.sorted_attack
        partial = partial_auc(bona_fide, attack, self.max_fpr)
        return {
            "value": partial.standardized,
            "area": partial.area,
            "max_fpr": self.max_fpr,
            "n_bona_fide": len(bona_fide),
            "n_attack": len(attack),
        }
