"""Score-level fusion of several systems, joined by dataset and id, with weights fitted on dev.

Gives one score table per test set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, NonNegativeInt

from fascore.contract.component import Config
from fascore.contract.errors import FascoreError
from fascore.evaluation.categorical import Categorical
from fascore.evaluation.join import Named, align
from fascore.evaluation.roc import auc, needs_both
from fascore.evaluation.score_rules import combine, fit_weights
from fascore.evaluation.table import Floats, ScoreTable

Rule: TypeAlias = Literal["sum", "mean", "weighted", "logistic"]


class Share(Config):
    """The term of one system: weight * (score - mean) / deviation.

    Mean and deviation are those on dev, for the rules that use them.
    """

    weight: FiniteFloat = Field(1.0, description="weight of the standardized score")
    mean: FiniteFloat = Field(0.0, description="subtracted from the score")
    deviation: FiniteFloat = Field(1.0, description="divides the score", gt=0)


class Combination(Config):
    """How the scores of several systems are combined. Its JSON depends only on the rule and on dev."""

    rule: Rule = Field(description="sum, mean of the systems that responded, weighted, or logistic")
    shares: dict[str, Share] = Field(description="contribution of each system by its name")
    intercept: FiniteFloat = Field(0.0, description="added to the sum; only `logistic` has one")
    n_bona_fide: NonNegativeInt = Field(0, description="bona fide presentations of dev that the weights were fitted on")
    n_attack: NonNegativeInt = Field(0, description="attacks of dev that the weights were fitted on")

    @property
    def description(self) -> str:
        """The weights, in words."""
        if self.rule in ("sum", "mean"):
            return f"{self.rule} of the scores of {', '.join(self.shares)}"
        terms = ", ".join(
            f"{share.weight:.4g} x ({name} {-share.mean:+.4g}) / {share.deviation:.4g}"
            for name, share in self.shares.items()
        )
        tail = f", intercept {self.intercept:.4g}: log-odds" if self.rule == "logistic" else ""
        return f"{self.rule}: {terms}{tail}; fitted on dev ({self.n_bona_fide} bona fide, {self.n_attack} attacks)"


def fit(rule: Rule, dev: Named | None, systems: Sequence[str]) -> Combination:
    """Fit the combination of several systems.

    `weighted` and `logistic` are fitted on the dev rows for which all systems have a score.

    `weighted`: scores are standardized by their mean and deviation on dev. The system with the best AUC on dev has
    weight 1, every other system the best weight of 0, 0.01, …, 1 (`score_rules.fit_weights`). `logistic`:
    scikit-learn's LogisticRegression (L2, C = 1) on standardized scores. The fused score is the log-odds, which never
    saturate. Raises FascoreError.
    """
    if rule in ("sum", "mean"):
        return Combination(rule=rule, shares={name: Share() for name in systems})
    if dev is None:
        raise FascoreError(
            f"the rule '{rule}' fits its weights on dev: give one dev file per system, in the order of the systems"
        )
    tables = align(dev)
    label = next(iter(tables.values())).label
    answered = np.logical_and.reduce([table.responded for table in tables.values()])
    needs_both(*(tables[systems[0]].score[answered & (label == value)] for value in (1, 0)))
    columns = {name: table.score[answered] for name, table in tables.items()}
    shares = {name: _standard(name, values) for name, values in columns.items()}
    standard = {name: (values - shares[name].mean) / shares[name].deviation for name, values in columns.items()}
    weights, intercept = (_weighted if rule == "weighted" else _logistic)(standard, label[answered])
    shares = {name: share.model_copy(update={"weight": weights[name]}) for name, share in shares.items()}
    n = int((label[answered] == 1).sum())
    return Combination(rule=rule, shares=shares, intercept=intercept, n_bona_fide=n, n_attack=int(answered.sum()) - n)


def _standard(name: str, values: Floats) -> Share:
    deviation = float(values.std())
    if deviation == 0:
        raise FascoreError(
            f"all scores of '{name}' on dev are equal: no weight can be fitted; leave the system out, or use the rule 'sum'"
        )
    return Share(mean=float(values.mean()), deviation=deviation)


def _weighted(columns: Mapping[str, Floats], label: NDArray[np.int8]) -> tuple[dict[str, float], float]:
    areas = {name: auc(np.sort(values[label == 1]), np.sort(values[label == 0])) for name, values in columns.items()}
    best = max(areas, key=areas.__getitem__)
    rule = {"weighted": {name: 1.0 if name == best else "dev" for name in columns}}
    return {best: 1.0, **fit_weights(rule, columns, label, np.empty(0, np.str_))}, 0.0


def _logistic(columns: Mapping[str, Floats], label: NDArray[np.int8]) -> tuple[dict[str, float], float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(np.stack(list(columns.values()), axis=1), label)
    return dict(zip(columns, map(float, model.coef_[0]))), float(model.intercept_[0])


def fuse(combination: Combination, tables: Named) -> ScoreTable:
    """One table with the combined score, and each system's own score as `<system>.score`.

    Raises FascoreError if the tables do not match.

    A row without a score from a required system is a non-response, with the reason of the first such system. `mean`
    uses the systems that have a score.
    """
    tables = align(tables)
    scores = {name: np.where(table.responded, table.score, np.nan) for name, table in tables.items()}
    shares = combination.shares
    standard = {name: (values - shares[name].mean) / shares[name].deviation for name, values in scores.items()}
    weighted = {"weighted": {name: share.weight for name, share in shares.items()}}
    rule: Mapping[str, Any] = {combination.rule: list(shares)} if combination.rule in ("sum", "mean") else weighted
    score = combine(rule, standard, np.empty(0, np.str_)) + combination.intercept
    first, *others = tables.values()
    words = {
        name: column
        for table in (*reversed(others), first)
        for name, column in table.words.items()
        if any(column.names)
    }
    words["response"] = _response(score, list(tables.values()))
    heads = {f"{name}.score": values for name, values in scores.items()}
    notes = tuple(dict.fromkeys(note for table in tables.values() for note in table.notes))
    return ScoreTable(first.id, first.label, score, words, heads, notes)


def _response(score: Floats, tables: Sequence[ScoreTable]) -> Categorical:
    """`ok` if there is a score, otherwise the response of the first system without one."""
    words = np.where(np.isfinite(score), "ok", "")
    for table in tables:
        words = np.where((words == "") & ~table.responded, table.column("response"), words)
    return Categorical.of(words)
