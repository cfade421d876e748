"""Several systems side by side on their common presentations: the content of compare.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from fascore.contract.component import load, validate
from fascore.contract.errors import FascoreError
from fascore.contract.kinds.metric import Metric
from fascore.evaluation import paired_tests
from fascore.evaluation.evaluate import Depth, evaluate, primary
from fascore.evaluation.join import common
from fascore.evaluation.metric_entry import described, metric_name
from fascore.evaluation.presentation_level import Level
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold

Figure: TypeAlias = dict[str, Any]
"""`value`, and if known `low` and `high` (95 %, if independent), `errors`, `n`, `species`, `bootstrap`, and `oracle`.
"""
Comparison: TypeAlias = dict[str, Any]
"""JSON: `systems`, `baseline`, `level`, `bootstrap`, `correction`, `tests` by name, `across`, `warnings`."""

METRICS = ("auc", "eer", "iso30107", "hter")
FIGURES = {
    "spoof": ("auc", "eer", "apcer_worst", "apcer_pooled", "bpcer", "acer_worst", "acer_pooled"),
    "forgery": ("auc", "eer", "forgery_miss_rate_worst", "forgery_miss_rate_pooled", "false_reject", "hter"),
}
"""Figures of each task, in print order. A task with any other name is treated as `spoof`."""
PAIRED = {
    "forgery_miss_rate_worst": "apcer_worst",
    "forgery_miss_rate_pooled": "apcer_pooled",
    "false_reject": "bpcer",
    "hter": "acer_pooled",
}
"""Names of the forgery figures in the result of `paired_tests.compare`."""
CORRECTION = (
    "Holm 1979, over the systems that are compared with the baseline, separately for each test set, task, and figure"
)


@dataclass(frozen=True)
class System:
    """One system: its score tables, its own dev threshold, and what is known about its training.

    `trained_on` names the training data and `data` those of each test set; both are empty if unknown. `siblings` is
    equal for runs that differ only in their seed, and empty if the system is not a run. `description` describes how its files
    were read. `metrics` lists the metrics that it was measured with, including those beyond `METRICS`.
    """

    name: str
    tests: Mapping[str, ScoreTable]
    threshold: Threshold
    dev: ScoreTable | None = None
    level: Level = field(default_factory=Level)
    trained_on: tuple[str, ...] = ()
    data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    siblings: str = ""
    description: str = ""
    metrics: tuple[Metric, ...] = ()
    unknown_metrics: tuple[str, ...] = ()
    """Metrics that it was measured with but that no installed package provides."""


def compare_systems(systems: Sequence[System], baseline: str | None = None, depth: Depth | None = None) -> Comparison:
    """Figures of every system on the common presentations, and paired tests against the baseline (the first system, or
    by name).

    `tests.<name>.tasks.<task>.systems.<system>` holds Figures. `.pairs.<system>` holds McNemar's tests and the
    differences system - baseline with their bootstrap over subjects, p, and `p_holm`. `.further.<system>.<metric>`
    holds the figures of metrics that all systems were measured with; these are not compared in pairs.
    `tests.<name>.left_out` counts the presentations that some system lacks. `across` holds figures on every complete
    test set, by the training data of a system. Raises FascoreError if labels or species of a presentation differ, if
    levels differ, or if nothing can be compared.
    """
    depth = depth or Depth()
    first = _baseline(systems, baseline)
    _same_level(systems)
    warnings = list(_warnings(systems))
    tests = {}
    for name in dict.fromkeys(name for system in systems for name in system.tests):
        compared = _test(name, systems, first, depth)
        if isinstance(compared, str):
            warnings.append(compared)
        else:
            tests[name] = compared
    across = [row for system in systems for row in _across(system)]
    if not tests and not any(system.trained_on for system in systems):
        raise FascoreError(f"the systems have no test set with presentations in common: {'; '.join(warnings)}")
    several = len(systems) > 2
    return {
        "systems": {
            system.name: {
                "threshold": {**system.threshold.model_dump(mode="json"), "origin": system.threshold.origin},
                "trained_on": list(system.trained_on),
                "siblings": system.siblings or None,
                "told": system.description,
            }
            for system in systems
        },
        "baseline": first.name,
        "level": first.level.model_dump(mode="json"),
        "bootstrap": {"resamples": depth.resamples, "seed": depth.seed, "confidence": 0.95}
        if depth.resamples
        else None,
        "correction": CORRECTION if several else None,
        "tests": tests,
        "across": across,
        "warnings": warnings,
    }


def _baseline(systems: Sequence[System], name: str | None) -> System:
    if not systems:
        raise FascoreError(
            "name at least one system: the folder of a run, a folder of fascore evaluate --out, or a score file with --dev"
        )
    candidates = [system for system in systems if name in (None, system.name)]
    if not candidates:
        raise FascoreError(
            f"there is no system '{name}' to compare with; available: {', '.join(system.name for system in systems)}"
        )
    return candidates[0]


def _same_level(systems: Sequence[System]) -> None:
    for system in systems:
        if system.level != systems[0].level:
            levels = [f"{other.name}: {other.level.name}, {other.level.rule}" for other in (systems[0], system)]
            raise FascoreError(
                f"the systems count presentations at different levels ({'; '.join(levels)}); evaluate both at one level"
            )


def _warnings(systems: Sequence[System]) -> Iterator[str]:
    rules = {str(system.threshold.rule) for system in systems}
    if len(rules) > 1:
        listed = ", ".join(f"{system.name}: {system.threshold.rule}" for system in systems)
        yield f"thresholds were chosen by different rules ({listed}); --threshold RULE chooses all by one rule, each on its own dev scores"
    for metric in dict.fromkeys(metric for system in systems for metric in system.unknown_metrics):
        yield f"metric '{metric}' is left out: no installed package provides it; install its plugin and compare again"
    for system in systems:
        for name, table in system.tests.items():
            if len(systems) > 1 and len(table) and table.id[0] in ("1", "2"):
                yield f"'{name}' of {system.name}: ids look like row numbers; rows of several files are then joined by their position"


def _test(name: str, systems: Sequence[System], baseline: System, depth: Depth) -> dict[str, Any] | str:
    """One test set on the common presentations, or a sentence if there are none."""
    lacking = [system.name for system in systems if name not in system.tests]
    if lacking:
        return f"test set '{name}' is left out: {', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no test set of this name"
    tables = common({system.name: system.tests[name] for system in systems})
    count = len(tables[baseline.name])
    if not count:
        return f"test set '{name}' is left out: the systems have no presentation of it in common"
    further = _shared_metrics(systems)
    measured = {system.name: _measured(system, name, tables[system.name], depth, further) for system in systems}
    tasks = {
        task: _task(task, {system: test["tasks"].get(task) for system, test in measured.items()}, list(further))
        for task in _tasks(tables[baseline.name])
    }
    for task, part in tasks.items():
        own = {system: table.task("" if task == "unknown" else task) for system, table in tables.items()}
        part["pairs"] = _pairs(task, own, systems, baseline, depth)
    return {
        "common": count,
        "left_out": {system.name: len(system.tests[name]) - count for system in systems},
        "tasks": tasks,
    }


def _tasks(table: ScoreTable) -> list[str]:
    return [task or "unknown" for task in table.tasks]


def _shared_metrics(systems: Sequence[System]) -> dict[str, Metric]:
    """Metrics beyond `METRICS` that every system was measured with, by name, in the order of the first system."""
    own = [{metric_name(metric): metric for metric in system.metrics} for system in systems]
    return {name: metric for name, metric in own[0].items() if name not in METRICS and all(name in one for one in own)}


def _measured(
    system: System, name: str, table: ScoreTable, depth: Depth, further: Mapping[str, Metric]
) -> dict[str, Any]:
    wanted = [*metrics(METRICS), *further.values()]
    whole = evaluate({name: table}, system.threshold, wanted, system.dev, depth, system.level)
    return cast("dict[str, Any]", whole["tests"][name])


def metrics(documents: Sequence[str | Mapping[str, Any]]) -> list[Metric]:
    """Metrics by name or document."""
    whole = [{"type": document} if isinstance(document, str) else document for document in documents]
    return [cast("Metric", validate(load("metric", document["type"]), document)) for document in whole]


def _task(task: str, parts: Mapping[str, Any], further: Sequence[str]) -> dict[str, Any]:
    first = next(iter(parts.values()))
    silent = {name: sum(part["counts"]["non_responses"].values()) for name, part in parts.items()}
    own = {name: {key: _further(key, part["metrics"][key]) for key in further} for name, part in parts.items()}
    return {
        "counts": first["counts"],
        "non_responses": silent,
        "systems": {name: figures(task, part["metrics"]) for name, part in parts.items()},
        **({"further": own} if further else {}),
    }


def _further(name: str, entry: Mapping[str, Any]) -> Figure:
    """The primary figure of an entry of metrics.json, with its format."""
    about = described(name, entry)
    known = {key: entry[key] for key in ("low", "high", "errors", "n") if key in entry}
    drawn = entry.get("bootstrap") or {}
    own = drawn.get(entry["primary"], drawn)
    return {
        "value": primary(entry),
        "title": about.title,
        "unit": about.unit.document(),
        "detail": about.detail,
        "meaning": about.meaning,
        "oracle": entry["oracle"],
        "higher_is_better": entry["higher_is_better"],
        **known,
        **({"bootstrap": own} if "low" in own else {}),
    }


def figures(task: str, measured: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures of a task by name, from its metrics in metrics.json.

    A figure that was not measured has the value None.
    """
    iso = measured.get("iso30107", {})
    rates = iso.get("forgery", {}) if task == "forgery" else iso
    drawn = rates.get("bootstrap", {})
    by_name: dict[str, Figure] = {}
    for key in FIGURES.get(task, FIGURES["spoof"]):
        if key in measured:
            part = measured[key]
            by_name[key] = {name: part.get(name) for name in ("value", "oracle", "bootstrap") if name in part}
        else:
            by_name[key] = {
                "value": rates.get(key),
                "oracle": False,
                **_rate(key, rates),
                **({"bootstrap": drawn[key]} if key in drawn else {}),
            }
    return by_name


