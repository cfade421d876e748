"""A paper's printed numbers beside those of runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from fascore.contract.errors import FascoreError
from fascore.evaluation.comparison import System, metrics
from fascore.evaluation.evaluate import evaluate, label
from fascore.report.papers.reading import PaperCell, PaperTable
from fascore.report.papers.tables import document, key

Measured = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""By system, test set and task: `counts` and `metrics`, as in metrics.json."""


def beside(
    table: PaperTable, systems: Sequence[System], rows: Sequence[str] = (), columns: Sequence[str] = ()
) -> dict[str, Any]:
    """JSON: a description of the table, and `cells`, each as printed with `ours`: system, test set, name, value, note.

    A system belongs to the row that `rows` assigns to it (`RUN=row`), otherwise to the row that matches its name
    without the seed at its end. A test set belongs to the column that `columns` assigns to it (`TEST=column`),
    otherwise to the column that matches its name or its datasets. fascore's figures are measured on complete test sets
    at each system's own dev threshold. Raises FascoreError for names that do not exist.
    """
    asked_rows = _asked("--as", rows, [system.name for system in systems], table.rows)
    tests = list(dict.fromkeys(test for system in systems for test in system.tests))
    asked_columns = _asked("--on", columns, tests, table.columns)
    row_of = {
        system.name: asked_rows.get(system.name) or _spelled(_unseeded(system.name), table.rows) for system in systems
    }
    measured = _measured(table, [system for system in systems if row_of[system.name]])
    column_of = {
        where: asked_columns.get(where[1]) or _column(where[1], figures, table.columns)
        for where, figures in measured.items()
    }
    cells = [{**asdict(cell), "ours": list(_ours(cell, table, row_of, column_of, measured))} for cell in table.cells]
    return {**document(table), "cells": cells, "warnings": list(_warnings(table, row_of, cells))}


def _unseeded(name: str) -> str:
    """A run's name as the name of a study's row: without leading folders and the seed at its end."""
    return re.sub(r"[._-]s\d+$", "", name.split("/")[-1])


def _asked(option: str, pairs: Sequence[str], own: Sequence[str], printed: Sequence[str]) -> dict[str, str]:
    """`OURS=theirs` as a mapping. Raises FascoreError with the nearest name."""
    asked = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals:
            raise FascoreError(
                f"{option} '{pair}': write ours, an equals sign, and the paper's name, such as {option} 'NAME={printed[0]}'"
            )
        if ours not in own:
            raise FascoreError(f"{option} '{pair}': there is no '{ours}'; available: {', '.join(own)}")
        spelled = _spelled(theirs, printed)
        if spelled is None:
            near = get_close_matches(theirs, printed, 1, 0)
            raise FascoreError(
                f"{option} '{pair}': the table has no '{theirs}'; did you mean '{near[0]}'? Available: {'; '.join(printed)}"
            )
        asked[ours] = spelled
    return asked


def _spelled(name: str, printed: Sequence[str]) -> str | None:
    """The printed name with the same letters and digits; None if there is none."""
    return next((candidate for candidate in printed if key(candidate) == key(name)), None)


def _column(test: str, figures: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """The column that matches a test set's name, or all of its datasets together."""
    datasets = {key(name) for name in figures["counts"]["datasets"]}
    by_data = (column for column in columns if datasets == {key(name) for name in column.split("+")} - {""})
    return _spelled(test, columns) or (next(by_data, None) if datasets else None)


def _measured(table: PaperTable, systems: Sequence[System]) -> Measured:
    """The counterparts of the table's metrics, for each system on each of its test sets."""
    counterparts = [counterpart for printed in table.metrics.values() for counterpart in printed.ours]
    documents = {str(counterpart.metric): counterpart.metric for counterpart in counterparts}
    wanted = metrics(list(documents.values()))
    measured: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for system in systems:
        tests = evaluate(system.tests, system.threshold, wanted, system.dev, None, system.level)["tests"]
        measured |= {
            (system.name, test, task): figures
            for test, of_test in tests.items()
            for task, figures in of_test["tasks"].items()
        }
    return measured


def _ours(
    cell: PaperCell,
    table: PaperTable,
    row_of: Mapping[str, str | None],
    column_of: Mapping[tuple[str, str, str], str | None],
    measured: Measured,
) -> Iterator[dict[str, Any]]:
    """fascore's figures that correspond to a cell."""
    counterparts = table.metrics[cell.metric].ours if cell.metric in table.metrics else ()
    for (system, test, task), figures in measured.items():
        if (row_of[system], column_of[system, test, task], task) != (cell.row, cell.column, cell.task):
            continue
        for counterpart in counterparts:
            parts = figures["metrics"][label(metrics([counterpart.metric]))[0]]
            value = parts.get(counterpart.part)
            note = {} if value is not None else {"note": parts.get("note", "not measurable")}
            yield {
                "system": system,
                "test": test,
                "name": counterpart.name,
                "value": value,
                "oracle": parts["oracle"],
                **note,
            }


def _warnings(table: PaperTable, row_of: Mapping[str, str | None], cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    name = f"{table.paper}/{table.name}"
    lost = [system for system, row in row_of.items() if row is None]
    if lost:
        yield f"{', '.join(lost)}: no row of {name} has this name; choose one with --as 'RUN=row', such as '{lost[0]}={table.rows[0]}'"
    shown = {figure["system"] for cell in cells for figure in cell["ours"]}
    columns = "; ".join(table.columns)
    for system in (system for system, row in row_of.items() if row is not None and system not in shown):
        yield f"{system}: no test set has the name of a column of {name}; choose one with --on 'TEST=column' (columns: {columns})"
