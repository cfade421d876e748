"""The tables of a comparison, shared by all output formats."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fascore.evaluation.comparison import Comparison
from fascore.report.comparison.beside import paper_section
from fascore.report.comparison.figures import shown
from fascore.report.comparison.further import further_sheet
from fascore.report.comparison.sheet import Cell, Section, Sheet
from fascore.report.task_tables import TASKS

MATRIX = {"spoof": ("auc", "acer_pooled", "acer_worst"), "forgery": ("auc", "hter")}
"""Figures in the matrix of training and test data, by task."""


def sections(comparison: Comparison) -> Iterator[Section]:
    """Yield the sections of a comparison in reading order."""
    for test, part in comparison["tests"].items():
        for task, measured in part["tasks"].items():
            sheets = [_figures(measured), *further_sheet(measured), *_pairs(measured, comparison)]
            yield Section(f"{test} · {TASKS.get(task, f'task {task}')}", sheets, _lead(part, measured), (test, task))
    if seeds := list(_seeds(comparison)):
        yield Section(
            "Over seeds",
            seeds,
            "Runs that differ only in their seed: mean ± sample standard deviation (number of runs).",
        )
    if "paper" in comparison:
        yield paper_section(comparison["paper"])
    if matrix := list(_matrix(comparison)):
        yield Section("Across data", matrix, "Whole test sets, at each system's own threshold.")
    yield Section("Systems", [_systems(comparison)])


def _lead(part: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    counts = measured["counts"]
    lead = f"{counts['attack']} attack and {counts['bona_fide']} bona fide presentations common to all systems"
    lead += f", {counts['subjects']} subjects." if counts["subjects"] else "."
    left = [f"{count} of {name}" for name, count in part["left_out"].items() if count]
    return f"{lead} Excluded because not all systems have them: {', '.join(left)}." if left else lead


def figure(key: str, value: float | None) -> str:
    """A figure in its unit."""
    return shown(key).unit.text(value)


def interval(key: str, part: Mapping[str, Any]) -> str:
    """An interval in the figure's unit. Empty if there is none."""
    return shown(key).unit.interval(part.get("low"), part.get("high"))


def _figures(measured: Mapping[str, Any]) -> Sheet:
    systems = measured["systems"]
    keys = list(next(iter(systems.values())))
    rows = [[Cell(name), *(_cell(key, figures[key]) for key in keys)] for name, figures in systems.items()]
    drawn = any("bootstrap" in part for figures in systems.values() for part in figures.values())
    notes = [
        "i: 95 % interval if presentations are independent (Clopper-Pearson)"
        + ("; s: over subjects (bootstrap)." if drawn else ".")
    ]
    silent = [f"{count} of {name}" for name, count in measured["non_responses"].items() if count]
    notes += [f"Non-responses, excluded from these figures: {', '.join(silent)}."] if silent else []
    notes += [
        f"{name} was not compared with the baseline: {pair['note']}."
        for name, pair in measured["pairs"].items()
        if "note" in pair
    ]
    return Sheet(
        "Figures, at each system's own threshold", ["System", *(shown(key).title for key in keys)], rows, notes
    )


def _cell(key: str, part: Mapping[str, Any]) -> Cell:
    lines = [f"i {interval(key, part)}"] if part.get("low") is not None and part.get("n") else []
    lines += [f"s {ends}"] if (ends := interval(key, part.get("bootstrap") or {})) else []
    lines += (
        [f"{part['errors']} of {part['n']}" + (f", {part['species']}" if "species" in part else "")]
        if "n" in part
        else []
    )
    return Cell(figure(key, part["value"]), tuple(lines))


def _pairs(measured: Mapping[str, Any], comparison: Comparison) -> Iterator[Sheet]:
    pairs = {name: pair for name, pair in measured["pairs"].items() if "note" not in pair}
    notes = [f"p (Holm) is corrected: {comparison['correction']}."] if comparison["correction"] else []
    if pairs:
        yield _differences(pairs, comparison, notes)
        yield _mcnemar(pairs, comparison)


def _differences(pairs: Mapping[str, Any], comparison: Comparison, notes: Sequence[str]) -> Sheet:
    base = comparison["baseline"]
    rows = []
    for name, pair in pairs.items():
        for key, part in pair["differences"].items():
            drawn, values = part.get("bootstrap", {}), (figure(key, part[side]) for side in ("second", "first"))
            texts = [
                name,
                shown(key).title,
                *values,
                difference(key, part["difference"]),
                interval(key, drawn) or "–",
                *_chances(drawn, "p", comparison),
            ]
            rows.append([Cell(text) for text in texts])
    head = [
        "System",
        "Figure",
        "Baseline",
        "System value",
        "Difference",
        "95 %, over subjects",
        "p",
        *(["p (Holm)"] if comparison["correction"] else []),
    ]
    about = f"On presentations that both systems scored; difference = system - baseline ({base}). p: two-sided, from the same bootstrap."
    return Sheet(f"Differences from {base}", head, rows, [about, *notes], words=1)


