"""Error rates of ISO/IEC 30107-3:2023 at a given threshold: by species, worst, pooled; non-responses apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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


def rate(table: ScoreTable, rows: NDArray[np.int64], threshold: float, *, accepted_is_error: bool) -> Rate:
    """The error rate among some rows of a table."""
    answered = table.responded[rows]
    scores = table.score[rows[answered]]
    accepted = int(np.count_nonzero(scores >= threshold))
    return Rate(accepted if accepted_is_error else len(scores) - accepted, len(scores), int(len(rows) - len(scores)))


def bona_fide_rate(table: ScoreTable, threshold: float) -> Rate:
    """BPCER with BPNRR: bona fide presentations rejected."""
    return rate(table, np.flatnonzero(table.bona_fide), threshold, accepted_is_error=False)


def attack_rates(table: ScoreTable, threshold: float, by: str = "species") -> dict[str, Rate]:
    """Attack presentations accepted, by group: APCER with APNRR by species; the miss rate by manipulation for forgery."""
    return {name: rate(table, rows, threshold, accepted_is_error=True) for name, rows in table.by_group(by, table.attack)}


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
    found = Errors(rate(table, np.flatnonzero(table.attack), threshold, accepted_is_error=True), bona_fide_rate(table, threshold))
    for name, one in (("bona fide", found.bona_fide), ("attack", found.attack)):
        if not one.n:
            raise SpecError(f"there is no {name} presentation with a score; this needs both classes")
    return found
