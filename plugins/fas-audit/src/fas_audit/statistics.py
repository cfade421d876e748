"""Statistics of a single image that reveal how it was made rather than what it shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

CENTRE = (0.25, 0.25, 0.75, 0.75)
"""Replaces the face if no box is known."""
LEAST = 8
"""Side in pixels below which a region has no measurable texture."""
_IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float64)


def statistics(pictures: Mapping[str, np.ndarray], box: np.ndarray | None) -> dict[tuple[str, str, str], float]:
    """By (channel, region, name), of the frame and of the face (`centre` if there is no box), at the pictures' own size.

    `pictures` by channel are (H, W, 3) or (H, W), uint8 or uint16; `box` (4,) is given in shares of the frame.
    """
    values: dict[tuple[str, str, str], float] = {}
    region, inside = ("centre", np.array(CENTRE)) if box is None else ("face", box)
    for channel, picture in pictures.items():
        for name, pixels in (("frame", picture), (region, _cut(picture, inside))):
            if min(pixels.shape[:2]) >= LEAST:
                values |= {(channel, name, what): value for what, value in _of(channel, pixels).items()}
    return values


def _cut(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = np.clip(np.round(box * [width, height, width, height]), 0, [width, height, width, height]).astype(
        int
    )
    return picture[y1:y2, x1:x2]


def _of(channel: str, picture: np.ndarray) -> dict[str, float]:
    """All statistics of a color picture; only the validity of depth and the mean of infrared.

    Relief and temperature are the purpose of a second sensor: if they separate a print from a face, that is not a shortcut.
    """
    values = picture.astype(np.float64)
    if channel == "depth":
        return {"validity": float((values > 0).mean())}
    if channel == "infrared":
        return {"mean": float(values.mean())}
    if channel != "rgb":
        return {}
    numbers = {"mean": float(values.mean()), "deviation": float(values.std())}
    if values.ndim == 3:
        red, green, blue = values.mean((0, 1)) + 1
        numbers |= {"red / green": float(red / green), "blue / green": float(blue / green)}
    return numbers | _texture(values @ np.array([0.299, 0.587, 0.114]) if values.ndim == 3 else values)


def _texture(gray: np.ndarray) -> dict[str, float]:
    laplacian = 4 * gray[1:-1, 1:-1] - gray[:-2, 1:-1] - gray[2:, 1:-1] - gray[1:-1, :-2] - gray[1:-1, 2:]
    return {"Laplacian variance": float(laplacian.var()), "noise": noise(gray), "blockiness": blockiness(gray)}


def noise(gray: np.ndarray) -> float:
    """Deviation of additive noise, blind to edges of first and second order (Immerkær 1996, doi:10.1006/cviu.1996.0060)."""
    total = np.zeros((gray.shape[0] - 2, gray.shape[1] - 2))
    for (row, column), weight in np.ndenumerate(_IMMERKAER):
        total += weight * gray[row : row + total.shape[0], column : column + total.shape[1]]
    return float(np.sqrt(np.pi / 2) * np.abs(total).mean() / 6)


def blockiness(gray: np.ndarray) -> float:
    """How much larger steps are in the strongest of the eight phases of an 8 x 8 grid than in the middle one; 1 without blocks."""
    ratios = []
    for steps in (np.abs(np.diff(gray, axis=1)).mean(0), np.abs(np.diff(gray, axis=0)).mean(1)):
        phases = [steps[phase::8].mean() for phase in range(min(8, len(steps)))]
        ratios.append((max(phases) + 1e-3) / (float(np.median(phases)) + 1e-3))
    return float(np.mean(ratios))
