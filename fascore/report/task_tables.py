"""The measurements in the report: each task of each test set, a comparison across test sets, and all tasks merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from markupsafe import Markup

from fascore.evaluation.table import ScoreTable
from fascore.report import charts, wording
from fascore.report.calibration import calibration
from fascore.report.contents import ReportFacts
from fascore.report.mistakes import mistakes

MOST_ROWS = 14
"""Maximum number of species with their own histogram. The table lists all species."""
TASKS = {"spoof": "Presentation attacks", "forgery": "Digital forgery"}
Row: TypeAlias = dict[str, Any]
"""A rate to print: `name`, `rate`, `errors`, `n`, `low`, `high`, and if known `silent`, `non_responses`, `bootstrap`, `rule_of_three`."""


def parts(facts: ReportFacts) -> Iterator[dict[str, Any]]:
    """Yield the template variables for each task of each test set."""
    threshold = facts.metrics["threshold"]
    value = threshold and threshold["value"]
    for name, test in facts.metrics["tests"].items():
        for task, part in test["tasks"].items():
            table, rates = task_table(facts, name, task), rates_of(part["metrics"])
            yield {
                "anchor": f"{name}-{task}",
                "test": name,
                "task": task,
                "heading": TASKS.get(task, f"Task {task}"),
                "counts": part["counts"],
                "figures": list(figures(part["metrics"])),
                "rates": rates,
                "breakdowns": _breakdowns(part.get("breakdowns", {})),
                "charts": _charts(table, value, rates.get("worst"), f"{name}, {task}"),
                "calibration": calibration(table, f"{name}, {task}"),
                "mistakes": mistakes(table, value, facts.pictures.get(name, {})),
            }


def task_table(facts: ReportFacts, name: str, task: str) -> ScoreTable:
    """The score table of one task of a test set. `task` is its name in metrics.json."""
    return facts.tests[name].task("" if task == "unknown" else task)


def rates_of(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The rates by species from `iso30107`, for presentation attacks or forgeries. Empty if it was not measured."""
    iso = metrics.get(wording.RATES, {})
    if "species" in iso:
        return _rates(iso, "apcer", "apnrr")
    return _rates(iso["forgery"], "forgery_miss_rate", "non_response") if "forgery" in iso else {}


def _rates(iso: Mapping[str, Any], attack: str, silent: str) -> dict[str, Any]:
    """Rows by species (worst first), the bona fide row, and the summary figures."""
    bona_fide, none = ("bpcer", "bpnrr") if attack == "apcer" else ("false_reject", "non_response")
    second, intervals = iso["non_response_rejects"], iso.get("bootstrap", {})
    title, other = ("APCER", "BPCER") if attack == "apcer" else ("Miss rate", "False rejects")
    return {
        "title": title,
        "bona_fide_title": other,
        "rows": _sorted([_row(name, rate, attack, silent) for name, rate in iso["species"].items()]),
        "bona_fide": _row("bona fide", iso["bona_fide"], bona_fide, none),
        "pooled_row": _row("all attacks pooled", iso["pooled"], f"{attack}_pooled", f"{silent}_pooled"),
        "groups": _sorted(
            [_row(name, rate, "apcer_pooled", "apnrr_pooled") for name, rate in iso.get("groups", {}).items()]
        ),
        "worst": iso[f"{attack}_worst_species"],
        "worst_value": iso[f"{attack}_worst"],
        "worst_n": iso[f"{attack}_worst_n"],
        "bound": iso[f"{attack}_worst_bound"],
        "pooled": iso[f"{attack}_pooled"],
        "potentials": iso.get("attack_potential", {}),
        "second": {
            "worst": second[f"{attack}_worst"],
            "worst_species": second[f"{attack}_worst_species"],
            "pooled": second[f"{attack}_pooled"],
            "bona_fide": second[bona_fide],
        },
        "acer": [
            (shown, iso[key], intervals.get(key)) for key, shown in wording.ACER.items() if iso.get(key) is not None
        ],
    }