def _mcnemar(pairs: Mapping[str, Any], comparison: Comparison) -> Sheet:
    rows = [
        [
            name,
            group.replace("_", " "),
            str(part["only_first_wrong"]),
            str(part["only_second_wrong"]),
            p_value(part["p_exact"]),
            *_chances(part, "p_mid", comparison),
        ]
        for name, pair in pairs.items()
        for group, part in pair["mcnemar"].items()
    ]
    head = [
        "System",
        "Presentations",
        "Only system wrong",
        "Only baseline wrong",
        "p exact",
        "p mid",
        *(["p (Holm)"] if comparison["correction"] else []),
    ]
    about = "McNemar's test on decisions, assuming that presentations are independent. Use the mid-p value."
    return Sheet(
        f"Decisions that differ from {comparison['baseline']}",
        head,
        [[Cell(text) for text in row] for row in rows],
        [about],
        words=1,
    )


def _chances(part: Mapping[str, Any], key: str, comparison: Comparison) -> list[str]:
    """The p-value, and the corrected one if several systems are compared."""
    return [p_value(part.get(name)) for name in (key, *(["p_holm"] if comparison["correction"] else []))]


def difference(key: str, value: float | None) -> str:
    """A signed difference. Differences of rates are in percentage points."""
    return shown(key).unit.difference(value)


def p_value(value: float | None) -> str:
    """A p-value with three digits, or a bound if it is small."""
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _seeds(comparison: Comparison) -> Iterator[Sheet]:
    """Yield one sheet per test set and task, with one row per group of runs that differ only in their seed."""
    groups: dict[str, list[str]] = {}
    for name, system in comparison["systems"].items():
        groups.setdefault(system["siblings"] or name, []).append(name)
    if all(len(names) < 2 for names in groups.values()):
        return
    for test, part in comparison["tests"].items():
        for task, measured in part["tasks"].items():
            systems = measured["systems"]
            keys = list(next(iter(systems.values())))
            values = {key: {name: figures[key]["value"] for name, figures in systems.items()} for key in keys}
            rows = [
                [Cell(row_name(names)), *(_over(key, [values[key][name] for name in names]) for key in keys)]
                for names in groups.values()
            ]
            yield Sheet(f"{test} · {TASKS.get(task, task)}", ["Runs", *(shown(key).title for key in keys)], rows)


def row_name(names: Sequence[str]) -> str:
    """The common part of several run names, without the seed at the end."""
    if len(names) < 2:
        return names[0]
    shared = names[0][
        : next((place for place, letters in enumerate(zip(*names)) if len(set(letters)) > 1), min(map(len, names)))
    ]
    return shared.removesuffix("s").rstrip("._-/ ") or ", ".join(names)


def _over(key: str, values: Sequence[float | None]) -> Cell:
    known = [value for value in values if value is not None]
    if not known:
        return Cell("–")
    spread = [f"± {figure(key, statistics.stdev(known))}"] if len(known) > 1 else []
    return Cell(figure(key, statistics.mean(known)), (*spread, f"{len(known)} run{'s' * (len(known) > 1)}"))


def _matrix(comparison: Comparison) -> Iterator[Sheet]:
    """Yield one sheet per task and figure: training data in the rows, test data in the columns."""
    across = [row for row in comparison["across"] if row["trained_on"]]
    for task in dict.fromkeys(row["task"] for row in across):
        entries = [row for row in across if row["task"] == task]
        columns = list(dict.fromkeys(_column(row, entries) for row in entries))
        if len({row["system"] for row in entries}) * len(columns) < 2:
            continue
        for key in MATRIX.get(task, MATRIX["spoof"]):
            yield Sheet(
                f"{shown(key).title} · {TASKS.get(task, task)}",
                ["Trained on", "System", *columns],
                _matrix_rows(entries, columns, key),
                words=1,
            )


def _column(row: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """The datasets of a test set, with the test set's name if a system has several of the same data or if none are named."""
    data = " + ".join(row["data"])
    twice = any(
        sum(other["system"] == entry["system"] and other["data"] == row["data"] for other in entries) > 1
        for entry in entries
    )
    return f"{data} ({row['test']})" if data and twice else data or row["test"]


def _matrix_rows(entries: Sequence[Mapping[str, Any]], columns: Sequence[str], key: str) -> list[list[Cell]]:
    rows = []
    for system in dict.fromkeys(row["system"] for row in entries):
        own = [row for row in entries if row["system"] == system]
        cells = {_column(row, entries): row for row in own}
        tested = [_matrix_cell(cells[column], key) if column in cells else Cell("") for column in columns]
        rows.append([Cell(" + ".join(own[0]["trained_on"])), Cell(system), *tested])
    return rows


def _matrix_cell(row: Mapping[str, Any], key: str) -> Cell:
    """The figure with its test set and counts, marked if the test data come from a training dataset."""
    detail = f"{row['test']}, n = {row['bona_fide']} + {row['attack']}"
    return Cell(
        figure(key, row["figures"].get(key)),
        (detail, *(["training dataset"] if set(row["data"]) & set(row["trained_on"]) else [])),
    )


def _systems(comparison: Comparison) -> Sheet:
    rows = [
        [
            Cell(name, ("baseline",) if name == comparison["baseline"] and len(comparison["systems"]) > 1 else ()),
            Cell(f"{system['threshold']['value']:.10g}"),
            Cell(system["threshold"]["origin"]),
            Cell(" + ".join(system["trained_on"]) or "–"),
        ]
        for name, system in comparison["systems"].items()
    ]
    return Sheet("Thresholds and training data", ["System", "Threshold", "Origin", "Trained on"], rows, words=3)
