"""Compute all metrics of all test sets at one dev threshold: the content of metrics.json."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from fascore.contract.errors import FascoreError, SpecError
from fascore.contract.kinds.metric import Metric, MetricModule, ThresholdMetric
from fascore.contract.kinds.values import Value
from fascore.evaluation.bincount import tally
from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.breakdown import breakdown
from fascore.evaluation.metric_entry import ABOUT, describe, metric_name
from fascore.evaluation.presentation_level import Level
from fascore.evaluation.rates import SMALL
from fascore.evaluation.roc import auc
from fascore.evaluation.subjects import people
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose

Metrics: TypeAlias = dict[str, Any]
"""JSON: `threshold`, `level`, `bootstrap`, `dev`, `tests` by name, `warnings`."""

RESAMPLES = 1000
"""Number of bootstrap resamples for final figures."""


@dataclass(frozen=True)
class Depth:
    """What to measure beyond the figures themselves: `resamples` of the bootstrap over subjects, from `seed`, and
    breakdowns by column.
    """

    resamples: int = 0
    seed: int = 0
    by: tuple[str, ...] = ()


def evaluate(
    tables: Mapping[str, ScoreTable],
    threshold: Threshold | None,
    metrics: Sequence[Metric],
    dev: ScoreTable | None = None,
    depth: Depth | None = None,
    level: Level | None = None,
) -> Metrics:
    """Measure every test set, separately by task.

    `tests.<name>.tasks.<task>.metrics.<metric>` holds the parts of one metric with `oracle`, `primary`, and `about`
    (the format). `tests.<name>.merged` holds the same over all tasks if there are several.
    `breakdowns.<column>.<value>` beside a task's metrics holds the same for each value of a column, without oracles. A
    metric that reads a different column than the threshold, or has its own rule, sets its threshold on `dev`. A figure
    that a table cannot provide (one class only) is null with a `note`. Rates are in [0, 1]. `level` is the level that
    the tables were folded to; by default each row is a presentation. Raises FascoreError if dev is a test set.
    """
    depth = depth or Depth()
    refuse_test_as_dev(tables, dev)
    names = label(metrics)
    thresholds = {name: _threshold(threshold, metric, dev) for name, metric in zip(names, metrics)}
    measure = Measure(
        dict(zip(names, metrics)), {name: metric.build() for name, metric in zip(names, metrics)}, thresholds, depth
    )
    return {
        "threshold": None if threshold is None else {**threshold.model_dump(mode="json"), "origin": threshold.origin},
        "level": (level or Level()).model_dump(mode="json"),
        "bootstrap": {"resamples": depth.resamples, "seed": depth.seed, "confidence": 0.95}
        if depth.resamples
        else None,
        "dev": None if dev is None else {"counts": counts(dev), "auc": _auc(dev)},
        "tests": {name: _test(table, measure) for name, table in tables.items()},
        "warnings": list(warnings(tables, threshold, dev)),
    }


@dataclass(frozen=True)
class Measure:
    """Measures a table by all metrics. Maps names to metrics, their modules, and their thresholds."""

    metrics: Mapping[str, Metric]
    modules: Mapping[str, MetricModule]
    thresholds: Mapping[str, Threshold | None]
    depth: Depth

    def __call__(self, table: ScoreTable) -> dict[str, Any]:
        """The parts of each metric."""
        draws = Resampling.of(table, self.depth.resamples, self.depth.seed)
        return {
            name: _measure(metric, self.modules[name], table, self.thresholds[name], draws)
            for name, metric in self.metrics.items()
        }

    def without_oracles(self) -> Measure:
        """The same without the metrics that set their own threshold."""
        return replace(self, metrics={name: metric for name, metric in self.metrics.items() if not metric.oracle})


def label(metrics: Sequence[Metric]) -> list[str]:
    """A name for each metric: its type and the fields that differ from their defaults.

    Raises SpecError for duplicates.
    """
    names = [metric_name(metric) for metric in metrics]
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise SpecError(f"metric {doubled[0]} is listed twice; remove one")
    return names


def counts(table: ScoreTable) -> dict[str, Any]:
    """Count presentations, subjects, and non-responses, by class and species."""
    silent = table.categorical("response").select(~table.responded)
    by_class = table.sorted_scores
    species = {name: len(scores) + by_class.silent[name] for name, scores in by_class.species.items()}
    bona_fide = len(by_class.bona_fide) + by_class.silent_bona_fide
    return {
        "presentations": len(table),
        "bona_fide": bona_fide,
        "attack": len(table) - bona_fide,
        "subjects": len(set(table.categorical("subject").present()) - {""}),
        "species": species,
        "datasets": [name for name in table.categorical("dataset").present() if name],
        "non_responses": dict(zip(silent.names, tally(silent.codes, len(silent.names)).tolist())),
    }


def primary(parts: Mapping[str, Any]) -> float | None:
    """The primary figure of a metric's entry in metrics.json. None if it was not measurable."""
    value = parts.get(parts["primary"])
    return None if value is None else float(value)


def _test(table: ScoreTable, measure: Measure) -> dict[str, Any]:
    tasks = {}
    for task in table.tasks:
        part = table.task(task)
        tasks[task or "unknown"] = {"counts": counts(part), "metrics": measure(part), **_breakdowns(part, measure)}
    return {
        "counts": counts(table),
        "tasks": tasks,
        **({"merged": {"metrics": measure(table)}} if len(tasks) > 1 else {}),
    }


