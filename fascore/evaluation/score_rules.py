"""The `score` rule of a spec: how the scores of several heads become the one that decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.errors import SpecError
from fascore.evaluation.curves import auc, equal_error

Floats: TypeAlias = NDArray[np.float64]
Rule: TypeAlias = str | Mapping[str, Any]
"""A head, or `{"sum": [heads]}`, `{"mean": [heads]}`, `{"min": [heads]}`, `{"by_task": {task: head}}`, `{"weighted": {head: number or "dev"}}`."""

GRID = tuple(step / 100 for step in range(101))
"""Weights that `"dev"` tries: 0, 0.01, …, 1."""


def combine(rule: Rule, columns: Mapping[str, Floats], tasks: NDArray[np.str_], weights: Mapping[str, float] | None = None) -> Floats:
    """The score of each row, (N,), from the heads' scores (N,) by name; NaN is a non-response.

    A head without any present input is NaN in its column. `sum` and `weighted` need every head: a sum over fewer is on
    another scale, so one NaN gives NaN. `mean` and `min` take the heads that are present, NaN where none is. `by_task` takes
    the head of the row's task; a row of another task takes the lower of all, NaN where one of them is missing. `weights`
    are those of `fit_weights`, for the heads that a `weighted` rule leaves to dev. Raises SpecError where one lacks.
    """
    if isinstance(rule, str):
        return columns[rule]
    ((name, value),) = rule.items()
    if name == "by_task":
        return _by_task({task: columns[head] for task, head in value.items()}, tasks)
    if name == "weighted":
        if lacking := [head for head, weight in value.items() if weight == "dev" and head not in (weights or {})]:
            raise SpecError(f"the weight of head '{lacking[0]}' is fitted on dev, and there is none yet; fit it, or write a number")
        fixed = {head: (weights or {})[head] if weight == "dev" else float(weight) for head, weight in value.items()}
        return np.asarray(np.sum([weight * columns[head] for head, weight in fixed.items()], axis=0))
    stacked = np.stack([columns[head] for head in value])
    if name == "sum":
        return np.asarray(stacked.sum(0))
    if name == "min":
        return np.asarray(np.fmin.reduce(stacked))
    present = (~np.isnan(stacked)).sum(0)
    return np.where(present > 0, np.nansum(stacked, axis=0) / np.maximum(present, 1), np.nan)


def _by_task(heads: Mapping[str, Floats], tasks: NDArray[np.str_]) -> Floats:
    found: Floats = np.minimum.reduce(list(heads.values()))
    for task, scores in heads.items():
        found = np.where(tasks == task, scores, found)
    return found


def fit_weights(rule: Rule, columns: Mapping[str, Floats], labels: NDArray[Any], tasks: NDArray[np.str_]) -> dict[str, float]:
    """Weights of the heads that a `weighted` rule leaves to dev; empty for other rules.

    The best of `GRID` by AUC, of equal ones by the lower interpolated EER, of equal ones the least weight. Several are
    fitted in turn, in the rule's order, from 0, until a round changes nothing (at most ten rounds). Rows with a missing
    head have no part. Raises SpecError where dev lacks a class.
    """
    if isinstance(rule, str) or "weighted" not in rule:
        return {}
    weights = {head: 0.0 for head, weight in rule["weighted"].items() if weight == "dev"}
    for _ in range(10):
        before = dict(weights)
        for head in weights:
            cost = {weight: _cost(combine(rule, columns, tasks, {**weights, head: weight}), labels) for weight in GRID}
            weights[head] = min(GRID, key=cost.__getitem__)  # the first of equal ones: the least weight
        if weights == before:
            break
    return weights


def _cost(score: Floats, labels: NDArray[Any]) -> tuple[float, float]:
    """Lower is better."""
    answered = np.isfinite(score)
    bona_fide, attack = np.sort(score[answered & (labels == 1)]), np.sort(score[answered & (labels == 0)])
    return -auc(bona_fide, attack), equal_error(bona_fide, attack).interpolated
