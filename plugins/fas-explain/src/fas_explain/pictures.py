"""Arrays as pictures in the report."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from fascore import Clip, FascoreError, Image, Plane, Signal

NONE = '<span class="soft">none</span>'
"""Shown in place of a picture that a record lacks."""
WIDTH = 150
"""Pixels on the longer side of a picture in a section."""


def pixels(array: NDArray[np.float32], signal: Signal, ref: str) -> NDArray[np.uint8]:
    """One record's tensor as RGB (H, W, 3). Intensities are unchanged; a clip is represented by its middle frame.

    A Plane is scaled from its minimum to its maximum. Three channels are shown as RGB; otherwise the mean of the
    channels is shown in colors from dark to light. Raises FascoreError if the signal is not a picture.
    """
    if isinstance(signal, Clip):
        array, signal = array[len(array) // 2], Image(signal.c, signal.h, signal.w)
    if not isinstance(signal, Image | Plane):
        raise FascoreError(f"'{ref}' produces {signal}, which is not a picture: name an Image, a Plane or a Clip")
    if isinstance(signal, Plane):
        low, high = float(array.min()), float(array.max())
        array = (array - low) / (high - low or 1.0)
    shown = array if len(array) == 3 else array.mean(axis=0, keepdims=True)
    if len(shown) == 1 and isinstance(signal, Plane):
        return colored(shown[0])
    return (np.broadcast_to(shown, (3, *shown.shape[1:])).transpose(1, 2, 0).clip(0, 1) * 255).round().astype(np.uint8)


def colored(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) in [0, 1] as RGB, from dark to light."""
    rgba = matplotlib.colormaps["viridis"](values, bytes=True)
    return np.asarray(rgba[..., :3], np.uint8)


def laid_over(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map in [0, 1], enlarged to the picture's size and blended with the picture in gray."""
    height, width = picture.shape[:2]
    smooth = np.asarray(Picture.fromarray(heat, "F").resize((width, height), Picture.Resampling.BICUBIC)).clip(0, 1)
    gray = np.broadcast_to(picture.mean(axis=2, keepdims=True), picture.shape)
    mixed = 0.5 * gray + 0.5 * matplotlib.colormaps["inferno"](smooth)[..., :3] * 255
    return np.asarray(mixed.round().clip(0, 255), np.uint8)


def embedded(picture: NDArray[np.uint8], description: str) -> str:
    """An <img> that contains the picture, with `description` as its alternative text.

    Small pictures are enlarged without smoothing.
    """
    height, width = picture.shape[:2]
    scale = WIDTH / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    buffer = io.BytesIO()
    resampling = Picture.Resampling.NEAREST if scale > 1 else Picture.Resampling.LANCZOS
    Picture.fromarray(picture).resize(size, resampling).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    alt = html.escape(description)
    return f'<img src="data:image/png;base64,{data}" width="{size[0]}" height="{size[1]}" alt="{alt}">'


def table(title: str, rows: Sequence[tuple[str, str]], columns: Mapping[str, Sequence[str]]) -> str:
    """A table of pictures: `rows` are (group, id), and `columns` maps each column's name to its cells as HTML."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        f'<tr><td>{html.escape(group)}<br><span class="small soft">{html.escape(id)}</span></td>'
        + "".join(f"<td>{cells[index]}</td>" for cells in columns.values())
        + "</tr>"
        for index, (group, id) in enumerate(rows)
    )
    return f"<h3>{html.escape(title)}</h3><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