def _rate(key: str, rates: Mapping[str, Any]) -> Figure:
    """Errors, n, and interval of a rate, for the worst species its own. Empty for the mean of two rates."""
    species = rates.get(f"{key}_species")
    if species is not None:
        part = {**rates["species"][species], "species": species}
    elif key in ("bpcer", "false_reject"):
        part = rates.get("bona_fide", {})
    else:
        part = rates.get("pooled", {}) if key in rates.get("pooled", {}) else {}
    return {name: part[name] for name in ("low", "high", "errors", "n", "bootstrap", "species") if name in part}


def _pairs(
    task: str, tables: Mapping[str, ScoreTable], systems: Sequence[System], baseline: System, depth: Depth
) -> dict[str, Any]:
    """Compare every other system with the baseline. A note replaces the result if the two cannot be paired."""
    pairs: dict[str, Any] = {}
    for system in systems:
        if system is baseline:
            continue
        at = system.threshold, baseline.threshold
        try:
            pair: Any = paired_tests.compare(
                tables[system.name], tables[baseline.name], at, resamples=depth.resamples, seed=depth.seed
            )
        except FascoreError as error:
            pairs[system.name] = {"note": str(error)}
            continue
        differences = {
            key: dict(pair["differences"][PAIRED.get(key, key)]) for key in FIGURES.get(task, FIGURES["spoof"])
        }
        pairs[system.name] = {
            "answered_by_both": pair["answered_by_both"],
            "mcnemar": pair["mcnemar"],
            "differences": differences,
        }
    _correct(pairs)
    return pairs


