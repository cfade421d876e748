"""A paper's printed table, with fascore's figures below the corresponding rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_lowercase
from typing import Any, TypeAlias

from fascore.report.comparison.sheet import Cell, Section, Sheet
from fascore.report.papers.reading import FLAGS, UNITS
from fascore.report.task_tables import TASKS
from fascore.report.wording import ORACLE

PrintedCell: TypeAlias = Mapping[str, Any]
"""One cell as returned by `papers.matching.beside`."""


def paper_section(table: Mapping[str, Any]) -> Section:
    """One sheet per task and metric of a table, as returned by `papers.matching.beside`."""
    lead = "Rows as printed. Below each row, fascore's figures on whole test sets, with the difference from the printed value."
    return Section(f"Comparison with {table['paper']}/{table['table']}", _sheets(table), f"{_source(table)} {lead}")


def printed_section(table: Mapping[str, Any]) -> Section:
    """The printed numbers alone, as returned by `papers.tables.document`."""
    return Section(f"{table['paper']}/{table['table']}", _sheets(table), f"{_source(table)} Numbers as printed.")


def _source(table: Mapping[str, Any]) -> str:
    return f"{table['title']}: {table['source']}."


def _sheets(table: Mapping[str, Any]) -> list[Sheet]:
    groups: dict[tuple[str, str, str], list[PrintedCell]] = {}
    for cell in table["cells"]:
        groups.setdefault((cell["task"], cell["metric"], cell["unit"]), []).append(cell)
    return [_sheet(table, *group, cells) for group, cells in groups.items()]


def _sheet(table: Mapping[str, Any], task: str, metric: str, unit: str, cells: Sequence[PrintedCell]) -> Sheet:
    columns = list(dict.fromkeys(cell["column"] for cell in cells))
    reasons = list(dict.fromkeys((cell["flag"], cell["reason"]) for cell in cells if cell["flag"]))
    marks = dict(zip(reasons, _letters()))
    rows, accent = [], []
    for row in dict.fromkeys(cell["row"] for cell in cells):
        own = {cell["column"]: cell for cell in cells if cell["row"] == row}
        rows.append([Cell(row), *(_printed(own[column], marks) if column in own else Cell("") for column in columns)])
        for system, name, oracle in dict.fromkeys(
            (figure["system"], figure["name"], figure["oracle"]) for cell in own.values() for figure in cell["ours"]
        ):
            first = Cell(f"fascore: {system}", (name, *([ORACLE] if oracle else [])))
            accent.append(len(rows))
            rows.append([first, *(_ours(own.get(column), system, name) for column in columns)])
    notes = [f"{table['metrics'][metric]}."] if metric in table["metrics"] else []
    notes += [f"{mark}: {FLAGS[flag]}: {reason}." for (flag, reason), mark in marks.items()]
    return Sheet(f"{metric} · {TASKS.get(task, task)} · {UNITS[unit]}", ["Row", *columns], rows, notes, accent=accent)


def _letters() -> Iterator[str]:
    """Yield a to z, then aa, ab, and so on."""
    yield from ascii_lowercase
    yield from (first + second for first in ascii_lowercase for second in ascii_lowercase)


def _printed(cell: PrintedCell, marks: Mapping[tuple[str, str], str]) -> Cell:
    spread = f" ± {cell['deviation']}" if cell["deviation"] else ""
    return Cell(f"{cell['value'] or '–'}{spread}", mark=marks.get((cell["flag"], cell["reason"]), ""))


def _ours(cell: PrintedCell | None, system: str, name: str) -> Cell:
    """One of fascore's figures in the paper's unit, with its difference from the printed one if that is a target."""
    figures = (
        [figure for figure in cell["ours"] if (figure["system"], figure["name"]) == (system, name)] if cell else []
    )
    values = [figure["value"] for figure in figures]
    texts = ["not measurable" if value is None else f"{100 * value:.2f}" for value in values]
    target = float(cell["value"]) if cell and cell["value"] and not cell["flag"] else None
    apart = [f"{100 * value - target:+.2f}" for value in values if target is not None and value is not None]
    return Cell(" / ".join(texts), tuple(apart))
