"""Arrays as pictures in the page."""

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
"""Stands for a picture that a record lacks."""
WIDTH = 150
"""Pixels of a picture in a section, on its longer side."""


def pixels(array: NDArray[np.float32], signal: Signal, ref: str) -> NDArray[np.uint8]:
    """One record's tensor as RGB (H, W, 3): intensities as they are, the middle frame of a clip; a Plane from its least to its greatest value.

    A Plane of three channels is shown in them, any other by its channels' mean in colors from dark to light. Raises FascoreError
    for a signal that is not a picture.
    """
    if isinstance(signal, Clip):
        array, signal = array[len(array) // 2], Image(signal.c, signal.h, signal.w)
    if not isinstance(signal, Image | Plane):
        raise FascoreError(f"'{ref}' gives {signal}, which is not a picture: name an Image, a Plane or a Clip")
    if isinstance(signal, Plane):
        low, high = float(array.min()), float(array.max())
        array = (array - low) / (high - low or 1.0)
    shown = array if len(array) == 3 else array.mean(axis=0, keepdims=True)
    if len(shown) == 1 and isinstance(signal, Plane):
        return colored(shown[0])
    return (np.broadcast_to(shown, (3, *shown.shape[1:])).transpose(1, 2, 0).clip(0, 1) * 255).round().astype(np.uint8)


def colored(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) in [0, 1] as RGB, dark to light."""
    rgba = matplotlib.colormaps["viridis"](values, bytes=True)
    return np.asarray(rgba[..., :3], np.uint8)


def laid_over(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map in [0, 1], enlarged to the picture's size, over the picture in gray."""
    height, width = picture.shape[:2]
    smooth = np.asarray(Picture.fromarray(heat, "F").resize((width, height), Picture.Resampling.BICUBIC)).clip(0, 1)
    gray = np.broadcast_to(picture.mean(axis=2, keepdims=True), picture.shape)
    mixed = 0.5 * gray + 0.5 * matplotlib.colormaps["inferno"](smooth)[..., :3] * 255
    return np.asarray(mixed.round().clip(0, 255), np.uint8)


def embedded(picture: NDArray[np.uint8], what: str) -> str:
    """An <img> that holds the picture; `what` is read aloud in its place. Small ones are enlarged without smoothing."""
    height, width = picture.shape[:2]
    scale = WIDTH / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    buffer = io.BytesIO()
    how = Picture.Resampling.NEAREST if scale > 1 else Picture.Resampling.LANCZOS
    Picture.fromarray(picture).resize(size, how).save(buffer, "PNG", optimize=True)
    text = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{text}" width="{size[0]}" height="{size[1]}" alt="{html.escape(what)}">'


def table(title: str, rows: Sequence[tuple[str, str]], columns: Mapping[str, Sequence[str]]) -> str:
    """A table of pictures: (group, id) of each row, and the cells of each column, as HTML, by its name."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        f'<tr><td>{html.escape(group)}<br><span class="small soft">{html.escape(id)}</span></td>'
        + "".join(f"<td>{cells[place]}</td>" for cells in columns.values())
        + "</tr>"
        for place, (group, id) in enumerate(rows)
    )
    return f"<h3>{html.escape(title)}</h3><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
