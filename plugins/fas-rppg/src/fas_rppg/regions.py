"""Six disjoint regions of a face from the landmarks of layout `68` (Niu et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

NAMES = (
    "left cheek, above",
    "left cheek, below",
    "right cheek, above",
    "right cheek, below",
    "mouth and chin",
    "forehead",
)
"""Names of regions 1 to 6; left and right refer to the picture."""
POLYGONS = (
    (0, 1, 2, 31, 41),
    (2, 3, 4, 5, 48, 31),
    (16, 15, 14, 35, 46),
    (14, 13, 12, 11, 54, 35),
    (*range(5, 12), *range(54, 60), 48),
)
"""Landmarks (0-based) around regions 1 to 5. Neighbors share only edges."""
BROWS, EYES = slice(17, 27), (slice(36, 42), slice(42, 48))
FOREHEAD = 0.6
"""Height of the forehead above the brows, relative to the distance between the eyes."""

_HALF = (
    (0, -1.132, 0.009),
    (1, -1.102, 0.351),
    (2, -1.033, 0.677),
    (3, -0.936, 0.987),
    (4, -0.803, 1.267),
    (5, -0.622, 1.499),
    (6, -0.416, 1.670),
    (7, -0.251, 1.755),
    (17, -0.806, -0.408),
    (18, -0.669, -0.423),
    (19, -0.508, -0.417),
    (20, -0.359, -0.389),
    (21, -0.211, -0.347),
    (31, -0.247, 0.703),
    (32, -0.123, 0.742),
    (36, -0.727, -0.009),
    (37, -0.591, -0.084),
    (38, -0.409, -0.069),
    (39, -0.273, 0.028),
    (40, -0.409, 0.075),
    (41, -0.591, 0.060),
    (48, -0.393, 1.073),
    (49, -0.236, 0.998),
    (50, -0.086, 0.971),
    (58, -0.086, 1.201),
    (59, -0.236, 1.170),
    (60, -0.334, 1.073),
    (61, -0.118, 1.073),
    (67, -0.118, 1.073),
)
_MIDDLE = (
    (8, 1.786),
    (27, 0.009),
    (28, 0.218),
    (29, 0.433),
    (30, 0.642),
    (33, 0.757),
    (51, 0.991),
    (57, 1.205),
    (62, 1.073),
    (66, 1.073),
)
_MIRROR = {
    **{i: 16 - i for i in range(8)},
    **{i: 43 - i for i in range(17, 22)},
    31: 35,
    32: 34,
    36: 45,
    37: 44,
    38: 43,
    39: 42,
    40: 47,
    41: 46,
    48: 54,
    49: 53,
    50: 52,
    58: 56,
    59: 55,
    60: 64,
    61: 63,
    67: 65,
}


@lru_cache(maxsize=1)
def canonical() -> np.ndarray:
    """(68, 2) landmarks of an average upright face: origin between the eyes, unit: distance between the eyes, y down."""
    face = np.zeros((68, 2))
    for place, x, y in _HALF:
        face[place], face[_MIRROR[place]] = (x, y), (-x, y)
    for place, y in _MIDDLE:
        face[place] = 0, y
    return face


def five_of(points: np.ndarray) -> np.ndarray:
    """(…, 5, 2) from (…, 68, 2): centers of the eyes, tip of the nose, corners of the mouth."""
    eyes = [points[..., eye, :].mean(-2) for eye in EYES]
    return np.stack([*eyes, points[..., 30, :], points[..., 48, :], points[..., 54, :]], axis=-2)


def landmarks(points: np.ndarray) -> np.ndarray:
    """(F, 68, 2) from (F, N, 2) in pixels: the first 68 of N >= 68, or the canonical face fitted to five points.

    The fit is the least-squares similarity transform. Raises ValueError for any other N.
    """
    if points.shape[1] >= 68:
        return points[:, :68].astype(np.float64)
    if points.shape[1] != 5:
        raise ValueError(f"the regions need 5 or 68 points, but the detector returns {points.shape[1]}")
    face, five = canonical() @ (1, 1j), five_of(canonical()) @ (1, 1j)
    target = points.astype(np.float64) @ (1, 1j)
    center, middle = five.mean(), target.mean(1, keepdims=True)
    turn = ((target - middle) * (five - center).conj()).sum(1, keepdims=True) / (np.abs(five - center) ** 2).sum()
    fitted = turn * (face - center) + middle
    return np.stack([fitted.real, fitted.imag], axis=-1)


def polygons(face: np.ndarray) -> list[np.ndarray]:
    """The six polygons (K, 2) of landmarks (68, 2); the forehead extends from the brows by v = 0.6 |eyes| unit(brows - eyes)."""
    left, right = (face[eye].mean(0) for eye in EYES)
    up = face[BROWS].mean(0) - (left + right) / 2
    v = FOREHEAD * np.hypot(*(right - left)) * up / max(float(np.hypot(*up)), 1e-9)
    return [*(face[list(places)] for places in POLYGONS), np.concatenate([face[BROWS], [face[26] + v, face[17] + v]])]


def labeled(shapes: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """(height, width) uint8: 0 outside, r in region r; if regions overlap, a pixel belongs to the first region that contains it.

    A pixel is inside a polygon if its center is, by the even-odd rule with half-open edges y0 <= y < y1; a pixel whose
    center is on an edge belongs to the polygon to the right. Polygons that share an edge therefore neither share nor
    lose a pixel.
    """
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    edges = np.concatenate([np.stack([shape, np.roll(shape, -1, axis=0)], axis=1) for shape in shapes])
    bits = np.repeat(1 << np.arange(len(shapes)), [len(shape) for shape in shapes]).astype(np.uint8)
    # orient edges downward, so that both polygons at an edge compute the same crossings
    turned = (edges[:, 0, 1] > edges[:, 1, 1])[:, None, None]
    (x0, y0), (x1, y1) = np.where(turned, edges[:, ::-1], edges).transpose(1, 2, 0)
    y = np.arange(height)[:, None] + 0.5
    rows, which = np.nonzero((y0 <= y) & (y < y1))
    x = x0[which] + (rows + 0.5 - y0[which]) * (x1[which] - x0[which]) / (y1[which] - y0[which])
    np.bitwise_xor.at(toggles, (rows, np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)), bits[which])
    inside = np.bitwise_xor.accumulate(toggles[:, :width], axis=1)
    return _first(len(shapes))[inside]


@lru_cache(maxsize=8)
def _first(count: int) -> np.ndarray:
    """The lowest set bit of each byte, counted from 1."""
    return np.array(
        [next((r + 1 for r in range(count) if byte >> r & 1), 0) for byte in range(1 << count)], dtype=np.uint8
    )
