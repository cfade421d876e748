"""The terminal's summary of metrics.json: figures side by side, then a table by species for each test set and task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fascore.report.wording import headline, interval, metric_title, percent

FIGURE = len("100.00 %")
ISO = {
    "acer_worst": "ACER, worst species",
    "acer_pooled": "ACER, pooled",
    "apcer_worst": "APCER, worst species",
    "apcer_pooled": "APCER, pooled",
}
"""Figures of `iso30107` that stand in the first table; the rest is in the tables by species."""


def summary_table(metrics: Mapping[str, Any]) -> RenderableType:
    """The content of metrics.json for a terminal. Spoof and forgery never share a column."""
    return Group(*_parts(metrics))


def _parts(metrics: Mapping[str, Any]) -> Iterator[RenderableType]:
    parts = {
        f"{name}\n{task}": part["metrics"]
        for name, test in metrics["tests"].items()
        for task, part in test["tasks"].items()
    }
    yield _figures(parts)
    for name, found in parts.items():
        iso, shown = found.get("iso30107", {}), name.replace("\n", " · ")
        if "species" in iso:
            yield _species(f"{shown}: APCER by species", iso, ("apcer", "apnrr"), "BPCER", ("bpcer", "bpnrr"))
        if "forgery" in iso:
            keys = ("forgery_miss_rate", "non_response"), "false rejects", ("false_reject", "non_response")
            yield _species(f"{shown}: miss rate by manipulation", iso["forgery"], *keys)
    threshold = metrics["threshold"]
    if threshold is not None:
        yield Text(
            f"threshold {threshold['value']:.10g}: accept when the score is at least this; {threshold['origin']}"
        )
    yield from (Text(f"warning: {warning}", style="yellow") for warning in metrics["warnings"])


def _figures(parts: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table()
    table.add_column("", overflow="fold")  # a long name is folded, so that no figure is cut
    for name in parts:
        table.add_column(Text(name), justify="right", min_width=FIGURE, overflow="fold")
    for name in next(iter(parts.values()), {}):
        found = [part[name] for part in parts.values()]
        kind, bracket, fields = name.partition("(")
        if kind == "iso30107":
            for key, shown in ISO.items():
                table.add_row(Text(f"{shown} {bracket}{fields}".rstrip()), *(percent(one.get(key)) for one in found))
        else:
            table.add_row(Text(metric_title(name, found[0])), *(headline(name, one) for one in found))
    return table


def _species(
    title: str, parts: Mapping[str, Any], keys: tuple[str, str], bona_fide: str, bona_fide_keys: tuple[str, str]
) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for heading in ("", "rate", "95 % interval", "errors / n", "no answer"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
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
