"""Area under the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.contract.kinds.protocols import Resampling, ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.roc import auc


def compute(table: ScoreTable) -> Mapping[str, Value]:
    """`value` with both counts. Raises SpecError where one class has no score."""
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    return {"value": auc(bona_fide, attack), "n_bona_fide": len(bona_fide), "n_attack": len(attack)}


def resample(table: ScoreTable, draws: Resampling) -> Mapping[str, Value]:
    """`bootstrap` of `value`. Raises SpecError where one class has no score."""
    return draws.beside(table, lambda part: part.curves.auc)
