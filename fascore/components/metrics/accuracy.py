"""Accuracy at the dev threshold."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.evaluation.rates import errors
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, needed
from fascore.kinds.metric import Value


def compute(table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
    """`value` with n. Raises SpecError without a threshold or with one class only."""
    found = errors(table, needed(threshold).value)
    return {"value": found.accuracy, "n": found.attack.n + found.bona_fide.n}
