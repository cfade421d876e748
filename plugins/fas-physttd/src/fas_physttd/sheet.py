"""The trace sheet: blocks of rows of pictures (Liu and Liu, PhySTD, Fig. 8 to 10 and 12; Li et al., Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from fascore import writing

Picture = NDArray[np.float32]
WIDTH, HEIGHT = 1.55, 1.85
"""Inches of a picture with its caption."""
MOST = 20.0
"""The largest amplification of a trace: beyond it an empty trace would look like one."""


class Shown(NamedTuple):
    """A picture (H, W, 3), or (H, W) in shades of gray, in [0, 1], under its caption."""

    caption: str
    picture: Picture


class Block(NamedTuple):
    """What is shown of one input: a title, and rows of pictures, None for a place that stays empty."""

    title: str
    rows: Sequence[Sequence[Shown | None]]


def pixels(image: Tensor) -> Picture:
    """(3, N, N) -> (N, N, 3)."""
    array: Picture = image.permute(1, 2, 0).numpy()
    return array


def amplified(name: str, trace: Picture) -> Shown:
    """A trace around gray, the amplification in its caption."""
    factor = gain(trace)
    return Shown(f"{name}  x {factor:.3g}", np.float32(0.5) + np.float32(factor / 2) * trace)


def gain(trace: Picture) -> float:
    """Amplification that lets all but 1 % of a trace fill the scale, about gray for nothing."""
    strong = float(np.quantile(np.abs(trace), 0.99))
    return min(MOST, 1 / strong) if strong > 0 else MOST


def draw(blocks: Sequence[Block]) -> Figure:
    """All blocks, one below the other; a title stands at the left of a block's last row, which has no picture there."""
    columns = max(len(row) for block in blocks for row in block.rows)
    lines = sum(len(block.rows) for block in blocks)
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * lines + 0.1), dpi=110)
    FigureCanvasAgg(figure)
    line = 0
    for block in blocks:
        figure.text(
            0.1 / columns,
            1 - (line + len(block.rows) - 0.5) / lines,
            block.title,
            fontsize=9,
            fontweight="bold",
            va="center",
            wrap=True,
        )
        for row in block.rows:
            for column, shown in enumerate(row):
                if shown is not None:
                    _show(_axes(figure, line, column, lines, columns), shown)
            line += 1
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


def _axes(figure: Figure, row: int, column: int, rows: int, columns: int) -> Axes:
    width, height = 1 / columns, 1 / rows
    return figure.add_axes(
        (column * width + 0.02 * width, 1 - (row + 1) * height + 0.02 * height, 0.96 * width, 0.84 * height)
    )


def _show(axes: Axes, shown: Shown) -> None:
    axes.imshow(
        np.clip(shown.picture, 0, 1),
        cmap="gray" if shown.picture.ndim == 2 else None,
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_title(shown.caption, fontsize=8, pad=2)
    axes.set_axis_off()
