"""Error rates of ISO/IEC 30107-3:2023 at a given threshold: by species, worst, pooled; non-responses apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fascore.errors import SpecError
from fascore.evaluation.intervals import clopper_pearson
from fascore.evaluation.table import ScoreTable

Part: TypeAlias = Mapping[str, float | int | str | None]

SMALL = 30
"""Below this many presentations a rate is flagged."""


@dataclass(frozen=True)
class Rate:
    """Errors among `n` presentations that got an answer; `silent` further ones got none."""

    errors: int
    n: int
    silent: int = 0

    @property
    def value(self) -> float | None:
        """The error rate; None where no presentation got an answer."""
        return self.errors / self.n if self.n else None

    @property
    def non_response(self) -> float | None:
        """Share of all presentations that got no answer; None where there are none."""
        return self.silent / (self.n + self.silent) if self.n + self.silent else None

    def parts(self, name: str, silent: str) -> dict[str, float | int | str | None]:
        """The rate under `name` and the non-response rate under `silent`, with counts and the interval (95 %, if independent)."""
        low, high = clopper_pearson(self.errors, self.n)
        flag = {"note": f"n = {self.n} is below {SMALL}"} if self.n < SMALL else {}
        counts = {"errors": self.errors, "n": self.n, "low": low, "high": high, silent: self.non_response, "non_responses": self.silent}
        return {name: self.value, **counts, **flag}

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.errors + other.errors, self.n + other.n, self.silent + other.silent)


def bona_fide_rate(table: ScoreTable, threshold: float) -> Rate:
    """BPCER with BPNRR: bona fide presentations rejected."""
    answered = table.bona_fide & table.responded
    n = int(np.count_nonzero(answered))
    return Rate(int(np.count_nonzero(answered & (table.score < threshold))), n, int(np.count_nonzero(table.bona_fide)) - n)


def attack_rates(table: ScoreTable, threshold: float, by: str = "species") -> dict[str, Rate]:
    """Attack presentations accepted, by group: APCER with APNRR by species; the miss rate by manipulation for forgery."""
    factor = table.factor(by).named()
    answered = table.attack & table.responded
    masks = (table.attack, answered, answered & (table.score >= threshold))
    every, n, errors = (np.bincount(factor.codes[mask], minlength=len(factor.names)).tolist() for mask in masks)
    return {name: Rate(errors[code], n[code], every[code] - n[code]) for code, name in enumerate(factor.names) if every[code]}


def worst(rates: Mapping[str, Rate]) -> str | None:
    """The group of the greatest rate; of equal ones that with the most presentations, then the first by name. None: nothing measured."""
    measured = [name for name, found in rates.items() if found.n]
    return min(measured, key=lambda name: (-rates[name].errors / rates[name].n, -rates[name].n, name), default=None)


def pooled(rates: Mapping[str, Rate]) -> Rate:
    """All groups as one."""
    return sum(rates.values(), start=Rate(0, 0))


def half(first: float | None, second: float | None) -> float | None:
    """The mean of two rates; None where one was not measured."""
    return None if first is None or second is None else (first + second) / 2


@dataclass(frozen=True)
class Errors:
    """Both classes at one threshold, all attacks pooled."""

    attack: Rate
    bona_fide: Rate

    @property
    def hter(self) -> float:
        """Half total error rate: the mean of both error rates."""
        return (self.attack.errors / self.attack.n + self.bona_fide.errors / self.bona_fide.n) / 2

    @property
    def accuracy(self) -> float:
        """Share of presentations classified right."""
        return 1 - (self.attack.errors + self.bona_fide.errors) / (self.attack.n + self.bona_fide.n)


def errors(table: ScoreTable, threshold: float) -> Errors:
    """Pooled errors of both classes. Raises SpecError where one class has no score."""
    found = Errors(pooled(attack_rates(table, threshold)), bona_fide_rate(table, threshold))
    for name, one in (("bona fide", found.bona_fide), ("attack", found.attack)):
        if not one.n:
            raise SpecError(f"there is no {name} presentation with a score; this needs both classes")
    return found
