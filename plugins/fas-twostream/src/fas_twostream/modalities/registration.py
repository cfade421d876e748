"""Registration of frames to the first frame by points that do not move within the face (eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fascore import NoResponse

EYE_CORNERS, NOSE = (36, 39, 42, 45), tuple(range(27, 36))
ANCHORS: dict[int, tuple[int, ...]] = {5: (0, 1, 2), 68: (*EYE_CORNERS, *NOSE), 140: (*EYE_CORNERS, *NOSE)}
"""Anchor points by the number of landmarks: eyes, nose tip (5); eye corners, nose bridge, nostrils (iBUG 68, 140)."""
FLAT = 0.05
"""Smallest ratio of the second to the first singular value of points that span a plane; below it they lie on a line."""
GRID = 12


def anchors_of(points: int, chosen: Sequence[int] | None) -> tuple[int, ...]:
    """Indices of the anchor points. Raises NoResponse if the detector does not return such points."""
    if chosen is None:
        if points not in ANCHORS:
            raise NoResponse(
                "refused", f"the detector returns {points} points; list the ones that do not move in 'anchors'"
            )
        return ANCHORS[points]
    if max(chosen) >= points:
        raise NoResponse("refused", f"'anchors' names point {max(chosen)}, but the detector returns {points} points")
    return tuple(chosen)


def steady_tracks(points: np.ndarray, times: np.ndarray, seconds: float) -> np.ndarray:
    """Points (F, N, 2) with tracks smoothed by parabolas in windows of `seconds` (Savitzky and Golay 1964).

    Tracks of fewer than 5 frames are unchanged.
    """
    from scipy.signal import savgol_filter

    if len(points) < 5 or not seconds:
        return points
    frames = round(seconds / float(np.median(np.diff(times)))) // 2 * 2 + 1
    window = min(frames, len(points) - 1 + len(points) % 2)
    fitted: np.ndarray = points if window < 5 else savgol_filter(points.astype(np.float64), window, 2, axis=0)
    return fitted


def homography(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) float64 W of eq. 1 that maps source points (A, 2) to target points by least squares without RANSAC.

    It is a similarity if there are fewer than four points, if they lie on a line in either picture, or if the
    homography would mirror or fold the face.
    """
    import cv2

    if len(source) >= 4 and _spans(source) and _spans(target):
        matrix, _ = cv2.findHomography(source.astype(np.float64), target.astype(np.float64), 0)
        if matrix is not None and _keeps_sides(matrix, source):
            return np.asarray(matrix, dtype=np.float64)
    return similarity(source, target)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) rotation, scale and translation that map source points to target points by least squares."""
    a, b = source.astype(np.float64) @ (1, 1j), target.astype(np.float64) @ (1, 1j)
    centered = a - a.mean()
    spread = float((np.abs(centered) ** 2).sum())
    rotation = (centered.conj() * (b - b.mean())).sum() / spread if spread > 0 else 1.0 + 0j
    shift = b.mean() - rotation * a.mean()
    return np.array(
        [[rotation.real, -rotation.imag, shift.real], [rotation.imag, rotation.real, shift.imag], [0, 0, 1]]
    )


def mapped(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) mapped by a homography (3, 3)."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    projected: np.ndarray = homogeneous[:, :2] / homogeneous[:, 2:]
    return projected


def warped(image: np.ndarray, matrix: np.ndarray, size: int, half: float) -> np.ndarray:
    """(size, size[, 3]) crop of the square [-1, 1] x [-1, 1], which `matrix` (3, 3) maps to pixels of a picture.

    Half a side of the square covers about `half` pixels. The mapping is backward (eq. 1) and bilinear, after averaging
    if a pixel of the crop covers several pixels. It is 0 outside the picture. Pixel coordinates are continuous: the
    first pixel covers [0, 1].
    """
    import cv2

    pitch = 2 * half / size
    if pitch >= 2:
        height, width = image.shape[:2]
        reduced = (max(1, round(width / pitch)), max(1, round(height / pitch)))
        image = cv2.resize(image, reduced, interpolation=cv2.INTER_AREA)
        matrix = np.diag([reduced[0] / width, reduced[1] / height, 1.0]) @ matrix
    to_square = np.array([[2 / size, 0, 1 / size - 1], [0, 2 / size, 1 / size - 1], [0, 0, 1]])
    to_centers = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    backward = to_centers @ matrix @ to_square
    crop: np.ndarray = cv2.warpPerspective(image, backward, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return crop


def shown(matrix: np.ndarray, height: int, width: int) -> float:
    """The share, in [0, 1], of the square [-1, 1] x [-1, 1] that `matrix` (3, 3) maps into a picture."""
    axis = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    x, y = mapped(matrix, np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)).T
    return float(((x >= 0) & (x <= width) & (y >= 0) & (y <= height)).mean())


def _spans(points: np.ndarray) -> bool:
    spread = np.linalg.svd(points - points.mean(0), compute_uv=False)
    return bool(spread[1] > FLAT * spread[0])


def _keeps_sides(matrix: np.ndarray, points: np.ndarray) -> bool:
    """Whether the area around the points, four times their extent, stays in front of the camera and unmirrored."""
    middle, reach = points.mean(0), np.ptp(points, axis=0).max() * 2
    corners = middle + reach * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    depth = np.column_stack([corners, np.ones(4)]) @ matrix[2] / matrix[2, 2]
    return bool((depth > 0).all() and np.linalg.det(matrix) * matrix[2, 2] > 0)
