"""Partial area under the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.contract.kinds.protocols import ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.roc import partial_auc


def compute(table: ScoreTable, *, max_fpr: float) -> Mapping[str, Value]:
    """`value`, standardised, with the `area` itself and both counts. Raises SpecError where one class has no score."""
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    found = partial_auc(bona_fide, attack, max_fpr)
    return {
        "value": found.standardized,
        "area": found.area,
        "max_fpr": max_fpr,
        "n_bona_fide": len(bona_fide),
        "n_attack": len(attack),
    }
