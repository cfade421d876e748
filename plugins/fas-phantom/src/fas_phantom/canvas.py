"""Small drawing tools on float32 fields: soft edges, bumps, band-limited noise, sampling.

Pictures of a frame are (H, W, C) *plane by plane in memory*: `sample`, `planar`, `tinted`, and `blur` return this
layout, and numpy arithmetic keeps it. A factor (C,) or (H, W, 1) then costs as much as a number; interleaved, it costs
ten times as much.

The same expressions run on a torch device, where the fields of a frame are `device.OnDevice`, which numpy functions
accept. New fields of a frame must therefore be created from its fields (`np.zeros_like(x)`, not `np.zeros(shape)`), and
only this module calls OpenCV. Maps of persons and instruments stay in numpy; `sample` moves them to the device of its
coordinates.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeAlias, TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Field: TypeAlias = NDArray[np.floating[Any]]
"""(H, W) or (H, W, C) float32."""

_PACKED: dict[tuple[int, ...], Field] = {}
_DEVICE: ContextVar[str] = ContextVar("device", default="cpu")


@contextmanager
def on(device: str) -> Iterator[None]:
    """Render frames on a device inside this context: `cpu` is numpy, everything else is torch."""
    token = _DEVICE.set(device)
    try:
        yield
    finally:
        _DEVICE.reset(token)


def here(array: Field) -> Field:
    """Move an array to the device on which frames are being rendered."""
    if _DEVICE.get() == "cpu":
        return array
    from fas_phantom.device import upload

    return upload(array, _DEVICE.get())  # type: ignore[return-value]


def host(field: Field, kind: type[np.generic] = np.float32) -> np.ndarray:
    """Return a field as an interleaved numpy array of a type; integer types truncate fractions."""
    array = field.host() if elsewhere(field) else field
    return np.ascontiguousarray(array.astype(kind))


def elsewhere(field: Any) -> TypeGuard[Any]:
    """Test whether a field is on a torch device: a `device.OnDevice`, which replaces an array everywhere."""
    return not isinstance(field, np.ndarray)


def soft(distance: Field, width: float) -> Field:
    """Anti-aliased edge of a signed distance: 0 below -width, 1 above width, smooth between."""
    t = np.clip(distance / (2 * width) + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Field, y: Field, cx: float, cy: float, sx: float, sy: float) -> Field:
    """A Gaussian hill of height 1 at (cx, cy)."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def pair(x: Field, y: Field, cx: float, cy: float, sx: float, sy: float) -> Field:
    """Two Gaussian hills, left and right of the midline."""
    return bump(np.abs(x), y, cx, cy, sx, sy)


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur with sigma in pixels; a sigma below 0.15 has no effect."""
    if sigma < 0.15:
        return field
    if elsewhere(field):
        return field.blurred(sigma)
    if _by_planes(field):
        return _each_plane(field, lambda plane: cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def noise(random: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float], octaves: int = 1) -> Field:
    """Band-limited noise of mean 0 and deviation near 1; `cells` is its coarsest grain in pixels, down and across."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        grid = [max(2, round(extent / cell * 2**octave)) for extent, cell in zip(shape, cells)]
        coarse = random.standard_normal((grid[0], grid[1]), np.float32)
        total += cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.6**octave
    return total


def mix(a: Field, b: Field | float, weight: Field) -> Field:
    """Blend: a where weight is 0, b where it is 1; a weight (H, W) applies to all channels."""
    w = weight[..., None] if a.ndim == 3 and weight.ndim == 2 else weight
    return a + (b - a) * w


