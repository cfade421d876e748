"""How a notebook shows a result: a page of fascore in a frame, or a table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

HEIGHT = 640
"""Height of a page in a notebook, in pixels; the page scrolls inside."""


def framed(page: str, height: int = HEIGHT) -> str:
    """A whole page in its own frame, which contains its styles. It runs no script."""
    style = f"width:100%;height:{height}px;border:1px solid #8884;border-radius:6px"
    return f'<iframe sandbox srcdoc="{escape(page)}" style="{style}"></iframe>'


def table(head: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> str:
    """A table, styled by the notebook. Text is escaped."""
    cells = [Markup("<th>{}</th>").format(name) for name in head]
    lines = [Markup("").join(Markup("<td>{}</td>").format(text(cell)) for cell in row) for row in rows]
    body = Markup("").join(Markup("<tr>{}</tr>").format(line) for line in lines)
    title = Markup("<caption>{}</caption>").format(caption) if caption else ""
    return str(
        Markup("<table>{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
            title, Markup("").join(cells), body
        )
    )


def text(value: object) -> str:
    """A value formatted for a table: four decimals, or a dash if it is missing."""
    return "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
