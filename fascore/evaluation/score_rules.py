"""The `score` rule of a spec: how the scores of several heads are combined into the score that decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import SpecError
from fascore.evaluation.roc import auc, equal_error

Floats: TypeAlias = NDArray[np.float64]
Rule: TypeAlias = str | Mapping[str, Any]
"""A head, or `{"sum": [heads]}`, `{"mean": [heads]}`, `{"min": [heads]}`, `{"by_task": {task: head}}`, `{"weighted":
{head: weight}}`.

A weight is a number, a list of numbers that dev chooses from, or "dev", which means `GRID`.
"""

GRID = tuple(step / 100 for step in range(101))
"""Weights that `"dev"` tries: 0, 0.01, …, 1."""


def combine(
    rule: Rule, columns: Mapping[str, Floats], tasks: NDArray[np.str_], weights: Mapping[str, float] | None = None
) -> Floats:
    """The score of each row, (N,), from the heads' scores (N,) by name. NaN is a non-response.

    A head without any present input is NaN in its column. `sum` and `weighted` need every head: a sum over fewer heads
    is on a different scale, so one NaN gives NaN. `mean` and `min` use the heads that are present; the score is NaN if
    none is. `by_task` uses the head of the row's task. A row of another task gets the lowest score of all heads, or NaN
    if one is missing. `weights` holds the result of `fit_weights` for the heads whose weight a `weighted` rule leaves
    to dev. Raises SpecError if one of them is missing.
    """
    if isinstance(rule, str):
        return columns[rule]
    ((name, value),) = rule.items()
    if name == "by_task":
        return _by_task({task: columns[head] for task, head in value.items()}, tasks)
    if name == "weighted":
        if lacking := [head for head, weight in value.items() if _grid(weight) and head not in (weights or {})]:
            raise SpecError(
                f"the weight of head '{lacking[0]}' is fitted on dev, and there is none yet; fit it, or write a number"
            )
        fixed = {head: (weights or {})[head] if _grid(weight) else float(weight) for head, weight in value.items()}
        return np.asarray(np.sum([weight * columns[head] for head, weight in fixed.items()], axis=0))
    stacked = np.stack([columns[head] for head in value])
    if name == "sum":
        return np.asarray(stacked.sum(0))
    if name == "min":
        return np.asarray(np.fmin.reduce(stacked))
    present = (~np.isnan(stacked)).sum(0)
    return np.where(present > 0, np.nansum(stacked, axis=0) / np.maximum(present, 1), np.nan)


def _by_task(heads: Mapping[str, Floats], tasks: NDArray[np.str_]) -> Floats:
    combined: Floats = np.minimum.reduce(list(heads.values()))
    for task, scores in heads.items():
        combined = np.where(tasks == task, scores, combined)
    return combined


def fit_weights(
    rule: Rule, columns: Mapping[str, Floats], labels: NDArray[Any], tasks: NDArray[np.str_]
) -> dict[str, float]:
    """Weights of the heads that a `weighted` rule leaves to dev. Empty for other rules.

    Each weight is the value of its grid with the best AUC. Ties take the lower interpolated EER, then the first value.
    Several weights are fitted in turn, in the rule's order, each starting from the first value of its grid, until a
    round changes nothing (at most ten rounds). Rows with a missing head are excluded. Raises SpecError if dev lacks a
    class.
    """
    if isinstance(rule, str) or "weighted" not in rule:
        return {}
    grids = {head: grid for head, weight in rule["weighted"].items() if (grid := _grid(weight))}
    weights = {head: grid[0] for head, grid in grids.items()}
    for _ in range(10):
        before = dict(weights)
        for head in weights:
            cost = {
                weight: _cost(combine(rule, columns, tasks, {**weights, head: weight}), labels)
                for weight in grids[head]
            }
            weights[head] = min(grids[head], key=cost.__getitem__)
        if weights == before:
            break
    return weights


def _grid(weight: Any) -> tuple[float, ...]:
    """The candidates from which dev chooses a weight. Empty if the weight is itself a number."""
    if isinstance(weight, list):
        return tuple(map(float, weight))
    return GRID if weight == "dev" else ()


def _cost(score: Floats, labels: NDArray[Any]) -> tuple[float, float]:
    """The cost of a score column; lower is better."""
    answered = np.isfinite(score)
    bona_fide, attack = np.sort(score[answered & (labels == 1)]), np.sort(score[answered & (labels == 0)])
    return -auc(bona_fide, attack), equal_error(bona_fide, attack).interpolated
