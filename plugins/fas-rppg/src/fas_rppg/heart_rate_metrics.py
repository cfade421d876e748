"""Figures for heart rates and the signal-to-noise ratio (SNR) in a score table."""

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
"""Error in beats per minute that the medical standard for monitors allows (ANSI/AAMI EC13)."""


class Errors(NamedTuple):
    """Measured minus true rate of every row (N,); mask of rows that have both (N,); number of rows that should have both."""

    error: NDArray[np.float64]
    both: NDArray[np.bool_]
    expected: int

    @property
    def counts(self) -> dict[str, Value]:
        """`n`, and `n_unmeasured`, the number of rows without a number."""
        n = int(self.both.sum())
        return {"n": n, "n_unmeasured": self.expected - n}


@dataclass(frozen=True)
class HeartRateError(MetricModule):
    """Mean error of `column` against `reference`, both in beats per minute, over bona fide or all rows."""

    column: str
    reference: str
    rows: Literal["bona_fide", "all"]

    def errors(self, table: ScoreTable) -> Errors:
        """Errors of the rows. Raises SpecError for missing columns, a reference that is not a number, or no row with both."""
        measured = _numbers(table, self.column)
        try:
            words = table.categorical(self.reference)
        except FascoreError as error:
            raise SpecError(f"{error}; 'reference' names the metadata that contains the true heart rate") from error
        try:
            rates = np.array([float(word) if word else np.nan for word in words.names], dtype=np.float64)
        except ValueError as error:
            raise SpecError(
                f"column '{self.reference}' contains a value that is not a heart rate ({error}); name a column of numbers in 'reference'"
            ) from error
        true, bona_fide = rates[words.codes], self.rows == "bona_fide"
        expected = (table.bona_fide if bona_fide else np.ones(len(table), dtype=bool)) & np.isfinite(true)
        both = expected & np.isfinite(measured)
        if not both.any():
            kind = "bona fide presentation" if bona_fide else "presentation"
            raise SpecError(
                f"no {kind} has numbers in both '{self.column}' and '{self.reference}', so there is no error to average"
            )
        return Errors(measured - true, both, int(expected.sum()))


class HrMaeModule(HeartRateError):
    """Mean absolute error."""

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`: mean of |error|; `bias`: mean error; `within_5`: share; `n`; `n_unmeasured`: number of rows without a number."""
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
        """Bootstrap of `value`. Raises SpecError like `errors`."""
        error, both, _ = self.errors(table)
        return draws.beside(table, lambda resampled: _means(resampled, np.abs(error), both))


class HrRmseModule(HeartRateError):
    """Root of the mean squared error."""

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`: root of the mean squared error; `n`; `n_unmeasured`: number of rows without a number."""
        errors = self.errors(table)
        return {"value": float(np.sqrt(np.square(errors.error[errors.both]).mean())), **errors.counts}

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """Bootstrap of `value`. Raises SpecError like `errors`."""
        error, both, _ = self.errors(table)
        return draws.beside(table, lambda resampled: _means(resampled, np.abs(error) ** 2, both) ** 0.5)


@dataclass(frozen=True)
class PulseSnrModule(MetricModule):
    """Mean of `column` over bona fide presentations."""

    column: str

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`: mean over bona fide presentations; `n`; `attack.<species>`: mean per species. Raises SpecError without bona fide ones."""
        snr = _numbers(table, self.column)
        measured = table.bona_fide & np.isfinite(snr)
        if not measured.any():
            raise SpecError(f"no bona fide presentation has a number in '{self.column}', so there is no SNR to average")
        groups = table.by_group("species", table.attack & np.isfinite(snr))
        attacks: dict[str, Value] = {name: float(snr[rows].mean()) for name, rows in groups}
        unmeasured = int((table.bona_fide & ~np.isfinite(snr)).sum())
        return {
            "value": float(snr[measured].mean()),
            "n": int(measured.sum()),
            "n_unmeasured": unmeasured,
            "attack": attacks,
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """Bootstrap of the mean over bona fide presentations."""
        snr = _numbers(table, self.column)
        return draws.beside(table, lambda resampled: _means(resampled, snr, table.bona_fide & np.isfinite(snr)))


def _numbers(table: ScoreTable, column: str) -> NDArray[np.float64]:
    """A column of numbers; NaN if a row has none or is a non-response. Raises SpecError."""
    try:
        reading = table.reading(column)
    except FascoreError as error:
        raise SpecError(f"{error}; a head such as rppg.pulse writes '<head>.heart_rate' and '<head>.snr'") from error
    return np.where(reading.responded, reading.score, np.nan)


def _means(draws: Resampling, values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over `rows` in each resample of subjects, (B,); NaN if a resample contains none of them."""
    codes, subjects = draws.clusters.codes[rows], draws.clusters.count
    sums, counts = np.bincount(codes, values[rows], subjects), np.bincount(codes, minlength=subjects)
    weights = draws.weights.astype(np.float64)
    drawn = np.einsum("bs,s->b", weights, counts.astype(np.float64))
    return np.divide(np.einsum("bs,s->b", weights, sums), drawn, out=np.full(len(drawn), np.nan), where=drawn > 0)
