"""Accuracy at the dev threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import errors
from fascore.evaluation.threshold import needed


@dataclass(frozen=True)
class AccuracyModule(MetricModule):
    """The accuracy of one score column."""

    column: str

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with n, errors, and the interval of the accuracy.

        Raises SpecError without a threshold or with one class only.
        """
        at = needed(threshold)
        by_class = errors(table.reading(self.column), at.value)
        wrong = by_class.attack + by_class.bona_fide
        low, high = wrong.interval
        return {
            "value": by_class.accuracy,
            "errors": wrong.errors,
            "n": wrong.n,
            "low": 1 - high,
            "high": 1 - low,
            "bpcer": by_class.bona_fide.value,
            "apcer_pooled": by_class.attack.value,
            "threshold": at.value,
            "rule": str(at.rule),
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`. Raises SpecError without a threshold."""
        return draws.beside(
            table.reading(self.column), lambda resampled: resampled.rates(needed(threshold).value).accuracy
        )
