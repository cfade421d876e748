"""Figures of heart rates and of the SNR in a score table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fascore import FascoreError, SpecError, Value

if TYPE_CHECKING:
    from fascore.evaluation.bootstrap import Resampling
    from fascore.evaluation.table import ScoreTable

Rows = Literal["bona_fide", "all"]
CLOSE = 5.0
"""Beats a minute: an error that medical standards of monitors allow (ANSI/AAMI EC13)."""


def errors(
    table: ScoreTable, column: str, reference: str, rows: Rows
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Measured minus true rate of every row (N,), which rows have both (N,), and how many should have.

    Raises SpecError where the table has no such columns, a reference that is no number, or no row with both.
    """
    found = _numbers(table, column)
    try:
        words = table.categorical(reference)
    except FascoreError as error:
        raise SpecError(f"{error}; 'reference' names the metadata that holds the true heart rate") from error
    try:
        true = np.array([float(word) if word else np.nan for word in words.names], dtype=np.float64)[words.codes]
    except ValueError as error:
        raise SpecError(
            f"column '{reference}' holds what is no heart rate ({error}); name a column of numbers in 'reference'"
        ) from error
    wanted = (table.bona_fide if rows == "bona_fide" else np.ones(len(table), dtype=bool)) & np.isfinite(true)
    both = wanted & np.isfinite(found)
    if not both.any():
        what = "bona fide presentation" if rows == "bona_fide" else "presentation"
        raise SpecError(f"no {what} has numbers in both '{column}' and '{reference}': there is no error to average")
    return found - true, both, int(wanted.sum())


def absolute_error(table: ScoreTable, column: str, reference: str, rows: Rows) -> Mapping[str, Value]:
    """`value`, the mean of |error|; `bias`, the mean error; `within_5`, a share; `n` and `n_unmeasured`, rows without a number."""
    error, both, wanted = errors(table, column, reference, rows)
    size = np.abs(error[both])
    return {
        "value": float(size.mean()),
        "bias": float(error[both].mean()),
        "within_5": float((size <= CLOSE).mean()),
        "n": len(size),
        "n_unmeasured": wanted - len(size),
    }


def squared_error(table: ScoreTable, column: str, reference: str, rows: Rows) -> Mapping[str, Value]:
    """`value`, the root of the mean squared error; `n` and `n_unmeasured`, rows without a number."""
    error, both, wanted = errors(table, column, reference, rows)
    return {
        "value": float(np.sqrt(np.square(error[both]).mean())),
        "n": int(both.sum()),
        "n_unmeasured": wanted - int(both.sum()),
    }


def resampled_error(
    table: ScoreTable, column: str, reference: str, rows: Rows, draws: Resampling, *, power: Literal[1, 2]
) -> Mapping[str, Value]:
    """`bootstrap` of the mean absolute error (power 1) or of the root of the mean squared error (2). Raises SpecError as `errors` does."""
    error, both, _ = errors(table, column, reference, rows)
    return draws.beside(table, lambda part: _means(part, np.abs(error) ** power, both) ** (1 / power))


def mean_snr(table: ScoreTable, column: str) -> Mapping[str, Value]:
    """`value`, the mean over bona fide, and `n`; `attack.<species>` their means. Raises SpecError without a bona fide one."""
    snr = _numbers(table, column)
    there = table.bona_fide & np.isfinite(snr)
    if not there.any():
        raise SpecError(f"no bona fide presentation has a number in '{column}': there is no SNR to average")
    groups = table.by_group("species", table.attack & np.isfinite(snr))
    attacks: dict[str, Value] = {name: float(snr[picked].mean()) for name, picked in groups}
    unmeasured = int((table.bona_fide & ~np.isfinite(snr)).sum())
    return {"value": float(snr[there].mean()), "n": int(there.sum()), "n_unmeasured": unmeasured, "attack": attacks}


def resampled_snr(table: ScoreTable, column: str, draws: Resampling) -> Mapping[str, Value]:
    """`bootstrap` of the mean over bona fide."""
    snr = _numbers(table, column)
    return draws.beside(table, lambda part: _means(part, snr, table.bona_fide & np.isfinite(snr)))


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
