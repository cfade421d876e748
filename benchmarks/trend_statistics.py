"""Whether one row of a study is better than another: paired by seed and presentation, over subjects and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from fascore import FascoreError
from fascore.evaluation import roc
from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.comparison import holm
from fascore.evaluation.join import common
from fascore.evaluation.table import ScoreTable

Floats: TypeAlias = NDArray[np.float64]
Figure: TypeAlias = Literal["auc", "eer"]

LEVEL, POWER = 0.05, 0.8


class Trend(NamedTuple):
    """A difference of means over seeds, row - against, with its 95 % interval, two-sided p, and smallest detectable effect.

    `seeds` (S,) differences of each seed; `subjects` and `presentations` on which they rest; `means` of the row and of `against`.
    `detectable` is the true difference that would be decided at 5 % in four of five repetitions.
    """

    means: tuple[float, float]
    difference: float
    low: float
    high: float
    p: float
    detectable: float
    seeds: tuple[float, ...]
    subjects: int
    presentations: int


def trend(
    rows: Sequence[ScoreTable],
    against: Sequence[ScoreTable],
    task: str,
    figure: Figure,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Trend:
    """Compare the tables of one seed each, in the same order, on the presentations of one task that all of them answered.

    The variance of the mean difference is that of a bootstrap over subjects, all presentations of a person and all seeds
    together, plus that of the seeds' mean, s^2 / S; Student's t with Satterthwaite's degrees of freedom of the two (Satterthwaite 1946). What
    the two have in common is counted twice, which errs towards undecided. Raises FascoreError for fewer than two seeds or subjects.
    """
    if len(rows) != len(against) or len(rows) < 2:
        raise FascoreError(
            f"a trend needs the same seeds, two or more, of both rows; there are {len(rows)} and {len(against)}"
        )
    tables = [table.task(task) for table in _answered([*rows, *against])]
    drawn = [_drawn(table, figure, resamples, seed) for table in tables]
    first, second = np.array([d.value for d in drawn]).reshape(2, -1)
    resampled = np.array([d.resampled for d in drawn]).reshape(2, len(rows), -1)
    differences, over_people = first - second, (resampled[0] - resampled[1]).mean(axis=0)
    people = drawn[0].subjects
    variances = (
        (float(np.nanvar(over_people, ddof=1)), people - 1),
        (float(np.var(differences, ddof=1)) / len(rows), len(rows) - 1),
    )
    mean = float(differences.mean())
    error, freedom = _combined(variances)
    reach = float(student.ppf(1 - LEVEL / 2, freedom)) * error
    p = 2 * float(student.sf(abs(mean) / error, freedom)) if error else float(mean == 0)
    detectable = reach + float(student.ppf(POWER, freedom)) * error
    means = float(first.mean()), float(second.mean())
    return Trend(
        means, mean, mean - reach, mean + reach, p, detectable, tuple(differences.tolist()), people, len(tables[0])
    )


class _Drawn(NamedTuple):
    value: float
    resampled: Floats
    subjects: int


def _answered(tables: Sequence[ScoreTable]) -> list[ScoreTable]:
    """The presentations that all tables have and answered, in one order."""
    joined = list(common({str(place): table for place, table in enumerate(tables)}).values())
    answered = np.logical_and.reduce([table.responded for table in joined])
    if not answered.any():
        raise FascoreError("there is no presentation that all runs of the two rows answered")
    return [table.select(answered) for table in joined]


def _drawn(table: ScoreTable, figure: Figure, resamples: int, seed: int) -> _Drawn:
    """A figure of a table, and of the same people drawn anew; one stream, so that all tables get the same people."""
    draws = Resampling.of(table, resamples, seed)
    if draws is None:
        raise FascoreError("a trend needs two named subjects or more")
    scores = table.sorted_bona_fide, table.sorted_attack
    if figure == "auc":
        return _Drawn(roc.auc(*scores), draws.curves.auc, draws.clusters.count)
    return _Drawn(roc.equal_error(*scores).interpolated, draws.curves.interpolated, draws.clusters.count)


def _combined(variances: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """Standard error of a sum of independent parts, and its degrees of freedom (Satterthwaite 1946)."""
    total = sum(variance for variance, _ in variances)
    spread = sum(variance**2 / freedom for variance, freedom in variances)
    return total**0.5, total**2 / spread if spread else float(min(freedom for _, freedom in variances))


def corrected(trends: Mapping[str, Trend]) -> dict[str, float]:
    """p of each trend, adjusted for their number (Holm 1979)."""
    return {
        name: value for name, value in zip(trends, holm([trend.p for trend in trends.values()])) if value is not None
    }
