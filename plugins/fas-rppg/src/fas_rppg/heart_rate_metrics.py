"""Figures of heart rates and of the SNR in a score table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore import FascoreError, MetricModule, SpecError, Value

if TYPE_CHECKING:
    from fascore import Resampling, ScoreTable, Threshold

CLOSE = 5.0
"""Beats per minute: an error that medical standards of monitors allow (ANSI/AAMI EC13)."""


class Errors(NamedTuple):
    """Measured minus true rate of every row (N,), which rows have both (N,), and how many should have."""

    error: NDArray[np.float64]
    both: NDArray[np.bool_]
    wanted: int

    @property
    def counts(self) -> dict[str, Value]:
        """`n` and `n_unmeasured`, rows without a number."""
        n = int(self.both.sum())
        return {"n": n, "n_unmeasured": self.wanted - n}


@dataclass(frozen=True)
class HeartRateError(MetricModule):
    """A mean error of `column` against `reference`, both in beats per minute, over bona fide or all rows."""

    column: str
    reference: str
    rows: Literal["bona_fide", "all"]

    def errors(self, table: ScoreTable) -> Errors:
        """Raises SpecError where the table has no such columns, a reference that is not a number, or no row with both."""
        measured = _numbers(table, self.column)
        try:
            words = table.categorical(self.reference)
        except FascoreError as error:
            raise SpecError(f"{error}; 'reference' names the metadata that holds the true heart rate") from error
        try:
            rates = np.array([float(word) if word else np.nan for word in words.names], dtype=np.float64)
        except ValueError as error:
            raise SpecError(
                f"column '{self.reference}' holds what is no heart rate ({error}); name a column of numbers in 'reference'"
            ) from error
        true, bona_fide = rates[words.codes], self.rows == "bona_fide"
        wanted = (table.bona_fide if bona_fide else np.ones(len(table), dtype=bool)) & np.isfinite(true)
        both = wanted & np.isfinite(measured)
        if not both.any():
            what = "bona fide presentation" if bona_fide else "presentation"
            raise SpecError(
                f"no {what} has numbers in both '{self.column}' and '{self.reference}': there is no error to average"
            )
        return Errors(measured - true, both, int(wanted.sum()))


class HrMaeModule(HeartRateError):
    """The mean absolute error."""

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`, the mean of |error|; `bias`, the mean error; `within_5`, a share; `n` and `n_unmeasured`, rows without a number."""
        errors = self.errors(table)
        error = errors.error[errors.both]
        size = np.abs(error)
        return {
            "value": float(size.mean()),
            "bias": float(error.mean()),
            "within_5": float((size <= CLOSE).mean()),
            **errors.counts,
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`. Raises SpecError as `errors` does."""
        error, both, _ = self.errors(table)
        return draws.beside(table, lambda resampled: _means(resampled, np.abs(error), both))


class HrRmseModule(HeartRateError):
    """The root of the mean squared error."""

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`, the root of the mean squared error; `n` and `n_unmeasured`, rows without a number."""
        errors = self.errors(table)
        return {"value": float(np.sqrt(np.square(errors.error[errors.both]).mean())), **errors.counts}

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`. Raises SpecError as `errors` does."""
        error, both, _ = self.errors(table)
        return draws.beside(table, lambda resampled: _means(resampled, np.abs(error) ** 2, both) ** 0.5)


@dataclass(frozen=True)
class PulseSnrModule(MetricModule):
    """The mean of `column` over bona fide."""

    column: str

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`, the mean over bona fide, and `n`; `attack.<species>` their means. Raises SpecError without a bona fide one."""
        snr = _numbers(table, self.column)
        there = table.bona_fide & np.isfinite(snr)
        if not there.any():
            raise SpecError(f"no bona fide presentation has a number in '{self.column}': there is no SNR to average")
        groups = table.by_group("species", table.attack & np.isfinite(snr))
        attacks: dict[str, Value] = {name: float(snr[picked].mean()) for name, picked in groups}
        unmeasured = int((table.bona_fide & ~np.isfinite(snr)).sum())
        return {"value": float(snr[there].mean()), "n": int(there.sum()), "n_unmeasured": unmeasured, "attack": attacks}

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of the mean over bona fide."""
        snr = _numbers(table, self.column)
        return draws.beside(table, lambda resampled: _means(resampled, snr, table.bona_fide & np.isfinite(snr)))


def _numbers(table: ScoreTable, column: str) -> NDArray[np.float64]:
    """A column of numbers, NaN where a row has none or gave no response. Raises SpecError."""
    try:
        read = table.reading(column)
    except FascoreError as error:
        raise SpecError(f"{error}; a head such as rppg.pulse writes '<head>.heart_rate' and '<head>.snr'") from error
    return np.where(read.responded, read.score, np.nan)


def _means(draws: Resampling, values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean of some rows in each resample of subjects, (B,); NaN where one has none of them."""
    codes, subjects = draws.clusters.codes[rows], draws.clusters.count
    sums, counts = np.bincount(codes, values[rows], subjects), np.bincount(codes, minlength=subjects)
    weights = draws.weights.astype(np.float64)
    drawn = np.einsum("bs,s->b", weights, counts.astype(np.float64))
    return np.divide(np.einsum("bs,s->b", weights, sums), drawn, out=np.full(len(drawn), np.nan), where=drawn > 0)
