"""Checks of metrics, on randomly drawn score tables."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Metric, Unit
from fascore.contract.kinds.metric import Measures
from fascore.evaluation.metric_entry import ABOUT
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose
from fascore.testing.case import Case, Check, Failure, shown

ROWS = 240
RESERVED = ("oracle", "primary", "higher_is_better", ABOUT)
"""Keys of an entry of metrics.json that are not parts of a metric."""
UNWORDED = re.compile(r"\b(None|nan|inf)\b|[{}\[\]]")
"""Patterns that show that a value was printed without formatting."""
SPECIES = ("print.flat", "replay.screen", "mask.rigid")


def order(case: Case) -> None:
    """Reordered rows, and rows gathered from three processes, give the same figures."""
    for metric, threshold, table in _drawn(case):
        module = metric.build()
        before = module.compute(table, threshold)
        rows = np.arange(len(table))
        sharded = np.concatenate([rows[shard::3] for shard in range(3)])
        for what, order_ in (("in another order", rows[::-1]), ("gathered from three processes", sharded)):
            if not _equal(before, module.compute(table.select(order_), threshold)):
                raise Failure(f"{shown(metric)}: rows {what} give different figures")


def direction(case: Case) -> None:
    """In the declared direction, scores that separate the classes are better than random ones, which are better than
    reversed ones.

    Applies to metrics of attack detection; metrics of other tasks or of a numeric column do not depend on the
    separation.
    """
    for metric, further in _examples(case):
        if metric.measures != "attack_detection":
            continue
        values = []
        for separation in (1.0, 0.0, -1.0):
            table = _table(metric, further, separation)
            values.append(_primary(metric, metric.build().compute(table, _fixed(metric))))
        signed = [value if metric.higher_is_better else -value for value in values]
        if not (signed[0] > signed[2] and signed[0] >= signed[1] >= signed[2]):
            listed = ", ".join(f"{value:.3f}" for value in values)
            raise Failure(
                f"{shown(metric)}: higher_is_better is {metric.higher_is_better}, but perfect, random, and reversed scores give {listed}"
            )


def rates(case: Case) -> None:
    """Every number is finite, even if some records have no response."""
    for metric, further in _examples(case):
        parts = metric.build().compute(_table(metric, further, 0.3, _silence()), _chosen(metric, further))
        for path, value in _numbers(parts):
            if not math.isfinite(value):
                raise Failure(f"{shown(metric)}: with non-responses in the table, '{path}' is {value}")


def one_class(case: Case) -> None:
    """A table with one class only raises FascoreError or gives None as the primary figure, never a number.

    Only attack detection needs both classes. Any other metric may return a figure but must not raise another error.
    """
    for metric, threshold, table in _drawn(case):
        for label, name in ((1, "bona fide"), (0, "attacks")):
            try:
                parts = metric.build().compute(table.select(np.flatnonzero(table.label == label)), threshold)
            except FascoreError:
                continue
            except Exception as error:
                raise Failure(
                    f"{shown(metric)}: with {name} only, it raises {type(error).__name__}: {error}"
                ) from error
            if metric.measures == "attack_detection" and parts.get(metric.primary) is not None:
                raise Failure(
                    f"{shown(metric)}: with {name} only, it returns {metric.primary} = {parts[metric.primary]}"
                )


def threshold_use(case: Case) -> None:
    """An oracle metric ignores the threshold. Any other metric ignores it too, or raises an error without one."""
    for metric, threshold, table in _drawn(case):
        try:
            without = metric.build().compute(table, None)
        except FascoreError as error:
            if metric.oracle:
                raise Failure(f"{shown(metric)}: it is an oracle metric but needs a threshold: {error}") from error
            continue
        if not _equal(without, metric.build().compute(table, threshold)):
            raise Failure(f"{shown(metric)}: without a threshold, it silently returns different figures")


def wording(case: Case) -> None:
    """It has a title, a unit, and a valid `measures`; it returns the figures that it names, and formats its own parts."""
    for metric, further in _examples(case):
        if not metric.title.strip() or metric.title != " ".join(metric.title.split()):
            raise Failure(f"{shown(metric)}: its title is {metric.title!r}; write a name for people to read")
        if not isinstance(metric.unit, Unit):
            raise Failure(
                f"{shown(metric)}: its unit is {metric.unit!r}; write a Unit, for example PERCENT or Unit('dB', 1)"
            )
        if metric.measures not in get_args(Measures):
            listed = ", ".join(get_args(Measures))
            raise Failure(f"{shown(metric)}: `measures` is {metric.measures!r}; available: {listed}")
        for silent in (None, _silence()):
            parts = _parts(metric, _table(metric, further, 0.3, silent), _chosen(metric, further))
            if reserved := [part for part in RESERVED if part in parts]:
                raise Failure(f"{shown(metric)}: it returns '{reserved[0]}', a key reserved by metrics.json")
            if parts and "note" not in parts:  # a note replaces all other parts
                if lacking := [part for part in metric.figures if part not in parts]:
                    raise Failure(f"{shown(metric)}: 'figures' names '{lacking[0]}', which it does not return")
                _clean(metric, parts)


def _parts(metric: Metric, table: ScoreTable, threshold: Threshold) -> Mapping[str, Any]:
    """The parts that a metric returns. Empty if it raises, which other checks report."""
    try:
        return metric.build().compute(table, threshold)
    except Exception:
        return {}


def _clean(metric: Metric, parts: Mapping[str, Any]) -> None:
    """Raise Failure if a metric does not format its parts as one line of text."""
    try:
        text = metric.detail(parts)
    except Exception as error:
        raise Failure(
            f"{shown(metric)}: detail() raises {type(error).__name__}: {error}; its parts are {dict(parts)!r:.200}"
        ) from error
    if not isinstance(text, str) or text != " ".join(text.split()) or UNWORDED.search(text):
        raise Failure(
            f"{shown(metric)}: detail() returns {text!r}; write words and figures on one line, with a dash for None"
        )


def _examples(case: Case) -> list[tuple[Metric, Mapping[str, Any]]]:
    """Each metric with the additional columns that it needs, with one value for all rows."""
    return [(metric, further[0] if further else {}) for metric, *further in case.examples()]


def _drawn(case: Case) -> list[tuple[Metric, Threshold, ScoreTable]]:
    return [(metric, _chosen(metric, further), _table(metric, further, 0.3)) for metric, further in _examples(case)]


def _chosen(metric: Metric, further: Mapping[str, Any]) -> Threshold:
    return choose("eer", _table(metric, further, 0.3), column=metric.column)


def _silence() -> NDArray[np.bool_]:
    """Rows without a response, (ROWS,): every ninth."""
    silent = np.zeros(ROWS, bool)
    silent[::9] = True
    return silent


def _fixed(metric: Metric) -> Threshold:
    return choose("fixed=0.5", None, column=metric.column)


def _table(
    metric: Metric, further: Mapping[str, Any], separation: float, silent: NDArray[np.bool_] | None = None
) -> ScoreTable:
    """Scores in (0, 1). With separation 1, all bona fide are above 0.5 and all attacks below; with -1, the reverse."""
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


def _primary(metric: Metric, parts: Mapping[str, Any]) -> float:
    value = parts.get(metric.primary)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Failure(f"{shown(metric)}: primary is '{metric.primary}', but the figures are {dict(parts)!r:.200}")
    return float(value)


def _numbers(parts: Mapping[str, Any], path: str = "") -> list[tuple[str, float]]:
    numbers = []
    for key, value in parts.items():
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
    Check("order", _METRIC, order, "Compute from sorted or summed values, never from adjacent rows."),
    Check(
        "direction",
        _METRIC,
        direction,
        "Set higher_is_better and primary according to the result of compute(); scores are higher for bona fide (label 1). A metric of "
        "another task or of a column declares this in measures.",
    ),
    Check(
        "rates",
        _METRIC,
        rates,
        "Read table.sorted_bona_fide and sorted_attack, or mask with table.responded; return None or a note for figures that cannot be measured.",
    ),
    Check(
        "one_class",
        _METRIC,
        one_class,
        "Raise SpecError with the missing class, or return None for figures that need it.",
    ),
    Check(
        "threshold_use",
        _METRIC,
        threshold_use,
        "Set oracle = True only if the metric chooses its threshold on the table itself; raise SpecError if a required threshold is None.",
    ),
    Check(
        "wording",
        _METRIC,
        wording,
        "Declare title, unit, and measures on the class; detail(parts) must format the result of compute() even if a part is None.",
    ),
)
