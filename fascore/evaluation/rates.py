"""Error rates of ISO/IEC 30107-3:2023 at a given threshold: by species, worst, and pooled; non-responses separate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fascore.contract.errors import SpecError
from fascore.contract.kinds.protocols import ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import clopper_pearson, rule_of_three, upper_bound

SMALL = 30
"""A rate on fewer presentations than this is flagged."""


@dataclass(frozen=True)
class Rate:
    """Errors among `n` presentations with a response; `silent` further presentations have none.

    `subjects`: the number of people that the n show, if named.
    """

    errors: int
    n: int
    silent: int = 0
    subjects: int | None = None

    @property
    def value(self) -> float | None:
        """The error rate; None if no presentation has a response."""
        return self.errors / self.n if self.n else None

    @property
    def non_response(self) -> float | None:
        """Share of all presentations without a response; None if there are no presentations."""
        return self.silent / (self.n + self.silent) if self.n + self.silent else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Clopper-Pearson interval of the error rate, if presentations are independent."""
        return clopper_pearson(self.errors, self.n)

    def silence_rejects(self, *, bona_fide: bool) -> Rate:
        """The rate if a non-response counts as a rejection: an error for bona fide, correct for an attack."""
        return Rate(self.errors + self.silent * bona_fide, self.n + self.silent)

    def parts(self, name: str, silent: str) -> dict[str, Value]:
        """The rate under `name` and the non-response rate under `silent`, with counts and the interval (95 %, if
        independent).

        If there are no errors and subjects are named, `rule_of_three` bounds the rate by the number of subjects.
        """
        few = {"note": f"n = {self.n} is below {SMALL}"} if self.n < SMALL else {}
        three: dict[str, Value] = {}
        if self.n and not self.errors and self.subjects is not None:
            three = {"rule_of_three": {"subjects": self.subjects, "high": rule_of_three(self.subjects)}}
        return {**self.counts(name), silent: self.non_response, "non_responses": self.silent, **three, **few}

    def counts(self, name: str) -> dict[str, Value]:
        """The rate under `name` with errors, n, and the Clopper-Pearson interval: `low` and `high`, 95 %, if
        independent.
        """
        low, high = self.interval
        return {name: self.value, "errors": self.errors, "n": self.n, "low": low, "high": high}

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.errors + other.errors, self.n + other.n, self.silent + other.silent)


def bona_fide_rate(table: ScoreTable, threshold: float) -> Rate:
    """BPCER with BPNRR: rejected bona fide presentations."""
    scores, silent = table.sorted_scores.bona_fide, table.sorted_scores.silent_bona_fide
    shown = None if table.shown is None else table.shown.bona_fide
    return Rate(int(np.searchsorted(scores, threshold, side="left")), len(scores), silent, shown)


def attack_rates(table: ScoreTable, threshold: float) -> dict[str, Rate]:
    """Accepted attack presentations by species: APCER with APNRR, or for forgery the miss rate by manipulation."""
    by_class, shown = table.sorted_scores, {} if table.shown is None else table.shown.species
    below = {name: int(np.searchsorted(scores, threshold, side="left")) for name, scores in by_class.species.items()}
    return {
        name: Rate(len(scores) - below[name], len(scores), by_class.silent[name], shown.get(name))
        for name, scores in by_class.species.items()
    }


def worst(rates: Mapping[str, Rate]) -> str | None:
    """The group with the highest rate; ties take the one with the most presentations, then the first by name.

    None if nothing was measured.
    """
    measured = [name for name, species_rate in rates.items() if species_rate.n]
    return min(measured, key=lambda name: (-rates[name].errors / rates[name].n, -rates[name].n, name), default=None)


def pooled(rates: Mapping[str, Rate]) -> Rate:
    """All groups pooled into one rate."""
    return sum(rates.values(), start=Rate(0, 0))


def mean(rates: Mapping[str, Rate]) -> float | None:
    """The mean over the groups that were measured, with equal weights; None if none was."""
    values = [species_rate.errors / species_rate.n for species_rate in rates.values() if species_rate.n]
    return sum(values) / len(values) if values else None


def coarse(rates: Mapping[str, Rate]) -> dict[str, dict[str, Rate]]:
    """Species by group; the group is the part of the name before the dot."""
    groups: dict[str, dict[str, Rate]] = {}
    for name, rate in rates.items():
        groups.setdefault(name.partition(".")[0], {})[name] = rate
    return groups


def worst_bound(rates: Mapping[str, Rate], confidence: float = 0.95) -> dict[str, Value]:
    """An upper bound of the worst of m rates, and the group that sets it: the largest exact one-sided bound at alpha /
    m (Bonferroni).

    All m bounds hold simultaneously with this confidence, so the largest bounds the highest rate, whichever group that
    is. A bootstrap of the maximum is biased and provides no information about a species without errors.
    """
    measured = {name: rate for name, rate in rates.items() if rate.n}
    bounds = {
        name: upper_bound(rate.errors, rate.n, (1 - confidence) / len(measured)) for name, rate in measured.items()
    }
    name = max(bounds, key=lambda name: (bounds[name], name), default=None)
    return {
        "value": bounds[name] if name is not None else None,
        "species": name,
        "m": len(measured),
        "confidence": confidence,
    }


def half(first: float | None, second: float | None) -> float | None:
    """The mean of two rates; None if one was not measured."""
    return None if first is None or second is None else (first + second) / 2


@dataclass(frozen=True)
class Errors:
    """Errors of both classes at one threshold, with all attacks pooled."""

    attack: Rate
    bona_fide: Rate

    @property
    def hter(self) -> float:
        """Half total error rate: the mean of both error rates."""
        return (self.attack.errors / self.attack.n + self.bona_fide.errors / self.bona_fide.n) / 2

    @property
    def accuracy(self) -> float:
        """Share of presentations classified correctly."""
        return 1 - (self.attack.errors + self.bona_fide.errors) / (self.attack.n + self.bona_fide.n)


def errors(table: ScoreTable, threshold: float) -> Errors:
    """Pooled errors of both classes. Raises SpecError if a class has no score."""
    both_classes = Errors(pooled(attack_rates(table, threshold)), bona_fide_rate(table, threshold))
    for name, rate in (("bona fide", both_classes.bona_fide), ("attack", both_classes.attack)):
        if not rate.n:
            raise SpecError(f"no {name} presentation has a score; both classes are needed")
    return both_classes