def _row(name: str, rate: Mapping[str, Any], key: str, silent: str) -> Row:
    return {**rate, "name": name, "rate": rate[key], "silent": rate.get(silent)}


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-(row["rate"] or 0), row["name"]))


def figures(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for every metric except the rates by species, which have their own table.

    `iso30107` with non-default fields, such as another threshold, is a row here.
    """
    for name, entry in metrics.items():
        if name != wording.RATES:
            yield {
                "name": wording.title(name, entry),
                "value": wording.headline(name, entry),
                "detail": wording.detail(name, entry),
                "oracle": entry["oracle"],
                "bootstrap": wording.figure_interval(name, entry),
            }


def merged(facts: ReportFacts) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the figures over all tasks of each test set that has several tasks."""
    for name, test in facts.metrics["tests"].items():
        if "merged" in test:
            yield name, list(figures(test["merged"]["metrics"]))


def across(facts: ReportFacts) -> list[tuple[str, list[dict[str, Any]]]]:
    """One row per test set, by task: how a system performs away from the data it was trained and tuned on.

    Empty for a single test set.
    """
    by_task: dict[str, list[dict[str, Any]]] = {}
    for name, test in facts.metrics["tests"].items():
        for task, part in test["tasks"].items():
            iso, auc = rates_of(part["metrics"]), part["metrics"].get("auc")
            by_task.setdefault(task, []).append(
                {
                    "name": name,
                    "datasets": ", ".join(part["counts"]["datasets"]),
                    "auc": wording.headline("auc", auc) if auc else "–",
                    "worst": iso.get("worst_value"),
                    "species": iso.get("worst"),
                    "bona_fide": iso["bona_fide"]["rate"] if iso else None,
                    "pooled": iso.get("pooled"),
                    "titles": (iso.get("title", "APCER"), iso.get("bona_fide_title", "BPCER")),
                }
            )
    return [(TASKS.get(task, task), rows) for task, rows in by_task.items() if len(rows) > 1]


def _breakdowns(by_column: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One table per column, one row per value: pooled attacks and bona fide, each with n and interval, and the worst species."""
    tables = []
    for column, values in by_column.items():
        rows = [
            {"value": value, "counts": part["counts"], **rates_of(part["metrics"])} for value, part in values.items()
        ]
        tables.append({"column": column, "rows": [row for row in rows if "pooled_row" in row]})
    return [table for table in tables if table["rows"]]


def _charts(table: ScoreTable, threshold: float | None, worst: str | None, name: str) -> list[tuple[str, Markup]]:
    """Histograms, ROC, and DET curves. Fewer charts if a class has no scores."""
    groups = {species: scores for species, scores in table.sorted_scores.species.items() if len(scores)}
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    errors = {
        species: 0.0 if threshold is None else float(np.mean(scores >= threshold)) for species, scores in groups.items()
    }
    rows = {"bona fide": (bona_fide, True)} if len(bona_fide) else {}
    rows |= {
        species: (groups[species], False)
        for species in sorted(groups, key=lambda name: (-errors[name], name))[:MOST_ROWS]
    }
    drawings = [("Scores by species", charts.histogram_chart(rows, threshold, f"histograms, {name}"))] if rows else []
    if len(bona_fide) and len(attack):
        lines = [charts.Line("all attacks pooled", bona_fide, attack, threshold)]
        lines += (
            [charts.Line(f"worst: {worst}", bona_fide, groups[worst], threshold)]
            if worst in groups and len(groups) > 1
            else []
        )
        drawings.append(("ROC", charts.roc_chart(lines, f"ROC, {name}")))
        drawings.append(("DET (normal deviate axes)", charts.det_chart(lines, f"DET, {name}")))
    return [(title, Markup(drawing)) for title, drawing in drawings]
