"""The figures of metrics.json as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fascore.cli.text import columns

Parts = dict[str, Any]


def figures(metrics: Parts) -> str:
    """Threshold, a row a test set and task, APCER by species, warnings. Rates are in [0, 1]."""
    rows = [*_rows(metrics["tests"])]
    names = list(dict.fromkeys(name for _, _, table in rows for name in table["metrics"]))
    head = ("test set", "task", "bona fide", "attacks", *(_title(name, rows) for name in names))
    body = [(test, task, *_size(table), *(_cell(table["metrics"].get(name)) for name in names)) for test, task, table in rows]
    threshold = metrics["threshold"]
    first = f"threshold {threshold['value']:.4f}: {threshold['origin']}" if threshold else "no threshold"
    warnings = "\n".join(f"warning: {text}" for text in metrics["warnings"])
    return "\n\n".join(filter(None, [first, columns([head, *body]), "\n\n".join(_species(rows)), warnings]))


def _rows(tests: Parts) -> Iterator[tuple[str, str, Parts]]:
    for test, part in tests.items():
        for task, table in part["tasks"].items():
            yield test, task, table


def _size(table: Parts) -> tuple[str, str]:
    return str(table["counts"]["bona_fide"]), str(table["counts"]["attack"])


def _title(name: str, rows: list[tuple[str, str, Parts]]) -> str:
    """`eer [test-oracle]`, `iso30107 acer_worst`: what the column's one number is."""
    parts = next(table["metrics"][name] for _, _, table in rows if name in table["metrics"])
    number = "" if parts["primary"] == "value" else f" {parts['primary']}"
    return f"{name}{number}{' [test-oracle]' if parts['oracle'] else ''}"


def _cell(parts: Parts | None) -> str:
    value = (parts or {}).get((parts or {}).get("primary", ""))
    return f"{value:.4f}" if isinstance(value, int | float) else "-"


def _species(rows: list[tuple[str, str, Parts]]) -> Iterator[str]:
    """APCER of each species with its n and interval, the worst first, of every metric that has species."""
    for test, task, table in rows:
        for parts in table["metrics"].values():
            species = parts.get("species") or {}
            worst = sorted(((name, each) for name, each in species.items() if each.get("apcer") is not None), key=lambda item: -item[1]["apcer"])
            if worst:
                lines = [(name, f"APCER {each['apcer']:.4f}", f"n = {each['n']}", f"[{each['low']:.4f}, {each['high']:.4f}]") for name, each in worst]
                bona_fide = parts.get("bona_fide") or {}
                if bona_fide.get("bpcer") is not None:
                    interval = f"[{bona_fide['low']:.4f}, {bona_fide['high']:.4f}]"
                    lines.append(("bona fide", f"BPCER {bona_fide['bpcer']:.4f}", f"n = {bona_fide['n']}", interval))
                yield f"{test}, {task}: each species, the worst first\n{columns(lines, '  ')}"
