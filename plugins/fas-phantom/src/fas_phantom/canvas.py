"""Small drawing tools on float32 fields: soft edges, bumps, band-limited noise, sampling."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.floating[Any]]
"""(H, W) or (H, W, C) float32."""


def soft(distance: Field, width: float) -> Field:
    """0 below -width, 1 above width, smooth between: the anti-aliased edge of a signed distance."""
    t = np.clip(distance / (2 * width) + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Field, y: Field, cx: float, cy: float, sx: float, sy: float) -> Field:
    """A Gaussian hill of height 1 at (cx, cy)."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def pair(x: Field, y: Field, cx: float, cy: float, sx: float, sy: float) -> Field:
    """Two such hills, left and right of the midline."""
    return bump(np.abs(x), y, cx, cy, sx, sy)


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur, sigma in pixels; a sigma below 0.15 changes nothing."""
    return field if sigma < 0.15 else cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def noise(random: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float], octaves: int = 1) -> Field:
    """Band-limited noise of mean 0 and deviation near 1; `cells` is the size in pixels of its coarsest grain, down and across."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        grid = [max(2, round(extent / cell * 2**octave)) for extent, cell in zip(shape, cells)]
        coarse = random.standard_normal((grid[0], grid[1]), np.float32)
        total += cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.6**octave
    return total


def mix(a: Field, b: Field | float, weight: Field) -> Field:
    """a where weight is 0, b where it is 1; a weight (H, W) serves all channels."""
    w = weight[..., None] if a.ndim == 3 and weight.ndim == 2 else weight
    return a + (b - a) * w


def sample(field: Field, x: Field, y: Field) -> Field:
    """Bilinear samples of a field at float32 pixel coordinates; beyond the border its last value."""
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def bounded(cover: Field) -> Field:
    """A coverage that is 0 at the border of its map, so that `sample` finds none beyond it."""
    inner = np.zeros_like(cover)
    inner[1:-1, 1:-1] = cover[1:-1, 1:-1]
    return inner


def luminance(rgb: Field) -> Field:
    """Rec. 709 luminance of linear RGB."""
    return rgb[..., 0] * np.float32(0.2126) + rgb[..., 1] * np.float32(0.7152) + rgb[..., 2] * np.float32(0.0722)
