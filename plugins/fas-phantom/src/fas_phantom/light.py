"""Light on the head: one direction, an ambient sky, and a highlight; and the lamp of the infrared camera."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import numpy as np

from fas_phantom.canvas import Field, slopes
from fas_phantom.parameters import Capture

Normal: TypeAlias = tuple[Field, Field, Field]


def normals(lift: Field, scale: float) -> Normal:
    """Unit normals (x, y, z) of a relief in meters at `scale` pixels per meter."""
    dx, dy = slopes(lift, scale / 8)
    nz = 1 / np.sqrt(1 + dx * dx + dy * dy)
    return -dx * nz, -dy * nz, nz


def direction(capture: Capture) -> np.ndarray:
    """Unit vector to the lamp."""
    azimuth, elevation = np.deg2rad(capture.azimuth), np.deg2rad(capture.elevation)
    return np.array(
        [np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], np.float32
    )


def tint(warmth: float) -> np.ndarray:
    """Linear RGB gains of a color warmth: positive is redder, 0 is white."""
    return np.array([1 + warmth, 1, 1 - 1.3 * warmth], np.float32)


class Shading:
    """The light on one relief in one frame; each quantity is computed on first use.

    `normal` holds unit vectors (x, y, z), and `facing` their component toward the camera. `diffuse` is near 1 on a
    forehead under frontal light. `gleam` is the highlight, to be multiplied by gloss. If the relief covers only a
    window of the frame, `whole` puts a field of the window into the frame.
    """

    def __init__(
        self, capture: Capture, lift: Field, scale: float, whole: Callable[[Field], Field] = lambda field: field
    ) -> None:
        self._capture, self._lift, self._scale, self._whole = capture, lift, scale, whole

    def on(self, lift: Field) -> Shading:
        """Return the same light on another relief."""
        return Shading(self._capture, lift, self._scale)

    @cached_property
    def normal(self) -> Normal:
        return normals(self._lift, self._scale)

    @cached_property
    def facing(self) -> Field:
        return self._whole(self.normal[2])

    @cached_property
    def rim(self) -> Field:
        """0 where the surface turns away from the camera, 1 elsewhere."""
        return np.clip(np.float32(2.2) * self.normal[2], 0, 1)

    @cached_property
    def diffuse(self) -> Field:
        ambient, (_, ny, nz) = self._capture.ambient, self.normal
        wrapped = np.clip(_along(self.normal, direction(self._capture)) + np.float32(0.18), 0, None) * self.rim
        sky = (np.float32(0.8 * ambient) - np.float32(0.2 * ambient) * ny) * (np.float32(0.35) + np.float32(0.65) * nz)
        return self._whole(sky + np.float32(1.15 * (1 - ambient) / 1.18) * wrapped)

    @cached_property
    def gleam(self) -> Field:
        half = direction(self._capture) + np.array([0, 0, 1], np.float32)
        gleam = np.clip(_along(self.normal, half / np.sqrt((half * half).sum())), 0, 1) * self.rim
        for _ in range(4):
            gleam = gleam * gleam
        return self._whole(gleam * np.float32(1 - 0.5 * self._capture.ambient))


def _along(normal: Normal, axis: np.ndarray) -> Field:
    return normal[0] * axis[0] + normal[1] * axis[1] + normal[2] * axis[2]


def glint(facing: Field) -> Field:
    """The highlight of a lamp next to the camera, facing^24."""
    cube = facing * facing * facing
    for _ in range(3):
        cube = cube * cube
    return cube
