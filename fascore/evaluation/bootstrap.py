"""The bootstrap over subjects: the figures for other samples of people, keeping all presentations of a person together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fascore.contract.kinds.protocols import ScoreTable
from fascore.contract.kinds.score_protocols import Clusters
from fascore.contract.kinds.values import Value
from fascore.contract.random_streams import generator
from fascore.evaluation import roc
from fascore.evaluation.subjects import Codes

Floats: TypeAlias = NDArray[np.float64]

BLOCK = 64
"""Number of resamples whose weights are in memory as floats at the same time."""


class Rates(NamedTuple):
    """Error rates of each resample at one threshold, (B,), and by species.

    NaN if a resample lacks those presentations.
    """

    bona_fide: Floats
    species: Mapping[str, Floats]
    pooled: Floats
    accuracy: Floats

    @property
    def hter(self) -> Floats:
        """Mean of the error rates of the pooled attacks and of the bona fide."""
        return (self.pooled + self.bona_fide) / 2

    @property
    def mean_species(self) -> Floats:
        """The mean over the species in a resample; NaN if it has none."""
        rates = np.array(list(self.species.values())).reshape(len(self.species), len(self.bona_fide))
        shown = np.isfinite(rates)
        return _quotient(np.where(shown, rates, 0).sum(axis=0), shown.sum(axis=0).astype(np.float64))


class Curves(NamedTuple):
    """Threshold-free figures of each resample, (B,); NaN if a resample has no bona fide or no attack."""

    auc: Floats
    interpolated: Floats
    nearest: Floats


@dataclass(frozen=True)
class Resampling:
    """`count` draws with replacement of as many subjects as a table has.

    A row's weight is the number of times its subject was drawn.

    Intervals are percentiles, 2.5 and 97.5 %. The random stream depends on the seed alone, so two tables of the same
    subjects are resampled identically.
    """

    table: ScoreTable
    clusters: Clusters
    count: int
    seed: int
    _rates: dict[float, Rates] = field(default_factory=dict)

    @classmethod
    def of(cls, table: ScoreTable, count: int, seed: int) -> Resampling | None:
        """None if `count` is 0 or the table names fewer than two subjects, which allow no inference about other people."""
        clusters = table.clusters
        return None if clusters is None or clusters.count < 2 or not count else cls(table, clusters, count, seed)

    def on(self, table: ScoreTable) -> Resampling | None:
        """The same resampling for another column or a part of the table."""
        return self if table is self.table else Resampling.of(table, self.count, self.seed)

    @cached_property
    def weights(self) -> NDArray[np.uint16]:
        """Number of times each subject was drawn, (B, S)."""
        stream, subjects = generator(self.seed, "bootstrap"), self.clusters.count
        drawn = np.empty((self.count, subjects), np.uint16)
        for row in drawn:
            row[:] = np.bincount(stream.integers(0, subjects, subjects), minlength=subjects)
        return drawn

    def interval(self, values: Floats) -> dict[str, Value]:
        """`low` and `high` with the number of `subjects`.

        The ends are None if fewer than 9 of 10 resamples could be measured.
        """
        measured = values[np.isfinite(values)]
        low, high = np.percentile(measured, [2.5, 97.5]).tolist() if len(measured) >= 0.9 * self.count else (None, None)
        return {"low": low, "high": high, "subjects": self.clusters.count}

    def beside(self, table: ScoreTable, values: Callable[[Resampling], Floats]) -> dict[str, Value]:
        """The interval under the key `bootstrap`, to accompany a figure of this table.

        Empty if the table cannot be resampled.
        """
        part = self.on(table)
        return {} if part is None else {"bootstrap": part.interval(values(part))}

    def rates(self, threshold: float) -> Rates:
        """All rates at a threshold."""
        if threshold not in self._rates:
            self._rates[threshold] = self.rates_of(self.table.score >= threshold, self.table.responded)
        return self._rates[threshold]

    def rates_of(self, accepted: NDArray[np.bool_], counted: NDArray[np.bool_]) -> Rates:
        """All rates if the rows of `accepted` (N,) are accepted, among the rows of `counted` (N,)."""
        table, species = self.table, self.table.categorical("species").named()
        count = len(species.names)
        group = np.where(table.bona_fide, count, species.codes)
        wrong = self._sums(group, count + 1, counted & (accepted == table.attack))
        every = self._sums(group, count + 1, counted)
        attacks = every[:count].sum(axis=0)
        shown = {
            name: _quotient(wrong[code], every[code]) for code, name in enumerate(species.names) if every[code].any()
        }
        accuracy = 1 - _quotient(wrong.sum(axis=0), every.sum(axis=0))
        return Rates(
            _quotient(wrong[count], every[count]), shown, _quotient(wrong[:count].sum(axis=0), attacks), accuracy
        )

    def _sums(self, group: NDArray[np.integer[Any]], groups: int, rows: NDArray[np.bool_]) -> Floats:
        """Weighted row count of each group, (groups, B)."""
        ones, place = np.ones(np.count_nonzero(rows)), (group[rows], self.clusters.codes[rows])
        tally = csr_array((ones, place), shape=(groups, self.clusters.count))  # duplicate entries are summed
        blocks = (self.weights[start : start + BLOCK].T.astype(np.float64) for start in range(0, self.count, BLOCK))
        return np.concatenate([tally @ block for block in blocks], axis=1)

    @cached_property
    def curves(self) -> Curves:
        """AUC and EER of each resample, computed from scores that are sorted once."""
        table = self.table
        sorted_classes = [
            _sorted(table, rows & table.responded, self.clusters) for rows in (table.bona_fide, table.attack)
        ]
        roc.needs_both(sorted_classes[0].scores, sorted_classes[1].scores)
        weighed = _Weighed(*sorted_classes)
        figures = np.array([weighed.figures(row.astype(np.float64)) for row in self.weights])
        return Curves(*figures.T)


class _Sorted(NamedTuple):
    scores: Floats
    codes: Codes


def _sorted(table: ScoreTable, rows: NDArray[np.bool_], clusters: Clusters) -> _Sorted:
    picked = np.flatnonzero(rows)
    order = picked[np.argsort(table.score[picked], kind="stable")]
    return _Sorted(table.score[order], clusters.codes[order])


class _Weighed:
    """AUC and EER with a weight per subject.

    Positions in the sorted scores are computed once; only weights are summed for each resample.
    """

    def __init__(self, bona_fide: _Sorted, attack: _Sorted) -> None:
        self.bona_fide, self.attack = bona_fide.codes, attack.codes
        curve = roc.roc(bona_fide.scores, attack.scores)
        self.rejected = curve.rejected  # bona fide below each threshold; the next line counts attacks
        self.below = len(attack.scores) - curve.accepted
        self.lower, self.upper = (
            np.searchsorted(attack.scores, bona_fide.scores, side=side) for side in ("left", "right")
        )

    def figures(self, weights: Floats) -> tuple[float, float, float]:
        own = weights[self.bona_fide]
        rejects, keeps = _before(own), _before(weights[self.attack])
        bona_fide, attacks = rejects[-1], keeps[-1]
        if not bona_fide or not attacks:
            return np.nan, np.nan, np.nan
        pairs = np.einsum(
            "i,i", own, keeps[self.lower] + keeps[self.upper]
        )  # a matrix product would start threads, which cost more than they save
        return pairs / (2 * bona_fide * attacks), *self._equal_error(rejects, keeps)

    def _equal_error(self, rejects: Floats, keeps: Floats) -> tuple[float, float]:
        """As `roc.equal_error`, with weights instead of counts: the rates are equal at the point where their gap
        changes sign.
        """
        bona_fide, attacks = rejects[-1], keeps[-1]
        low, high = 0, len(self.rejected) - 1  # the gap is positive at low and not positive at high

        def gap(k: int) -> float:
            return float((attacks - keeps[self.below[k]]) * bona_fide - rejects[self.rejected[k]] * attacks)

        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if gap(middle) > 0 else (low, middle)
        left, right = gap(low), gap(high)
        rates = [1 - keeps[self.below[k]] / attacks for k in (low, high)]
        nearest = rates[1] if -right <= left else rates[0]
        return float(rates[0] + left / (left - right) * (rates[1] - rates[0])), float(nearest)


def _before(weights: Floats) -> Floats:
    """Sum of the weights before each position, (n + 1,)."""
    sums = np.zeros(len(weights) + 1)
    np.cumsum(weights, out=sums[1:])
    return sums


def _quotient(errors: Floats, n: Floats) -> Floats:
    return np.asarray(np.divide(errors, n, out=np.full(len(n), np.nan), where=n > 0))
