"""Half total error rate."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import errors
from fascore.evaluation.threshold import needed


def compute(table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
    """`value` with both error rates and their n. Raises SpecError without a threshold or with one class only."""
    at = needed(threshold)
    found = errors(table, at.value)
    return {
        "value": found.hter,
        "false_accept_pooled": found.attack.value,
        "false_reject": found.bona_fide.value,
        "n_attack": found.attack.n,
        "n_bona_fide": found.bona_fide.n,
        "threshold": at.value,
        "rule": str(at.rule),
    }


def resample(table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
    """`bootstrap` of `value`. Raises SpecError without a threshold."""
    return draws.beside(table, lambda part: part.rates(needed(threshold).value).hter)
