"""Threshold: the number that decides, with the rule and the split that it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
from pydantic import Field, FiniteFloat, NonNegativeInt

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError, SpecError
from fascore.contract.kinds import protocols
from fascore.contract.threshold_rule import ThresholdRule
from fascore.evaluation import roc
from fascore.evaluation.table import ScoreTable


class Threshold(Config):
    """Accept if score >= `value`. Its JSON depends only on the rule and the dev scores."""

    value: FiniteFloat = Field(description="accept if the score is at least this")
    rule: ThresholdRule = Field(description="rule that chose the value")
    split: str = Field(description="split it was chosen on; `given` for a fixed threshold")
    column: str = Field("score", description="column of the score table that it applies to")
    datasets: tuple[str, ...] = Field((), description="datasets of that split")
    n_bona_fide: NonNegativeInt = Field(0, description="bona fide scores it was chosen on")
    n_attack: NonNegativeInt = Field(0, description="attack scores it was chosen on")

    def to_json(self) -> str:
        """The threshold as JSON. Equal thresholds give the same bytes."""
        return json.dumps(self.model_dump(mode="json"), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Threshold:
        """Parse the output of `to_json`, bit for bit. Raises SpecErrors."""
        try:
            return validate(cls, json.loads(text))
        except json.JSONDecodeError as error:
            raise FascoreError(f"this is not a threshold file: {error}") from None

    @property
    def origin(self) -> str:
        """The origin of the threshold, in words."""
        if self.rule.name == "fixed":
            return "specified by the user, not chosen on data"
        where = f" of {', '.join(filter(None, self.datasets))}" if any(self.datasets) else ""
        return f"{self.rule}, chosen on the {self.split} split{where} ({self.n_bona_fide} bona fide, {self.n_attack} attacks)"


def threshold_rule(text: ThresholdRule | str) -> ThresholdRule:
    """Parse a rule as a user writes it. Raises FascoreError with a list of the rules."""
    try:
        return text if isinstance(text, ThresholdRule) else ThresholdRule(text)
    except ValueError as error:
        raise FascoreError(str(error)) from None


def choose(rule: ThresholdRule | str, table: ScoreTable | None, split: str = "dev", column: str = "score") -> Threshold:
    """Choose a threshold on a dev table. Non-responses are excluded. `fixed=…` needs no table.

    Raises FascoreError for the test split, for an unknown rule, and if the table lacks a class that the rule needs.
    """
    rule = threshold_rule(rule)
    if rule.name == "fixed":
        return Threshold(value=rule.level, rule=rule, split="given", column=column)
    if table is None:
        raise FascoreError(
            f"threshold rule '{rule}' needs the scores of a dev split; provide dev scores, or a number with 'fixed=…'"
        )
    if split == "test":
        raise FascoreError("a threshold must not be chosen on the test split; provide a dev split")
    read = table.reading(column)
    bona_fide, attack = read.sorted_bona_fide, read.sorted_attack
    try:
        roc.needs_both(bona_fide, attack)
    except FascoreError as error:
        raise FascoreError(f"threshold rule '{rule}' on the {split} split: {error}") from None
    datasets = tuple(name for name in read.categorical("dataset").present() if name)
    return Threshold(
        value=_CHOOSERS[rule.name](read, rule.level),
        rule=rule,
        split=split,
        column=column,
        datasets=datasets,
        n_bona_fide=len(bona_fide),
        n_attack=len(attack),
    )


def needed(threshold: protocols.Threshold | None) -> protocols.Threshold:
    """The threshold that a metric requires. Raises SpecError if there is none."""
    if threshold is None:
        raise SpecError(
            "this metric needs a threshold from a dev split; provide dev scores, or a number with 'fixed=…'"
        )
    return threshold


def _each_species(table: ScoreTable, rate: float) -> float:
    """The lowest threshold at which every species meets its limit."""
    by_species = (np.sort(table.score[rows]) for _, rows in table.by_group("species", table.attack & table.responded))
    return max(roc.accept_at_most(scores, rate) for scores in by_species)


_CHOOSERS: dict[str, Callable[[ScoreTable, float], float]] = {
    "eer": lambda table, _: roc.equal_error(table.sorted_bona_fide, table.sorted_attack).threshold,
    "min_hter": lambda table, _: roc.least_half_total_error(table.sorted_bona_fide, table.sorted_attack),
    "bpcer": lambda table, rate: roc.reject_at_most(table.sorted_bona_fide, rate),
    "apcer": _each_species,
    "far": lambda table, rate: roc.accept_at_most(table.sorted_attack, rate),
}
