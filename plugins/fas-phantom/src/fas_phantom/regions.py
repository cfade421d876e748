"""Regions of the face as pixels: its hull, and regions between landmarks. Left and right are those of the picture."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull

REGIONS: dict[str, tuple[int, ...]] = {
    "forehead": (17, 18, 19, 20, 21, 72, 22, 23, 24, 25, 26, 116, 113, 110, 109, 108, 68, 76, 77, 78, 81, 84),
    "eye_left": (86, 85, 17, 18, 19, 20, 21, 94, 93, 92, 91),
    "eye_right": (118, 117, 26, 25, 24, 23, 22, 126, 125, 124, 123),
    "nose": (21, 72, 22, 126, 127, 128, 129, 35, 34, 33, 32, 31, 97, 96, 95, 94),
    "cheek_left": (86, 91, 92, 93, 94, 95, 96, 97, 31, 48, 5, 4, 3, 2, 1, 0),
    "cheek_right": (118, 123, 124, 125, 126, 127, 128, 129, 35, 54, 11, 12, 13, 14, 15, 16),
    "mouth": (31, 32, 33, 34, 35, 54, 55, 56, 57, 58, 59, 48),
    "chin": (48, 59, 58, 57, 56, 55, 54, 11, 10, 9, 8, 7, 6, 5),
}
"""Corners of each region, as vertices of `mesh140`; neighbors share only edges.

`forehead` and the cheeks are those of pulse measurement (Niu et al. 2020), whose `mouth and chin` is two regions here.
"""


def hull(points: np.ndarray, size: int) -> np.ndarray:
    """(size, size) bool: pixels whose centers lie in the convex hull of landmarks (N, 2)."""
    return inside(points[ConvexHull(points).vertices], size)


def regions(points: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """(size, size) bool of each region of a face with vertices (140, 2); no pixel is in two regions."""
    return {name: inside(points[list(corners)], size) for name, corners in REGIONS.items()}


def inside(polygon: np.ndarray, size: int) -> np.ndarray:
    """(size, size) bool: pixels whose centers lie in a polygon (K, 2), by the even-odd rule with half-open edges.

    A center on an edge that two polygons share is in exactly one of them.
    """
    centers = np.arange(size) + 0.5
    inside = np.zeros((size, size), bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0)):
        # The end with the smaller y comes first, so both polygons at an edge compute exactly the same crossing.
        (x1, y1), (x2, y2) = ((x1, y1), (x2, y2)) if y1 <= y2 else ((x2, y2), (x1, y1))
        rows = (y1 <= centers) & (centers < y2)
        crossing = x1 + (centers[rows] - y1) * ((x2 - x1) / (y2 - y1)) if rows.any() else np.empty(0)
        inside[rows] ^= centers >= crossing[:, None]
    return inside
