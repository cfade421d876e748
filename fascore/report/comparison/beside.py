"""A paper's printed table, with figures of ours below the rows that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_lowercase
from typing import Any, TypeAlias

from fascore.report.comparison.sheet import Cell, Section, Sheet
from fascore.report.papers.cells import FLAGS
from fascore.report.task_tables import TASKS
from fascore.report.wording import ORACLE

Document: TypeAlias = Mapping[str, Any]
"""One cell as `papers.matching.beside` gives it."""
UNITS = {"percent": "per cent", "count": "numbers", "million": "millions"}


def paper_section(found: Mapping[str, Any]) -> Section:
    """A sheet for each task and metric of the table."""
    cells = found["cells"]
    kinds = dict.fromkeys((cell["task"], cell["metric"], cell["unit"]) for cell in cells)
    sheets = [
        _sheet(found, *kind, [cell for cell in cells if (cell["task"], cell["metric"], cell["unit"]) == kind])
        for kind in kinds
    ]
    lead = f"{found['title']}: {found['source']}. Rows as printed; below them those of fascore, on whole test sets, with the distance from print."
    return Section(f"Beside {found['paper']}/{found['table']}", sheets, lead)


def _sheet(found: Mapping[str, Any], task: str, metric: str, unit: str, cells: Sequence[Document]) -> Sheet:
    columns = list(dict.fromkeys(cell["column"] for cell in cells))
    reasons = list(dict.fromkeys((cell["flag"], cell["reason"]) for cell in cells if cell["flag"]))
    marks = dict(zip(reasons, _letters()))
    rows, accent = [], []
    for row in dict.fromkeys(cell["row"] for cell in cells):
        own = {cell["column"]: cell for cell in cells if cell["row"] == row}
        rows.append([Cell(row), *(_printed(own[column], marks) if column in own else Cell("") for column in columns)])
        for system, name, oracle in dict.fromkeys(
            (one["system"], one["name"], one["oracle"]) for cell in own.values() for one in cell["ours"]
        ):
            first = Cell(f"fascore: {system}", (name, *([ORACLE] if oracle else [])))
            accent.append(len(rows))
            rows.append([first, *(_ours(own.get(column), system, name) for column in columns)])
    notes = [found["metrics"][metric] + "."] if metric in found["metrics"] else []
    notes += [f"{mark}: {FLAGS[flag]}: {reason}." for (flag, reason), mark in marks.items()]
    return Sheet(f"{metric} · {TASKS.get(task, task)} · {UNITS[unit]}", ["Row", *columns], rows, notes, accent=accent)


def _letters() -> Iterator[str]:
    """a to z, then aa, ab, and so on."""
    yield from ascii_lowercase
    yield from (first + second for first in ascii_lowercase for second in ascii_lowercase)


def _printed(cell: Document, marks: Mapping[tuple[str, str], str]) -> Cell:
    spread = f" ± {cell['deviation']}" if cell["deviation"] else ""
    return Cell(f"{cell['value'] or '–'}{spread}", mark=marks.get((cell["flag"], cell["reason"]), ""))


def _ours(cell: Document | None, system: str, name: str) -> Cell:
    """A figure of ours in the paper's unit, with its distance from the printed one where that is a target."""
    found = [one for one in cell["ours"] if (one["system"], one["name"]) == (system, name)] if cell else []
    texts = ["not measurable" if one["value"] is None else f"{100 * one['value']:.2f}" for one in found]
    target = float(cell["value"]) if cell and cell["value"] and not cell["flag"] else None
    apart = [f"{100 * one['value'] - target:+.2f}" for one in found if target is not None and one["value"] is not None]
    return Cell(" / ".join(texts), tuple(apart))