def _breakdowns(table: ScoreTable, measure: Measure) -> dict[str, Any]:
    inner = measure.without_oracles()
    by_column = {
        column: {value: {"counts": counts(part), "metrics": inner(part)} for value, part in breakdown(table, column)}
        for column in measure.depth.by
    }
    return {"breakdowns": by_column} if by_column else {}


def _measure(
    metric: Metric, module: MetricModule, table: ScoreTable, threshold: Threshold | None, draws: Resampling | None
) -> dict[str, Value]:
    try:
        parts = dict(module.compute(table, threshold))
        if draws:
            parts = merged(parts, module.resample(table, threshold, draws))
    except SpecError as error:
        parts = {metric.primary: None, "note": str(error)}
    return {
        **parts,
        "oracle": metric.oracle,
        "primary": metric.primary,
        "higher_is_better": metric.higher_is_better,
        ABOUT: describe(metric, parts).document(),
    }


def merged(parts: Mapping[str, Value], more: Mapping[str, Value]) -> dict[str, Value]:
    """Merge further parts into nested parts. Keys that occur in both hold mappings."""
    whole = dict(parts)
    for key, value in more.items():
        known = whole.get(key)
        whole[key] = merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return whole


def _threshold(threshold: Threshold | None, metric: Metric, dev: ScoreTable | None) -> Threshold | None:
    """The threshold of a metric: the run's, or one chosen by the metric's own rule or column on the same dev scores.

    None without dev, and for figures of a column that makes no decision.
    """
    if metric.measures == "column" and not isinstance(metric, ThresholdMetric):
        return None
    own = metric.threshold if isinstance(metric, ThresholdMetric) else None
    rule = own or (threshold.rule if threshold is not None else None)
    if rule is None or (own is None and threshold is not None and threshold.column == metric.column):
        return threshold
    if own is not None and own.name == "fixed":
        return choose(own, None, column=metric.column)
    if dev is None or rule.name == "fixed":
        return None
    split = "dev" if threshold is None or threshold.rule.name == "fixed" else threshold.split
    return choose(rule, dev, split, metric.column)


def refuse_test_as_dev(tables: Mapping[str, ScoreTable], dev: ScoreTable | None) -> None:
    """Raise FascoreError if the dev table holds the same presentations and scores as a test set, in any order."""
    for name, table in tables.items():
        if dev is table or (dev is not None and len(dev) == len(table) and _same(dev, table)):
            raise FascoreError(
                f"the dev scores are identical to test set '{name}'; choose the threshold on other data than the test data"
            )


def _same(first: ScoreTable, second: ScoreTable) -> bool:
    scores = ((first.sorted_bona_fide, second.sorted_bona_fide), (first.sorted_attack, second.sorted_attack))
    return all(np.array_equal(left, right) for left, right in scores) and set(first.id.tolist()) == set(
        second.id.tolist()
    )


def _auc(table: ScoreTable) -> float | None:
    try:
        return auc(table.sorted_bona_fide, table.sorted_attack)
    except FascoreError:
        return None


def warnings(tables: Mapping[str, ScoreTable], threshold: Threshold | None, dev: ScoreTable | None) -> Iterator[str]:
    """Yield warnings that readers must see beside the numbers."""
    dev_auc = _auc(dev) if dev is not None else None
    if dev_auc is not None and dev_auc < 0.5:
        yield (
            f"AUC on dev is {dev_auc:.3f}, below 0.5: the scores rank attacks above bona fide presentations. Higher scores must mean "
            "bona fide; fascore did not flip the scores. Check labels and polarity before you read on"
        )
    for name, table in {**({} if dev is None else {"dev": dev}), **tables}.items():
        yield from table.notes
        yield from _about(name, table, threshold)
    for name, table in tables.items():
        if dev is not None and (shared := overlap(dev, table)):
            yield f"{len(shared)} subjects of test set '{name}' also appear in dev (for example '{shared[0]}'): the threshold was chosen on them"


def _about(name: str, table: ScoreTable, threshold: Threshold | None) -> Iterator[str]:
    groups = {"bona fide": table.sorted_scores.bona_fide, **table.sorted_scores.species}
    if few := {what: len(scores) for what, scores in groups.items() if len(scores) < SMALL}:
        yield f"'{name}': n is below {SMALL} for {', '.join(f'{what} ({n})' for what, n in few.items())}: these rates are unreliable"
    ends = [(scores[0], scores[-1]) for scores in groups.values() if len(scores)]
    least, greatest = min((low for low, _ in ends), default=math.nan), max((high for _, high in ends), default=math.nan)
    if threshold is not None and (least >= threshold.value or greatest < threshold.value):
        yield f"'{name}': every presentation is {'accepted' if least >= threshold.value else 'rejected'} at the threshold {threshold.value:g}"
    if least == greatest and sum(map(len, groups.values())) > 1:
        yield f"'{name}': all scores are equal ({least:g})"


def overlap(first: ScoreTable, second: ScoreTable) -> list[str]:
    """Subjects of the same dataset in both tables. Unnamed subjects never match."""
    known, tested = (people(table.categorical("dataset"), table.categorical("subject")) for table in (first, second))
    return sorted(subject for _, subject in known & tested)
