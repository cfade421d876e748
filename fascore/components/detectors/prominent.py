"""Helpers for detectors that read images: frames of bounded size, and the choice among several faces."""

from __future__ import annotations

import numpy as np

from fascore.contract.kinds.detector import Face


def reduced(image: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The frame, reduced to at most `side` pixels, and the factor that maps its pixels to those of the original."""
    import cv2

    factor = max(image.shape[:2]) / side
    if factor <= 1:
        return image, 1.0
    size = (max(1, round(image.shape[1] / factor)), max(1, round(image.shape[0] / factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), image.shape[1] / size[0]


def most_prominent(boxes: np.ndarray, confidence: np.ndarray, points: np.ndarray, factor: float) -> Face | None:
    """The face with the largest product of area and confidence, in pixels of the original frame.

    Shapes: (K, 4) x1, y1, x2, y2; (K,); (K, N, 2).
    """
    if not len(boxes):
        return None
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    best = int(np.argmax(area * confidence))
    return Face(
        (boxes[best] * factor).astype(np.float32), float(confidence[best]), (points[best] * factor).astype(np.float32)
    )
