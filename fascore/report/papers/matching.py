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
from fascore.report.papers.cells import PaperCell, PaperTable, key

Measured = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""By system, test set and task: `counts` and `metrics`, as in metrics.json."""


def beside(
    table: PaperTable, systems: Sequence[System], rows: Sequence[str] = (), columns: Sequence[str] = ()
) -> dict[str, Any]:
    """JSON: what the table is, and `cells`, each as printed with `ours`: system, test set, name, value, note.

    A system is of the row that `rows` gives it (`RUN=row`), else of the one that its name spells, without the seed at its end.
    A test set is of the column that `columns` gives it (`TEST=column`), else of the one that its name or its datasets spell.
    Ours are measured on whole test sets at each system's own dev threshold. Raises FascoreError for names that are not there.
    """
    given = _given("--as", rows, [system.name for system in systems], table.rows)
    tests = list(dict.fromkeys(test for system in systems for test in system.tests))
    placed = _given("--on", columns, tests, table.columns)
    of = {system.name: given.get(system.name) or _spelled(_unseeded(system.name), table.rows) for system in systems}
    measured = _measured(table, [system for system in systems if of[system.name]])
    places = {where: placed.get(where[1]) or _column(where[1], part, table.columns) for where, part in measured.items()}
    cells = [{**asdict(cell), "ours": list(_ours(cell, table, of, places, measured))} for cell in table.cells]
    return {
        "paper": table.paper,
        "table": table.name,
        "title": table.title,
        "source": table.source,
        "metrics": {
            name: about["said"]
            for name, about in table.metrics.items()
            if any(cell.metric == name for cell in table.cells)
        },
        "cells": cells,
        "warnings": _warnings(table, of, cells),
    }


def _unseeded(name: str) -> str:
    """A run's name as a study's row has it: without folders before it and the seed that ends it."""
    return re.sub(r"[._-]s\d+$", "", name.split("/")[-1])


def _given(option: str, words: Sequence[str], own: Sequence[str], printed: Sequence[str]) -> dict[str, str]:
    """`OURS=theirs` as a mapping. Raises FascoreError with the nearest name."""
    found = {}
    for word in words:
        left, equals, right = word.partition("=")
        if not equals:
            raise FascoreError(
                f"{option} '{word}': write ours, an equals sign, and the paper's name, such as {option} 'NAME={printed[0]}'"
            )
        if left not in own:
            raise FascoreError(f"{option} '{word}': there is no '{left}'; there are {', '.join(own)}")
        row = _spelled(right, printed)
        if row is None:
            near = get_close_matches(right, printed, 1, 0)
            raise FascoreError(
                f"{option} '{word}': the table has no '{right}'; the nearest is '{near[0]}', and there are {'; '.join(printed)}"
            )
        found[left] = row
    return found


def _spelled(name: str, printed: Sequence[str]) -> str | None:
    """The printed name that is the same in letters and digits."""
    return next((one for one in printed if key(one) == key(name)), None)


def _column(test: str, part: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """The column that a test set's name spells, or all of its datasets together."""
    datasets = {key(name) for name in part["counts"]["datasets"]}
    by_data = (column for column in columns if datasets == {key(name) for name in column.split("+")} - {""})
    return _spelled(test, columns) or (next(by_data, None) if datasets else None)


def _measured(table: PaperTable, systems: Sequence[System]) -> Measured:
    """What corresponds to the table's metrics, of each system on each of its test sets."""
    documents = {str(one["metric"]): one["metric"] for about in table.metrics.values() for one in about["ours"]}
    wanted = metrics(list(documents.values()))
    found: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for system in systems:
        tests = evaluate(system.tests, system.threshold, wanted, system.dev, None, system.level)["tests"]
        found |= {
            (system.name, test, task): part
            for test, measured in tests.items()
            for task, part in measured["tasks"].items()
        }
    return found


def _ours(
    cell: PaperCell,
    table: PaperTable,
    rows: Mapping[str, str | None],
    columns: Mapping[tuple[str, str, str], str | None],
    measured: Measured,
) -> Iterator[dict[str, Any]]:
    """The figures of ours that correspond to a cell."""
    for (system, test, task), part in measured.items():
        if (rows[system], columns[system, test, task], task) != (cell.row, cell.column, cell.task):
            continue
        for one in table.metrics.get(cell.metric, {}).get("ours", []):
            parts = part["metrics"][label(metrics([one["metric"]]))[0]]
            value = parts.get(one["part"])
            note = {} if value is not None else {"note": parts.get("note", "not measurable")}
            yield {
                "system": system,
                "test": test,
                "name": one["name"],
                "value": value,
                "oracle": parts["oracle"],
                **note,
            }


def _warnings(table: PaperTable, of: Mapping[str, str | None], cells: Sequence[Mapping[str, Any]]) -> list[str]:
    name = f"{table.paper}/{table.name}"
    lost = [system for system, row in of.items() if row is None]
    found = (
        [f"{', '.join(lost)}: of no row of {name}; say which with --as 'RUN=row', such as '{lost[0]}={table.rows[0]}'"]
        if lost
        else []
    )
    shown = {one["system"] for cell in cells for one in cell["ours"]}
    apart = [system for system, row in of.items() if row is not None and system not in shown]
    columns = "; ".join(table.columns)
    return [
        *found,
        *(
            f"{system}: has no test set of a column of {name}; say which with --on 'TEST=column' (columns: {columns})"
            for system in apart
        ),
    ]
