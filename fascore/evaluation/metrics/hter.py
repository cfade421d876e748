"""Half total error rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import errors
from fascore.evaluation.threshold import needed


@dataclass(frozen=True)
class HterModule(MetricModule):
    """The half total error rate of one score column."""

    column: str

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with both error rates and their n. Raises SpecError without a threshold or with one class only."""
        at = needed(threshold)
        wrong = errors(table.reading(self.column), at.value)
        return {
            "value": wrong.hter,
            "false_accept_pooled": wrong.attack.value,
            "false_reject": wrong.bona_fide.value,
            "n_attack": wrong.attack.n,
            "n_bona_fide": wrong.bona_fide.n,
            "threshold": at.value,
            "rule": str(at.rule),
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`. Raises SpecError without a threshold."""
        return draws.beside(table.reading(self.column), lambda resampled: resampled.rates(needed(threshold).value).hter)
