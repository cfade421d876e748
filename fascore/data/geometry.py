"""Geometry of face crops. The face frame is the square around a face, [-1, 1] on both axes, y down.

Pixel coordinates are continuous: the first pixel covers [0, 1], so another resolution only scales the coordinates.
A crop matrix (2, 3) float32 maps face frame to pixels.
"""

from __future__ import annotations

import numpy as np

from fascore.contract.errors import NoResponse
from fascore.contract.record import POINTS, Record, Source

FIVE = (
    np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]) / 56
    - 1
)
"""Positions of eyes, nose, and mouth corners in an upright face (the 112 x 112 ArcFace template), in [-1, 1]."""

FLIPS: dict[str, tuple[int, ...]] = {
    "five": (1, 0, 2, 4, 3),
    "68": (
        *range(16, -1, -1),
        *range(26, 16, -1),
        *range(27, 31),
        *range(35, 30, -1),
        45,
        44,
        43,
        42,
        47,
        46,
        39,
        38,
        37,
        36,
        41,
        40,
        *range(54, 47, -1),
        *range(59, 54, -1),
        *range(64, 59, -1),
        67,
        66,
        65,
    ),
}
"""For each layout, the index of the point that takes each position in a mirror image."""
FLIPS["mesh140"] = (*FLIPS["68"], *range(68, 76), *range(108, 140), *range(76, 108))
"""After the 68: 8 points on the midline, 32 on the left of the image, and their 32 mirror images."""


def channel(record: Record, name: str) -> Source:
    """A raw channel of a record. Raises NoResponse if the record lacks it."""
    if name not in record.channels:
        raise NoResponse(
            "refused", f"the record has no channel '{name}'; it has {', '.join(record.channels) or 'none'}"
        )
    return record.channels[name]


def five_of(points: np.ndarray) -> np.ndarray:
    """(…, 5, 68 or 140, 2) -> (…, 5, 2): eye centers, nose tip, and mouth corners, from left to right in the image."""
    if points.shape[-2] == POINTS["five"]:
        return points
    eyes = [points[..., 36:42, :].mean(-2), points[..., 42:48, :].mean(-2)]
    return np.stack([*eyes, points[..., 30, :], points[..., 48, :], points[..., 54, :]], axis=-2)


def square_crop(box: np.ndarray, margin: float) -> np.ndarray:
    """Crop matrix of the square centered on a box; `margin`, a share of its longer side, is added on each side."""
    x1, y1, x2, y2 = box
    half = max(x2 - x1, y2 - y1) * (0.5 + margin)
    return np.array([[half, 0, (x1 + x2) / 2], [0, half, (y1 + y2) / 2]], dtype=np.float32)


def aligned_crop(points: np.ndarray, margin: float) -> np.ndarray:
    """Crop matrix of the similarity that maps the upright template to five points, by least squares."""
    template = FIVE / (1 + 2 * margin) @ (1, 1j)
    target = np.asarray(points, dtype=np.float64) @ (1, 1j)
    centered = template - template.mean()
    turn = (centered.conj() * (target - target.mean())).sum() / (np.abs(centered) ** 2).sum()
    shift = target.mean() - turn * template.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], dtype=np.float32)


def to_pixels(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (…, 2) of the face frame to pixels."""
    mapped: np.ndarray = points @ matrix[:, :2].T + matrix[:, 2]
    return mapped


def to_frame(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (…, 2) in pixels to the face frame."""
    mapped: np.ndarray = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return mapped


def scaled(matrix: np.ndarray, ratio: tuple[float, float]) -> np.ndarray:
    """The crop matrix of the same view at another resolution; `ratio` is that of the widths and of the heights."""
    return matrix * np.array([[ratio[0]], [ratio[1]]], dtype=np.float32)


def cut(image: np.ndarray, matrix: np.ndarray, size: int, reach: float, *, exact: bool = False) -> np.ndarray:
    """(size, size[, 3]) pixels of the face frame out to `reach` (1: the frame itself); 0 outside the image.

    Bilinear, after averaging if a pixel of the crop covers several; `exact` uses the nearest pixel instead, so that the
    depths of two surfaces are never mixed.
    """
    import cv2

    pitch = float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))) * 2 * reach / size
    if pitch >= 2 and not exact:
        height, width = image.shape[:2]
        small = (max(1, round(width / pitch)), max(1, round(height / pitch)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        matrix = scaled(matrix, (small[0] / width, small[1] / height))
    step = 2 * reach / size
    to_face_frame = np.array([[step, 0, step / 2 - reach], [0, step, step / 2 - reach], [0, 0, 1]])
    inverse = matrix.astype(np.float64) @ to_face_frame - np.array([[0, 0, 0.5], [0, 0, 0.5]])
    flags = (cv2.INTER_NEAREST if exact else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    crop: np.ndarray = cv2.warpAffine(
        image, inverse, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    return crop


def nearest(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each wanted time, the index of the nearest of increasing `times`; of two equally near, the earlier."""
    right = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    return np.where(np.abs(times[left] - wanted) <= np.abs(times[right] - wanted), left, right)


def middles(start: float, end: float, parts: int) -> np.ndarray:
    """(parts,) midpoints of equal parts of [start, end]."""
    return start + (np.arange(parts) + 0.5) / parts * (end - start)
