"""The tables of a comparison for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fascore.evaluation.comparison import Comparison
from fascore.report.comparison.sheet import Cell, Section, Sheet


def summary(comparison: Comparison, sections: Sequence[Section]) -> RenderableType:
    """All sections, one table below the other, with the warnings last, where they are visible."""
    return Group(*_parts(comparison, sections))


def _parts(comparison: Comparison, sections: Sequence[Section]) -> Iterator[RenderableType]:
    for section in sections:
        yield Text(f"\n{section.heading}", style="bold")
        if section.lead:
            yield Text(section.lead)
        for sheet in section.sheets:
            yield _table(sheet)
            yield from (Text(note, style="dim") for note in sheet.notes)
    yield from (Text(f"warning: {warning}", style="yellow") for warning in comparison["warnings"])


def _table(sheet: Sheet) -> Table:
    table = Table(title=Text(sheet.title, overflow="fold"), title_justify="left", title_style="")
    for place, name in enumerate(sheet.head):
        table.add_column(Text(name), justify="left" if place <= sheet.words else "right", overflow="fold")
    for place, row in enumerate(sheet.rows):
        table.add_row(*(_text(cell) for cell in row), style="bold" if place in sheet.accent else None)
    return table


def _text(cell: Cell) -> Text:
    text = Text(cell.text + (f" [{cell.mark}]" if cell.mark else ""))
    for line in cell.detail:
        text.append(f"\n{line}", style="dim")
    return text