def _correct(pairs: Mapping[str, Any]) -> None:
    """Add `p_holm` to each p, corrected over the systems."""
    paired_ones = [pair for pair in pairs.values() if "note" not in pair]
    for kind, p in (("mcnemar", "p_mid"), ("differences", "p")):
        for key in {key for pair in paired_ones for key in pair[kind]}:
            parts = [pair[kind][key] for pair in paired_ones]
            places = [part if kind == "mcnemar" else part.get("bootstrap", {}) for part in parts]
            for place, value in zip(places, holm([place.get(p) for place in places])):
                if value is not None:
                    place["p_holm"] = value


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Step-down adjusted p-values (Holm 1979), in the given order. Values that were not measured are ignored."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    adjusted: list[float | None] = [None] * len(values)
    greatest = 0.0
    for rank, (value, place) in enumerate(known):
        greatest = max(greatest, min(1.0, (len(known) - rank) * value))
        adjusted[place] = greatest
    return adjusted


def _across(system: System) -> Iterator[dict[str, Any]]:
    """Yield the figures of one system on each complete test set at its threshold, without intervals."""
    tests = evaluate(system.tests, system.threshold, metrics(METRICS), system.dev, None, system.level)["tests"]
    for test, part in tests.items():
        for task, measured in part["tasks"].items():
            kept = {key: figure["value"] for key, figure in figures(task, measured["metrics"]).items()}
            counts = measured["counts"]
            yield {
                "system": system.name,
                "trained_on": list(system.trained_on),
                "test": test,
                "task": task,
                "data": list(system.data.get(test) or counts["datasets"]),
                "bona_fide": counts["bona_fide"],
                "attack": counts["attack"],
                "figures": kept,
            }
