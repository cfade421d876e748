"""Equal error rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fascore.contract.kinds.protocols import Resampling, ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.roc import equal_error

Convention = Literal["interpolated", "nearest"]


def compute(table: ScoreTable, *, convention: Convention) -> Mapping[str, Value]:
    """Both conventions, one of them as `value`, with the table's own threshold. Raises SpecError where one class has no score."""
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    found = equal_error(bona_fide, attack)
    value = found.interpolated if convention == "interpolated" else found.nearest
    return {
        "value": value,
        "convention": convention,
        **found._asdict(),
        "n_bona_fide": len(bona_fide),
        "n_attack": len(attack),
    }


def resample(table: ScoreTable, draws: Resampling, *, convention: Convention) -> Mapping[str, Value]:
    """`bootstrap` of `value`, each resample at its own threshold. Raises SpecError where one class has no score."""
    return draws.beside(
        table, lambda part: part.curves.interpolated if convention == "interpolated" else part.curves.nearest
    )
