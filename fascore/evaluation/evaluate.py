"""All metrics of all test sets at one dev threshold: the content of metrics.json."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from fascore.errors import FascoreError, SpecError
from fascore.evaluation.curves import auc
from fascore.evaluation.rates import SMALL
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose
from fascore.kinds.metric import Metric, Value

Metrics: TypeAlias = dict[str, Any]
"""JSON: `threshold`, `dev`, `tests` by name, `warnings`."""


def evaluate(
    tables: Mapping[str, ScoreTable], threshold: Threshold | None, metrics: Sequence[Metric], dev: ScoreTable | None = None
) -> Metrics:
    """Measure every test set, its tasks apart.

    `tests.<name>.tasks.<task>.metrics.<metric>` holds the parts of one metric with `oracle` and `primary`;
    `tests.<name>.merged` the same over all tasks, where there are several. A metric that reads another column than the
    threshold's takes its own, by the same rule on `dev`. What a table cannot give (one class only) is a null with a `note`.
    Rates are in [0, 1].
    """
    names = label(metrics)
    thresholds = _thresholds(threshold, metrics, dev)
    tests = {name: _test(table, dict(zip(names, metrics)), thresholds) for name, table in tables.items()}
    return {
        "threshold": None if threshold is None else {**threshold.model_dump(mode="json"), "origin": threshold.origin},
        "dev": None if dev is None else {"counts": counts(dev), "auc": _auc(dev)},
        "tests": tests,
        "warnings": list(warnings(tables, threshold, dev)),
    }  # fmt: skip


def label(metrics: Sequence[Metric]) -> list[str]:
    """A name for each metric: its type, with the fields that differ from their defaults. Raises SpecError for two of one name."""
    names = []
    for metric in metrics:
        fields = {key: value for key, value in metric.model_dump(exclude_defaults=True).items() if key != "type"}
        shown = ", ".join(f"{key}={value}" for key, value in fields.items())
        names.append(f"{metric.type}({shown})" if shown else metric.type)
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise SpecError(f"metric {doubled[0]} stands twice; leave one out")
    return names


def counts(table: ScoreTable) -> dict[str, Any]:
    """How many presentations, subjects and non-responses, by class and species."""
    silent = Counter(table.factor("response").select(~table.responded).decode().tolist())
    return {
        "presentations": len(table), "bona_fide": int(table.bona_fide.sum()), "attack": int(table.attack.sum()),
        "subjects": len(set(table.factor("subject").present()) - {""}),
        "species": {name: len(rows) for name, rows in table.by_group("species", table.attack)},
        "datasets": [name for name in table.factor("dataset").present() if name], "non_responses": dict(sorted(silent.items())),
    }  # fmt: skip


def primary(parts: Mapping[str, Any]) -> float | None:
    """The one number of a metric's entry in metrics.json; None where it was not measurable."""
    found = parts.get(parts["primary"])
    return None if found is None else float(found)


def _test(table: ScoreTable, metrics: Mapping[str, Metric], thresholds: Mapping[str, Threshold | None]) -> dict[str, Any]:
    def measure(part: ScoreTable) -> dict[str, Any]:
        return {name: _measure(metric, part, thresholds[metric.column]) for name, metric in metrics.items()}

    parts = {task or "unknown": table.task(task) for task in table.tasks}
    tasks = {task: {"counts": counts(part), "metrics": measure(part)} for task, part in parts.items()}
    return {"counts": counts(table), "tasks": tasks, **({"merged": {"metrics": measure(table)}} if len(tasks) > 1 else {})}


def _measure(metric: Metric, table: ScoreTable, threshold: Threshold | None) -> dict[str, Value]:
    about: dict[str, Value] = {"oracle": metric.oracle, "primary": metric.primary, "higher_is_better": metric.higher_is_better}
    try:
        return {**metric.compute(table, threshold), **about}
    except SpecError as error:
        return {metric.primary: None, "note": str(error), **about}


def _thresholds(threshold: Threshold | None, metrics: Sequence[Metric], dev: ScoreTable | None) -> dict[str, Threshold | None]:
    """The threshold of each column that a metric reads."""
    found: dict[str, Threshold | None] = {}
    for column in {metric.column for metric in metrics}:
        if threshold is None or threshold.column == column:
            found[column] = threshold
        elif dev is None or threshold.rule.name == "fixed":
            found[column] = None
        else:
            found[column] = choose(threshold.rule, dev, threshold.split, column)
    return found


def _auc(table: ScoreTable) -> float | None:
    try:
        return auc(table.sorted_bona_fide, table.sorted_attack)
    except FascoreError:
        return None


def warnings(tables: Mapping[str, ScoreTable], threshold: Threshold | None, dev: ScoreTable | None) -> Iterator[str]:
    """Sentences that a reader must see beside the numbers."""
    found = _auc(dev) if dev is not None else None
    if found is not None and found < 0.5:
        yield (
            f"AUC on dev is {found:.3f}, below 0.5: the scores rank attacks above bona fide. A score is higher for bona fide; "
            "nothing was flipped. Check labels and polarity before reading on"
        )
    for name, table in {**({} if dev is None else {"dev": dev}), **tables}.items():
        yield from table.notes
        yield from _about(name, table, threshold)
    for name, table in tables.items():
        if dev is not None and (shared := overlap(dev, table)):
            yield f"{len(shared)} subjects of test set '{name}' are in dev too (such as '{shared[0]}'): the threshold has seen them"


def _about(name: str, table: ScoreTable, threshold: Threshold | None) -> Iterator[str]:
    groups = [("bona fide", table.bona_fide), *table.by_group("species", table.attack)]
    sizes = {what: int(np.count_nonzero(table.responded[rows])) for what, rows in groups}
    if few := {what: n for what, n in sizes.items() if n < SMALL}:
        yield f"'{name}': n is below {SMALL} for {', '.join(f'{what} ({n})' for what, n in few.items())}: such rates say little"
    answered = table.score[table.responded]
    if threshold is not None and len(answered) and (accepts := (answered >= threshold.value).mean()) in (0, 1):
        yield f"'{name}': every presentation is {'accepted' if accepts else 'rejected'} at the threshold {threshold.value:g}"
    if len(answered) > 1 and math.isclose(answered.min(), answered.max(), rel_tol=0, abs_tol=0):
        yield f"'{name}': all scores are equal ({answered[0]:g})"


def overlap(first: ScoreTable, second: ScoreTable) -> list[str]:
    """Subjects in both tables, of the same dataset; unnamed subjects are nobody."""
    named = [{(d, s) for d, s in zip(table.column("dataset").tolist(), table.column("subject").tolist()) if s} for table in (first, second)]
    return sorted(subject for _, subject in named[0] & named[1])
