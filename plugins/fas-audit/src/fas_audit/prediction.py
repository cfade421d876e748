"""How well columns predict the label of unseen people: out-of-fold scores of two simple models, AUC and its standard error."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore import auc, generator

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Model: TypeAlias = Literal["linear", "tree"]
MODELS: tuple[Model, ...] = ("linear", "tree")
FOLDS = 5
CROSSED = 1.3
"""How much more an out-of-fold AUC varies than one of independent scores if no column is informative: folds share records."""
SHORTLIST = 50
"""Number of columns that are tried individually."""
SHUFFLES = 200
PENALTY = 0.1
"""Inverse strength of the logistic regression's L2 penalty: columns are standardized and many are uninformative."""
LEAF = 10
"""Smallest number of records in a leaf of the tree."""


class Measured(NamedTuple):
    """An AUC (bona fide above attack) with its standard error, and the number of records of each class."""

    auc: float
    error: float
    bona_fide: int
    attacks: int


def measure(score: Floats, label: Ints, groups: Ints) -> Measured:
    """AUC of scores (N,) with the standard error of correlated groups (Obuchowski 1997, doi:10.2307/2533958).

    If every record is its own group, this is DeLong's error. It is never below that of an uninformative score,
    sqrt((m + n + 1) / 12mn), since few groups give a poor estimate.
    """
    positive, negative = label == 1, label == 0
    up, down = np.sort(score[positive]), np.sort(score[negative])
    area, m, n = auc(up, down), len(up), len(down)
    above = (np.searchsorted(down, score[positive], "left") + np.searchsorted(down, score[positive], "right")) / (2 * n)
    below = 1 - (np.searchsorted(up, score[negative], "left") + np.searchsorted(up, score[negative], "right")) / (2 * m)
    count = int(groups.max()) + 1
    first = _deviations(above, groups[positive], count, area)
    second = _deviations(below, groups[negative], count, area)
    variance = (
        _unbiased(groups[positive], float(first @ first)) / m**2
        + _unbiased(groups[negative], float(second @ second)) / n**2
    )
    variance += 2 * _unbiased(groups, float(first @ second)) / (m * n)
    chance = (m + n + 1) / (12 * m * n)
    return Measured(area, float(np.sqrt(max(variance, chance))), m, n)


def _deviations(parts: Floats, groups: Ints, count: int, mean: float) -> Floats:
    """(count,) sums over each group of its parts' deviations from the mean."""
    return np.asarray(np.bincount(groups, parts - mean, count), dtype=np.float64)


def _unbiased(groups: Ints, total: float) -> float:
    kinds = len(np.unique(groups))
    return total * kinds / max(1, kinds - 1)


def folds(label: Ints, groups: Ints, seed: int) -> list[tuple[Ints, Ints]]:
    """(train, test) rows of up to five folds that share no group; empty if a class has fewer than two groups."""
    from sklearn.model_selection import StratifiedGroupKFold

    kinds = min(len(np.unique(groups[label == value])) for value in (0, 1))
    if kinds < 2:
        return []
    with warnings.catch_warnings(
        action="ignore", category=UserWarning
    ):  # a class has fewer groups than folds; folds without both classes are dropped
        splits = StratifiedGroupKFold(min(FOLDS, kinds), shuffle=True, random_state=seed).split(
            np.zeros(len(label)), label, groups
        )
        return [(train, test) for train, test in splits if len(np.unique(label[train])) == 2]


def predicted(columns: Floats, label: Ints, parts: list[tuple[Ints, Ints]], model: Model, seed: int) -> Floats:
    """(N,) score of each row by a model that has not seen its group; NaN if no fold tests the row."""
    score = np.full(len(label), np.nan)
    for train, test in parts:
        fitted = _model(model, seed).fit(columns[train], label[train])
        score[test] = fitted.predict_proba(columns[test])[:, 1]
    return score


def _model(model: Model, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    if model == "tree":
        return DecisionTreeClassifier(max_depth=4, min_samples_leaf=LEAF, class_weight="balanced", random_state=seed)
    return make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=2000))


def telling(
    names: list[str], columns: Floats, label: Ints, parts: list[tuple[Ints, Ints]], seed: int
) -> Iterator[tuple[str, float]]:
    """(name, AUC) of the tree on each column alone, farthest from 0.50 first; at most the columns that rank the labels best."""
    ranks = np.array([abs(_auc(column, label) - 0.5) for column in columns.T])
    tested = np.concatenate([test for _, test in parts])
    alone = []
    for place in np.argsort(-ranks, kind="stable")[:SHORTLIST].tolist():
        score = predicted(columns[:, place : place + 1], label, parts, "tree", seed)[tested]
        alone.append((names[place], _auc(score, label[tested])))
    yield from sorted(alone, key=lambda pair: -abs(pair[1] - 0.5))


def _auc(score: Floats, label: Ints) -> float:
    return auc(np.sort(score[label == 1]), np.sort(score[label == 0]))


def identity(label: Ints, groups: Ints, seed: int) -> Measured | None:
    """How well the subject predicts the label, corrected for chance: one half plus the excess over shuffled labels.

    The score of a record is the share of bona fide among its subject's records. If a subject has few records, this share is
    informative by itself; shuffled labels measure by how much, and how much that varies (the standard error). A design in which
    every subject has both labels equally often scores below one half. None if no subject has two records or a label is absent.
    """
    _, groups = np.unique(groups, return_inverse=True)
    total = np.bincount(groups)
    positive = int(label.sum())
    if total.max() < 2 or not 0 < positive < len(label):
        return None
    random = generator(seed, "audit", "identity")
    chance = [_of_shares(np.bincount(groups, random.permutation(label), len(total)), total) for _ in range(SHUFFLES)]
    measured = _of_shares(np.bincount(groups, label, len(total)), total)
    error = max(float(np.std(chance)), float(np.finfo(np.float64).eps))
    return Measured(0.5 + measured - float(np.mean(chance)), error, positive, len(label) - positive)


def _of_shares(positive: NDArray[Any], total: NDArray[Any]) -> float:
    """AUC of each group's share of positives, from counts per group: whole numbers, ties count half."""
    _, place = np.unique(positive / total, return_inverse=True)
    up, down = np.bincount(place, positive), np.bincount(place, total - positive)
    return float((up * (np.cumsum(down) - down / 2)).sum() / (up.sum() * down.sum()))
