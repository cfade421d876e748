"""Two systems on the same presentations: do they differ by more than chance?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from fascore.contract.errors import FascoreError
from fascore.contract.kinds.values import Value
from fascore.evaluation import roc
from fascore.evaluation.bootstrap import Curves, Floats, Rates, Resampling
from fascore.evaluation.rates import attack_rates, bona_fide_rate, half, pooled, worst
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold

Ints = NDArray[np.int64]


class McNemar(NamedTuple):
    """Presentations on which exactly one of two systems is wrong, counted by system, with the two-sided p for equal
    probabilities.

    `p_exact` is the binomial test of n = first + second at 1/2 (conservative). `p_mid` counts half of the observed
    point (Fagerland, Lydersen, and Laake 2013, eq. 4). Both treat presentations as independent.
    """

    only_first_wrong: int
    only_second_wrong: int
    p_exact: float
    p_mid: float


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """The test of two counts; p is 1 if both are 0."""
    n = only_first + only_second
    tail = 2 * float(binom.cdf(min(only_first, only_second), n, 0.5))
    point = float(binom.pmf(only_first, n, 0.5))
    return McNemar(only_first, only_second, min(1.0, tail), min(1.0, tail - point) if n else 1.0)


def compare(
    first: ScoreTable,
    second: ScoreTable,
    thresholds: tuple[Threshold, Threshold],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Value]:
    """Paired comparison of two systems, each at its own dev threshold, on the presentations for which both have a
    response.

    `mcnemar` holds the tests by `bona_fide`, `attack`, and `all`. `differences` holds, for `auc`, `eer`, `acer_worst`,
    `acer_pooled`, `apcer_worst`, `apcer_pooled`, and `bpcer`, the values `first`, `second`, and `difference` = first -
    second, and its `bootstrap` over subjects, resampled identically for both, with `p`, the two-sided share of
    resamples beyond 0. `acer_worst` and `apcer_worst` refer to each system's own worst species. Spoof and forgery are
    compared separately: pass tables of a single task. Raises FascoreError if there are no common presentations, if
    labels or species of one differ, or if a class is missing.
    """
    left, right, counted = _matched(first, second)
    roc.needs_both(left.sorted_bona_fide, left.sorted_attack)
    at = thresholds[0].value, thresholds[1].value
    wrong = [(table.score >= value) == table.attack for table, value in zip((left, right), at)]
    groups = {"bona_fide": left.bona_fide, "attack": left.attack, "all": np.ones(len(left), np.bool_)}
    tests = {
        name: mcnemar(*(int(np.count_nonzero(rows & a & ~b)) for a, b in (wrong, wrong[::-1])))._asdict()
        for name, rows in groups.items()
    }
    figures = _figures(left, at[0]), _figures(right, at[1])
    drawn = _resampled((left, right), at, resamples, seed)
    return {
        **counted,
        "thresholds": {"first": at[0], "second": at[1]},
        "bootstrap": {"resamples": resamples, "seed": seed, "confidence": 0.95},
        "mcnemar": tests,
        "differences": {name: _difference(figures[0][name], figures[1][name], drawn.get(name)) for name in figures[0]},
    }


def _matched(first: ScoreTable, second: ScoreTable) -> tuple[ScoreTable, ScoreTable, dict[str, Value]]:
    """The matching rows of both tables with a response in both, in the same order, and counts of the others."""
    keys = [
        dict(zip(zip(table.column("dataset").tolist(), table.id.tolist()), range(len(table))))
        for table in (first, second)
    ]
    common = sorted(keys[0].keys() & keys[1].keys())
    if not common:
        raise FascoreError(
            "the two systems have no presentation in common; a paired comparison needs the same ids and datasets in both score files"
        )
    rows = [np.array([of[key] for key in common]) for of in keys]
    _agree(first, second, rows[0], rows[1], common)
    answered = first.responded[rows[0]] & second.responded[rows[1]]
    counted: dict[str, Value] = {
        "common": len(common),
        "answered_by_both": int(answered.sum()),
        "only_in_first": len(first) - len(common),
        "only_in_second": len(second) - len(common),
    }
    if not answered.any():
        raise FascoreError("no presentation has a response from both systems")
    return first.select(rows[0][answered]), second.select(rows[1][answered]), counted


def _agree(first: ScoreTable, second: ScoreTable, one: Ints, other: Ints, keys: list[tuple[str, str]]) -> None:
    for column in ("label", "species", "subject"):
        differ = first.column(column)[one] != second.column(column)[other]
        if differ.any():
            name = keys[int(np.argmax(differ))][1]
            raise FascoreError(
                f"the two systems disagree on the {column} of '{name}': they were not tested on the same data"
            )


def _figures(table: ScoreTable, threshold: float) -> dict[str, float | None]:
    species, bona_fide = attack_rates(table, threshold), bona_fide_rate(table, threshold).value
    top, every = worst(species), pooled(species).value
    scores = table.sorted_bona_fide, table.sorted_attack
    return {
        "auc": roc.auc(*scores),
        "eer": roc.equal_error(*scores).interpolated,
        "acer_worst": half(species[top].value if top else None, bona_fide),
        "acer_pooled": half(every, bona_fide),
        "apcer_worst": species[top].value if top else None,
        "apcer_pooled": every,
        "bpcer": bona_fide,
    }


def _resampled(
    tables: tuple[ScoreTable, ScoreTable], at: tuple[float, float], count: int, seed: int
) -> Mapping[str, Paired]:
    """Differences of the figures in each resample.

    One random stream and equal subjects draw the same people for both. Empty without named subjects.
    """
    drawn = []
    for table, value in zip(tables, at):
        draws = Resampling.of(table, count, seed)
        if draws is None:
            return {}
        drawn.append((draws, _drawn(draws.curves, draws.rates(value), worst(attack_rates(table, value)))))
    (draws, one), (_, other) = drawn
    return {name: Paired(draws, one[name] - other[name]) for name in one}


class Paired(NamedTuple):
    """The difference of a figure in each resample, (B,)."""

    draws: Resampling
    values: Floats


def _drawn(curve: Curves, rates: Rates, top: str | None) -> dict[str, Floats]:
    worst_species = (
        {"acer_worst": (rates.species[top] + rates.bona_fide) / 2, "apcer_worst": rates.species[top]} if top else {}
    )
    pooled_rates = {"acer_pooled": rates.hter, "apcer_pooled": rates.pooled, "bpcer": rates.bona_fide}
    return {"auc": curve.auc, "eer": curve.interpolated, **worst_species, **pooled_rates}


def _difference(first: float | None, second: float | None, drawn: Paired | None) -> dict[str, Value]:
    parts: dict[str, Value] = {
        "first": first,
        "second": second,
        "difference": None if first is None or second is None else first - second,
    }
    if drawn is None:
        return parts
    values = drawn.values[np.isfinite(drawn.values)]
    beyond = min(int((values <= 0).sum()), int((values >= 0).sum()))
    p = min(
        1.0, 2 * (beyond + 1) / (len(values) + 1)
    )  # the observed table counts as one of the resamples, so p is never 0
    return {**parts, "bootstrap": {**drawn.draws.interval(drawn.values), "p": p}}
