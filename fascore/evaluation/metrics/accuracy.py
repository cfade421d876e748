"""Accuracy at the dev threshold."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import errors
from fascore.evaluation.threshold import needed


def compute(table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
    """`value` with n, errors, and the interval of the accuracy. Raises SpecError without a threshold or with one class only."""
    at = needed(threshold)
    found = errors(table, at.value)
    wrong = found.attack + found.bona_fide
    low, high = wrong.interval
    return {
        "value": found.accuracy,
        "errors": wrong.errors,
        "n": wrong.n,
        "low": 1 - high,
        "high": 1 - low,
        "bpcer": found.bona_fide.value,
        "apcer_pooled": found.attack.value,
        "threshold": at.value,
        "rule": str(at.rule),
    }


def resample(table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
    """`bootstrap` of `value`. Raises SpecError without a threshold."""
    return draws.beside(table, lambda part: part.rates(needed(threshold).value).accuracy)
