"""Checks of metrics, on score tables that the suite draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Metric
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose
from fascore.testing.case import Case, Check, Failure, shown

ROWS = 240
SPECIES = ("print.flat", "replay.screen", "mask.rigid")


def order(case: Case) -> None:
    """Rows in another order, and rows gathered from three processes, give the same figures."""
    for metric, threshold, table in _drawn(case):
        before = metric.compute(table, threshold)
        rows = np.arange(len(table))
        sharded = np.concatenate([rows[shard::3] for shard in range(3)])
        for what, order_ in (("in another order", rows[::-1]), ("gathered from three processes", sharded)):
            if not _equal(before, metric.compute(table.select(order_), threshold)):
                raise Failure(f"{shown(metric)}: rows {what} give other figures")


def direction(case: Case) -> None:
    """Scores that separate the classes are better, in the declared direction, than random ones, and those than reversed ones."""
    for metric, further in _examples(case):
        values = []
        for separation in (1.0, 0.0, -1.0):
            table = _table(metric, further, separation)
            values.append(_primary(metric, metric.compute(table, _fixed(metric))))
        signed = [value if metric.higher_is_better else -value for value in values]
        if not (signed[0] > signed[2] and signed[0] >= signed[1] >= signed[2]):
            listed = ", ".join(f"{value:.3f}" for value in values)
            raise Failure(
                f"{shown(metric)}: higher_is_better is {metric.higher_is_better}, and perfect, random and reversed scores give {listed}"
            )


def rates(case: Case) -> None:
    """Every number is finite, also where some records gave no response."""
    silent = np.zeros(ROWS, bool)
    silent[::9] = True
    for metric, further in _examples(case):
        for path, value in _numbers(metric.compute(_table(metric, further, 0.3, silent), _chosen(metric, further))):
            if not math.isfinite(value):
                raise Failure(f"{shown(metric)}: with non-responses in the table '{path}' is {value}")


def one_class(case: Case) -> None:
    """A table of one class only is a FascoreError, or a primary figure of None: not a number."""
    for metric, threshold, table in _drawn(case):
        for label, name in ((1, "bona fide"), (0, "attacks")):
            try:
                found = metric.compute(table.select(np.flatnonzero(table.label == label)), threshold)
            except FascoreError:
                continue
            except Exception as error:
                raise Failure(f"{shown(metric)}: {name} only raise {type(error).__name__}: {error}") from error
            if found.get(metric.primary) is not None:
                raise Failure(f"{shown(metric)}: {name} only give {metric.primary} = {found[metric.primary]}")


def threshold_use(case: Case) -> None:
    """An oracle metric ignores the threshold; any other either needs one, and says so, or ignores it too."""
    for metric, threshold, table in _drawn(case):
        try:
            without = metric.compute(table, None)
        except FascoreError as error:
            if metric.oracle:
                raise Failure(f"{shown(metric)}: it is an oracle metric and needs a threshold: {error}") from error
            continue
        if not _equal(without, metric.compute(table, threshold)):
            raise Failure(f"{shown(metric)}: without a threshold it silently gives other figures")


def _examples(case: Case) -> list[tuple[Metric, Mapping[str, Any]]]:
    """Each metric with the further columns that it needs, one value for all rows."""
    return [(metric, further[0] if further else {}) for metric, *further in case.examples()]


def _drawn(case: Case) -> list[tuple[Metric, Threshold, ScoreTable]]:
    return [(metric, _chosen(metric, further), _table(metric, further, 0.3)) for metric, further in _examples(case)]


def _chosen(metric: Metric, further: Mapping[str, Any]) -> Threshold:
    return choose("eer", _table(metric, further, 0.3), column=metric.column)


def _fixed(metric: Metric) -> Threshold:
    return choose("fixed=0.5", None, column=metric.column)


def _table(
    metric: Metric, further: Mapping[str, Any], separation: float, silent: NDArray[np.bool_] | None = None
) -> ScoreTable:
    """Scores in (0, 1); with separation 1 all bona fide lie above 0.5 and all attacks below, with -1 the reverse."""
    numbers = np.random.default_rng(3)
    label = np.arange(ROWS) % 2
    score = 0.5 + 0.45 * (
        separation * (label * 2 - 1) * numbers.uniform(0.1, 1, ROWS)
        + (1 - abs(separation)) * numbers.uniform(-1, 1, ROWS)
    )
    silent = np.zeros(ROWS, bool) if silent is None else silent
    score = np.where(silent, np.nan, np.clip(score, 0, 1))
    columns: dict[str, Any] = {
        "id": [f"r{row:03d}" for row in range(ROWS)],
        "label": label,
        "score": score,
        "dataset": ["toy"] * ROWS,
        "subject": [f"s{row // 8}" for row in range(ROWS)],
        "task": ["spoof"] * ROWS,
        "species": ["" if label[row] else SPECIES[row // 2 % 3] for row in range(ROWS)],
        "response": ["no_face" if quiet else "ok" for quiet in silent],
        "matcher.accept": np.ones(ROWS),
    }
    columns |= {name: [value] * ROWS for name, value in further.items()}
    if metric.column != "score":
        columns[metric.column] = score
    return ScoreTable.from_columns(columns)


def _primary(metric: Metric, found: Mapping[str, Any]) -> float:
    value = found.get(metric.primary)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Failure(f"{shown(metric)}: primary is '{metric.primary}', and the figures are {dict(found)!r:.200}")
    return float(value)


def _numbers(found: Mapping[str, Any], path: str = "") -> list[tuple[str, float]]:
    numbers = []
    for key, value in found.items():
        where = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            numbers += _numbers(value, where)
        elif isinstance(value, int | float):
            numbers.append((where, float(value)))
    return numbers


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return set(first) == set(second) and all(_equal(first[key], second[key]) for key in first)
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(first) and math.isnan(second))
    return bool(first == second)


_METRIC = ("metric",)
CHECKS = (
    Check("order", _METRIC, order, "Compute from sorted or summed values, never from neighbouring rows."),
    Check(
        "direction",
        _METRIC,
        direction,
        "Set higher_is_better and primary to what compute() gives; scores are higher for bona fide (label 1).",
    ),
    Check(
        "rates",
        _METRIC,
        rates,
        "Read table.sorted_bona_fide and sorted_attack, or mask with table.responded; give None or a note for what cannot be measured.",
    ),
    Check(
        "one_class", _METRIC, one_class, "Raise SpecError that names the missing class, or give None for what needs it."
    ),
    Check(
        "threshold_use",
        _METRIC,
        threshold_use,
        "Set oracle = True only where the metric chooses on the table itself; raise SpecError where a threshold is needed and None.",
    ),
)
