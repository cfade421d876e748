"""Text for terminals and pipes: readable JSON, printed or written to a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WIDTH = 120


def to_json(value: Any, indent: int = 0) -> str:
    """JSON in which each container that fits is on one line."""
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
    """Print a text, or write it to a file, whole or not at all, and print its path. Raises FascoreError."""
    if out is None:
        print(text)
        return
    from fascore.contract.files import write_whole

    write_whole(out, text + "\n")
    print(f"wrote {out}")
