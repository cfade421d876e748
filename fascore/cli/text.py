"""Plain text for terminals and pipes: aligned columns, JSON that a person can read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WIDTH = 120


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows with their cells aligned to the left, two blanks apart; the last cell is free."""
    if not rows:
        return ""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths))).rstrip() for row in rows
    )


def counted(number: int, word: str) -> str:
    """`1 head`, `2 heads`, `3 modalities`."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"


def to_json(value: Any, indent: int = 0) -> str:
    """JSON in which a container stands on one line where it fits."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (indent and len(flat) + indent <= WIDTH):
        return flat
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, list):
        items = [f"{inner}{to_json(item, indent + 2)}" for item in value]
        return "[\n" + ",\n".join(items) + f"\n{outer}]"
    items = [
        f"{inner}{json.dumps(key, ensure_ascii=False)}: {to_json(item, indent + 2)}" for key, item in value.items()
    ]
    return "{\n" + ",\n".join(items) + f"\n{outer}}}"


def print_or_write(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file, whole or not at all, and say where. Raises FascoreError."""
    if out is None:
        print(text)
        return
    from fascore.contract.files import write_whole

    write_whole(out, text + "\n")
    print(f"wrote {out}")
