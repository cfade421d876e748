"""Is one row of a study better than another? Paired by seed and presentation, over subjects and seeds."""

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
    """A difference of means over seeds, row - against, with its 95 % interval, two-sided p, and smallest detectable
    effect.

    `seeds` (S,) holds the difference of each seed, `subjects` and `presentations` the numbers behind them, and `means`
    those of the row and of `against`. `detectable` is the true difference that would be decided at 5 % in four of five
    repetitions.
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
    """Compare two rows with one table per seed, in the same order, on the presentations of one task with a response in
    all tables.

    The variance of the mean difference is that of a bootstrap over subjects, keeping all presentations of a person and
    all seeds together, plus that of the seeds' mean, s^2 / S. The test is Student's t with the degrees of freedom of
    Satterthwaite (1946). The common part of the two variances is counted twice, which errs toward undecided. Raises
    FascoreError for fewer than two seeds or subjects.
    """
    if len(rows) != len(against) or len(rows) < 2:
        raise FascoreError(
            f"a trend needs two or more seeds, the same for both rows; there are {len(rows)} and {len(against)}"
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
    """The presentations with a response in all tables, in the same order."""
    joined = list(common({str(place): table for place, table in enumerate(tables)}).values())
    answered = np.logical_and.reduce([table.responded for table in joined])
    if not answered.any():
        raise FascoreError("there is no presentation with a response in all runs of the two rows")
    return [table.select(answered) for table in joined]


def _drawn(table: ScoreTable, figure: Figure, resamples: int, seed: int) -> _Drawn:
    """A figure of a table and of resampled people.

    All tables share one random stream, so that they draw the same people.
    """
    draws = Resampling.of(table, resamples, seed)
    if draws is None:
        raise FascoreError("a trend needs two or more named subjects")
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
    """The p-value of each trend, adjusted for their number (Holm 1979)."""
    return {
        name: value for name, value in zip(trends, holm([trend.p for trend in trends.values()])) if value is not None
    }
