"""Area under the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.roc import auc


@dataclass(frozen=True)
class AucModule(MetricModule):
    """The area of one score column."""

    column: str

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with both counts. Raises SpecError if a class has no score."""
        read = table.reading(self.column)
        bona_fide, attack = read.sorted_bona_fide, read.sorted_attack
        return {"value": auc(bona_fide, attack), "n_bona_fide": len(bona_fide), "n_attack": len(attack)}

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`. Raises SpecError if a class has no score."""
        return draws.beside(table.reading(self.column), lambda resampled: resampled.curves.auc)