def sample(field: Field, x: Field, y: Field) -> Field:
    """Bilinear samples of a field at float32 pixel coordinates; the border value continues outside."""
    if elsewhere(field):
        return field.sampled(x, y)
    if elsewhere(x):
        return x.placed(field).sampled(x, y)
    if _by_planes(field):
        return _each_plane(field, lambda plane: sample(plane, x, y))
    remapped = cv2.remap(
        field if field.ndim == 2 else packed(field), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return remapped if field.ndim == 2 else planar(remapped)[..., : field.shape[2]]


def packed(*maps: Field) -> Field:
    """Stack maps (H, W) and (H, W, C) as channels, padded to a multiple of 4, which is by far the fastest to sample.

    The result is cached as long as the maps live; they must not change.
    """
    key = tuple(map(id, maps))
    if key not in _PACKED:
        layers = [field[..., None] if field.ndim == 2 else field for field in maps]
        spare = -sum(layer.shape[2] for layer in layers) % 4
        _PACKED[key] = np.concatenate(
            [*layers, np.zeros((*maps[0].shape[:2], spare))], axis=2, dtype=np.float32, casting="same_kind"
        )
        for field in maps:
            weakref.finalize(field, _PACKED.pop, key, None)
    return _PACKED[key]


def planar(field: Field) -> Field:
    """Convert an interleaved picture (H, W, C) to plane by plane in memory."""
    planes = np.empty((field.shape[2], *field.shape[:2]), np.float32)
    cv2.split(field, list(planes))
    return planes.transpose(1, 2, 0)


def beneath(field: Field, rows: int) -> Field:
    """Add rows of zeros above a picture (H, W, C), plane by plane in memory."""
    blank = np.zeros((field.shape[2], rows, field.shape[1]), np.float32)
    return np.concatenate([blank, field.transpose(2, 0, 1)], axis=1).transpose(1, 2, 0)


def framed(field: Field, corner: tuple[int, int], size: int, beyond: float = 0.0) -> Field:
    """Put a window (h, w) or (h, w, C) at `corner` (top row, left column) of a frame (size, size) of `beyond`."""
    (top, left), visible = corner, field[: size - corner[0], : size - corner[1]]
    planes = visible if visible.ndim == 2 else visible.transpose(2, 0, 1)
    margins = (top, size - top - visible.shape[0]), (left, size - left - visible.shape[1])
    whole = np.pad(planes, margins if visible.ndim == 2 else ((0, 0), *margins), constant_values=beyond)
    return whole if visible.ndim == 2 else whole.transpose(1, 2, 0)


def tinted(field: Field, color: Field) -> Field:
    """(H, W, 3): a field (H, W) multiplied by a color (3,)."""
    return (color[:, None, None] * field).transpose(1, 2, 0)


def power(field: Field, exponent: float) -> Field:
    """Raise a nonnegative field to a power."""
    if elsewhere(field):
        return field**exponent
    return _each_plane(field, lambda plane: cv2.pow(plane, exponent)) if field.ndim == 3 else cv2.pow(field, exponent)


def _by_planes(field: Field) -> bool:
    return field.ndim == 3 and field.strides[2] != field.itemsize


def _each_plane(field: Field, work: Callable[[Field], Field]) -> Field:
    return np.stack([work(field[..., channel]) for channel in range(field.shape[2])]).transpose(1, 2, 0)


def slopes(field: Field, gain: float) -> tuple[Field, Field]:
    """Sobel derivatives of a field (H, W) across and down, times 8 times a gain."""
    if elsewhere(field):
        kernel = np.outer([1, 2, 1], [-gain, 0, gain]).astype(np.float32)
        return field.filtered(kernel), field.filtered(kernel.T)
    return cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=gain), cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=gain)


def laplacian(field: Field) -> Field:
    """Laplacian of a field (H, W) from its four neighbors."""
    if elsewhere(field):
        return field.filtered(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32))
    return cv2.Laplacian(field, cv2.CV_32F)


def resized(field: Field, size: tuple[int, int]) -> Field:
    """Resize a field (H, W) bilinearly to (rows, columns)."""
    return field.resized(size) if elsewhere(field) else cv2.resize(field, size[::-1], interpolation=cv2.INTER_LINEAR)


def gaussian(random: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Standard normal noise: 16 random bits per value index 65,536 quantiles; several times as fast as exact draws."""
    count = int(np.prod(shape))
    bits = random.bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count]
    return _quantiles().take(bits).reshape(shape)


@lru_cache(maxsize=1)
def _quantiles() -> Field:
    return np.asarray(ndtri((np.arange(1 << 16) + 0.5) / (1 << 16)), np.float32)


def bounded(cover: Field) -> Field:
    """Set a coverage to 0 at the border of its map, so that `sample` returns 0 outside."""
    inner = np.zeros_like(cover)
    inner[1:-1, 1:-1] = cover[1:-1, 1:-1]
    return inner


def luminance(rgb: Field) -> Field:
    """Rec. 709 luminance of linear RGB."""
    return rgb[..., 0] * np.float32(0.2126) + rgb[..., 1] * np.float32(0.7152) + rgb[..., 2] * np.float32(0.0722)
