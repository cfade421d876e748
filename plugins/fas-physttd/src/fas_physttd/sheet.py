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
"""Size of a picture with its caption, in inches."""
MOST = 20.0
"""Largest amplification of a trace. A larger one would make an empty trace look like a real one."""


class Shown(NamedTuple):
    """A caption and a picture (H, W, 3), or grayscale (H, W), in [0, 1]."""

    caption: str
    picture: Picture


class Block(NamedTuple):
    """Display of one input: a title and rows of pictures; None leaves a place empty."""

    title: str
    rows: Sequence[Sequence[Shown | None]]


def pixels(image: Tensor) -> Picture:
    """(3, N, N) -> (N, N, 3)."""
    array: Picture = image.permute(1, 2, 0).numpy()
    return array


def amplified(name: str, trace: Picture) -> Shown:
    """An amplified trace around gray, with the amplification in the caption."""
    factor = gain(trace)
    return Shown(f"{name}  x {factor:.3g}", np.float32(0.5) + np.float32(factor / 2) * trace)


def gain(trace: Picture) -> float:
    """Amplification at which all but 1 % of the trace fits the scale; gray means no trace."""
    strong = float(np.quantile(np.abs(trace), 0.99))
    return min(MOST, 1 / strong) if strong > 0 else MOST


def draw(blocks: Sequence[Block]) -> Figure:
    """All blocks, one below the other. The title is at the left of the block's last row, where there is no picture."""
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
    """Write the figure as a PNG file; an interrupted call leaves no partial file."""
    with writing(path) as temporary:
        figure.savefig(temporary, format="png")


def encoded(figure: Figure) -> bytes:
    """The figure as PNG data."""
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
