"""Equal error rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.roc import equal_error


@dataclass(frozen=True)
class EerModule(MetricModule):
    """The equal error rate of one score column, in one of two conventions."""

    column: str
    convention: Literal["interpolated", "nearest"]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """Both conventions, one of them as `value`, with the table's own threshold.

        Raises SpecError if a class has no score.
        """
        read = table.reading(self.column)
        bona_fide, attack = read.sorted_bona_fide, read.sorted_attack
        equal = equal_error(bona_fide, attack)
        return {
            "value": equal.interpolated if self.convention == "interpolated" else equal.nearest,
            "convention": self.convention,
            **equal._asdict(),
            "n_bona_fide": len(bona_fide),
            "n_attack": len(attack),
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`, each resample at its own threshold. Raises SpecError if a class has no score."""
        return draws.beside(
            table.reading(self.column),
            lambda resampled: (
                resampled.curves.interpolated if self.convention == "interpolated" else resampled.curves.nearest
            ),
        )
