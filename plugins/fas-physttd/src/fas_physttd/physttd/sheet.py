"""The trace sheet: one row of pictures for each input (Liu and Liu, PhySTD, Fig. 9, 10 and 12)."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fas_physttd.physttd.removal import Found, Picture
from fascore import writing

NAMES = {"b": "B, coarse", "c": "C, middle", "t": "T, fine"}
WIDTH, HEIGHT = 1.55, 1.85
"""Inches of a picture with its caption."""
MOST = 20.0
"""The largest amplification of a trace: beyond it an empty trace would look like one."""


def draw(titles: Sequence[str], found: Sequence[Found]) -> Figure:
    """One block of two rows for each input: what was found, and what is left without it."""
    columns = max(len(f.parts) for f in found) + 4
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * 2 * len(found) + 0.1), dpi=110)
    FigureCanvasAgg(figure)
    for place, (title, one) in enumerate(zip(titles, found, strict=True)):
        _block(figure, title, one, place, len(found), columns)
    return figure


def write(figure: Figure, path: Path) -> None:
    """A PNG file, whole or not at all."""
    with writing(path) as part:
        figure.savefig(part, format="png")


def encoded(figure: Figure) -> bytes:
    """The sheet as PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _block(figure: Figure, title: str, found: Found, place: int, blocks: int, columns: int) -> None:
    upper: list[tuple[str, Picture, str | None]] = [("input", found.image, None)]
    for port, part in found.parts.items():
        gain = _gain(part)
        upper.append((f"{NAMES[port]}  x {gain:.3g}", np.float32(0.5) + np.float32(gain / 2) * part, None))
    upper += [(f"P, mean {found.p.mean():.2f}", found.p, "gray"), ("what P hides", found.content, None),
              (f"depth, mean {found.depth.mean():.2f}", found.depth, "gray")]  # fmt: skip
    lower: list[tuple[str, Picture, str | None]] = [(name, picture, None) for name, picture in found.removal]
    if found.elsewhere is not None:
        lower.append(("on another face", found.elsewhere, None))
    for row, pictures in enumerate((upper, lower)):
        for column, (caption, picture, colours) in enumerate(pictures):
            # The lower row begins under the first trace: the input has nothing removed.
            axes = _axes(figure, 2 * place + row, column + row, 2 * blocks, columns)
            _show(axes, caption, picture, colours)
    figure.text(0.1 / columns, 1 - (2 * place + 1.5) / (2 * blocks), title, fontsize=9, fontweight="bold", va="center", wrap=True)


def _axes(figure: Figure, row: int, column: int, rows: int, columns: int) -> Axes:
    width, height = 1 / columns, 1 / rows
    return figure.add_axes((column * width + 0.02 * width, 1 - (row + 1) * height + 0.02 * height, 0.96 * width, 0.84 * height))


def _show(axes: Axes, caption: str, picture: Picture, colours: str | None) -> None:
    axes.imshow(np.clip(picture, 0, 1), cmap=colours, vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(caption, fontsize=8, pad=2)
    axes.set_axis_off()


def _gain(part: Picture) -> float:
    """Amplification that lets all but 1 % of a trace fill the scale, about grey for nothing."""
    strong = float(np.quantile(np.abs(part), 0.99))
    return min(MOST, 1 / strong) if strong > 0 else MOST
