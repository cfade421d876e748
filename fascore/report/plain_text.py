"""Plain text: aligned columns, and numbers with their nouns."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows with left-aligned cells, separated by two blanks. The last cell is not padded."""
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
