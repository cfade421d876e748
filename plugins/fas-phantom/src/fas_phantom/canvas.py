"""Small drawing tools on float32 fields: soft edges, bumps, band-limited noise, sampling.

Pictures of a frame are (H, W, C) *plane by plane in memory*: `sample`, `planar`, `tinted` and `blur` give them so, and numpy's
arithmetic keeps it. A factor (C,) or (H, W, 1) then costs what a number costs; interleaved, it costs ten times as much.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Field: TypeAlias = NDArray[np.floating[Any]]
"""(H, W) or (H, W, C) float32."""

_PACKED: dict[tuple[int, ...], Field] = {}


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
    if sigma < 0.15:
        return field
    if _by_planes(field):
        return _each_plane(field, lambda plane: cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


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
    if _by_planes(field):
        return _each_plane(field, lambda plane: sample(plane, x, y))
    found = cv2.remap(field if field.ndim == 2 else packed(field), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found if field.ndim == 2 else planar(found)[..., : field.shape[2]]


def packed(*maps: Field) -> Field:
    """Maps (H, W) and (H, W, C) side by side as channels of one, filled up to a multiple of 4, which is much the fastest to sample.

    What was packed is kept as long as the maps live; they must not change.
    """
    key = tuple(map(id, maps))
    if key not in _PACKED:
        layers = [field[..., None] if field.ndim == 2 else field for field in maps]
        spare = -sum(layer.shape[2] for layer in layers) % 4
        _PACKED[key] = np.concatenate([*layers, np.zeros((*maps[0].shape[:2], spare))], axis=2, dtype=np.float32, casting="same_kind")
        for field in maps:
            weakref.finalize(field, _PACKED.pop, key, None)
    return _PACKED[key]


def planar(field: Field) -> Field:
    """An interleaved picture (H, W, C), plane by plane in memory."""
    planes = np.empty((field.shape[2], *field.shape[:2]), np.float32)
    cv2.split(field, list(planes))
    return planes.transpose(1, 2, 0)


def beneath(field: Field, rows: int) -> Field:
    """A picture (H, W, C) with rows of nothing above it, plane by plane in memory."""
    height, width, channels = field.shape
    planes = np.zeros((channels, height + rows, width), np.float32)
    planes[:, rows:] = field.transpose(2, 0, 1)
    return planes.transpose(1, 2, 0)


def tinted(field: Field, colour: Field) -> Field:
    """(H, W, 3): a field (H, W) in a colour (3,)."""
    return (colour[:, None, None] * field).transpose(1, 2, 0)


def power(field: Field, exponent: float) -> Field:
    """A field of no negative values to a power."""
    return _each_plane(field, lambda plane: cv2.pow(plane, exponent)) if field.ndim == 3 else cv2.pow(field, exponent)


def _by_planes(field: Field) -> bool:
    return field.ndim == 3 and field.strides[2] != field.itemsize


def _each_plane(field: Field, work: Callable[[Field], Field]) -> Field:
    return np.stack([work(field[..., channel]) for channel in range(field.shape[2])]).transpose(1, 2, 0)


def gaussian(random: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Standard normal noise: 16 random bits a value are looked up among 65,536 quantiles, several times as fast as exact draws."""
    count = int(np.prod(shape))
    bits = random.bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count]
    return _quantiles().take(bits).reshape(shape)


@lru_cache(maxsize=1)
def _quantiles() -> Field:
    return np.asarray(ndtri((np.arange(1 << 16) + 0.5) / (1 << 16)), np.float32)


def bounded(cover: Field) -> Field:
    """A coverage that is 0 at the border of its map, so that `sample` finds none beyond it."""
    inner = np.zeros_like(cover)
    inner[1:-1, 1:-1] = cover[1:-1, 1:-1]
    return inner


def luminance(rgb: Field) -> Field:
    """Rec. 709 luminance of linear RGB."""
    return rgb[..., 0] * np.float32(0.2126) + rgb[..., 1] * np.float32(0.7152) + rgb[..., 2] * np.float32(0.0722)
