"""Figures of the systems' own metrics, in addition to those of every comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fascore.contract.kinds.unit import Unit
from fascore.report.comparison.sheet import Cell, Sheet
from fascore.report.wording import ORACLE

NOTE = "Metrics shared by all systems, measured on their common presentations. They are not compared pairwise."


def further_sheet(measured: Mapping[str, Any]) -> Iterator[Sheet]:
    """One row per metric and one column per system. Yields nothing if the systems share no further metric."""
    systems: Mapping[str, Mapping[str, Any]] = measured.get("further", {})
    figures: Mapping[str, Any] = next(iter(systems.values()), {})
    if not figures:
        return
    rows = [[_first(figure), *(_cell(own[name]) for own in systems.values())] for name, figure in figures.items()]
    drawn = any("bootstrap" in figure for own in systems.values() for figure in own.values())
    yield Sheet(
        "Further figures", ["Figure", *systems], rows, [NOTE + (" s: over subjects (bootstrap)." if drawn else "")]
    )


def _first(figure: Mapping[str, Any]) -> Cell:
    title = f"{figure['title']} {ORACLE}" if figure["oracle"] else figure["title"]
    return Cell(title, () if figure["higher_is_better"] else ("lower is better",))


def _cell(figure: Mapping[str, Any]) -> Cell:
    unit = Unit(**figure["unit"])
    ends = figure.get("bootstrap") or {}
    drawn = unit.interval(ends.get("low"), ends.get("high"))
    text = "not measurable" if figure["value"] is None else unit.text(figure["value"])
    return Cell(text, tuple(filter(None, (f"s {drawn}" if drawn else "", figure["detail"]))))
