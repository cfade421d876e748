"""The terminal summary of metrics.json: figures side by side, then one table by species for each test set and task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from fascore.evaluation.metric_entry import described
from fascore.report.wording import RATES, headline, interval, metric_title, percent

FIGURE = len("100.00 %")
NAMES = 26
"""Columns that the names of the figures need at least, with the borders of the table."""


def summary_table(metrics: Mapping[str, Any]) -> RenderableType:
    """Format metrics.json for a terminal. Presentation attacks and forgeries never share a column."""
    return Group(*_parts(metrics))


def _parts(metrics: Mapping[str, Any]) -> Iterator[RenderableType]:
    parts = {
        f"{name}\n{task}": part["metrics"]
        for name, test in metrics["tests"].items()
        for task, part in test["tasks"].items()
    }
    yield _Figures(parts)
    for name, measured in parts.items():
        iso, shown = measured.get(RATES, {}), name.replace("\n", " · ")
        if "species" in iso:
            yield _species(f"{shown}: APCER by species", iso, ("apcer", "apnrr"), "BPCER", ("bpcer", "bpnrr"))
        if "forgery" in iso:
            keys = ("forgery_miss_rate", "non_response"), "false rejects", ("false_reject", "non_response")
            yield _species(f"{shown}: miss rate by manipulation", iso["forgery"], *keys)
    threshold = metrics["threshold"]
    if threshold is not None:
        yield Text(
            f"threshold {threshold['value']:.10g} (a presentation is accepted if its score is at least this): {threshold['origin']}"
        )
    yield from (Text(f"warning: {warning}", style="yellow") for warning in metrics["warnings"])


class _Figures:
    """The figures of all parts side by side, in as many tables as the width of the terminal requires."""

    def __init__(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        self.parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the tables. A name that is too long is wrapped, so that neither a name nor a figure is truncated."""
        names = list(self.parts)
        side_by_side = max(1, (options.max_width - NAMES) // (FIGURE + len(" │ ")))
        for first in range(0, max(len(names), 1), side_by_side):
            yield _figures({name: self.parts[name] for name in names[first : first + side_by_side]})


def _figures(parts: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table()
    table.add_column("", overflow="fold")
    for name in parts:
        table.add_column(Text(name), justify="right", min_width=FIGURE, overflow="fold")
    for name in next(iter(parts.values()), {}):
        for row in _rows(name, [measured[name] for measured in parts.values()]):
            table.add_row(*map(Text, row))
    return table


def _rows(name: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield one row per figure of a metric: its primary figure, or the figures that it names."""
    about = described(name, entries[0])
    for part, title in about.figures.items():
        if len(about.figures) > 1:
            yield (metric_title(title, entries[0]), *(about.unit.text(entry.get(part)) for entry in entries))
        else:
            yield (metric_title(title, entries[0]), *(headline(name, entry) for entry in entries))


def _species(
    title: str, parts: Mapping[str, Any], keys: tuple[str, str], bona_fide: str, bona_fide_keys: tuple[str, str]
) -> Table:
    table = Table(title=Text(title, overflow="fold"), title_justify="left", title_style="bold")
    table.add_column("", overflow="fold")
    for heading in ("rate", "95 % interval", "errors / n", "no response"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, rate in sorted(parts["species"].items(), key=lambda item: (-(item[1][keys[0]] or 0), item[0])):
        table.add_row(*_row(name, rate, keys))
    table.add_section()
    table.add_row(*_row(bona_fide, parts["bona_fide"], bona_fide_keys))
    return table


def _row(name: str, rate: Mapping[str, Any], keys: tuple[str, str]) -> tuple[Text, ...]:
    few = " (few)" if "note" in rate else ""
    cells = (
        name,
        percent(rate[keys[0]]),
        interval(rate),
        f"{rate['errors']} / {rate['n']}{few}",
        percent(rate[keys[1]]),
    )
    return tuple(Text(cell) for cell in cells)
