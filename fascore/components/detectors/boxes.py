"""Faces that come with the record."""

from __future__ import annotations

import numpy as np

from fascore.contract.errors import NoResponse
from fascore.contract.kinds.detector import DetectorModule, Face
from fascore.contract.record import Annotation


class BoxesDetector(DetectorModule):
    """Reads the row of a frame; an annotation with a single row applies to all frames.

    If there are points but no boxes, the box is the smallest one around the points. A record without an annotation is
    refused.
    """

    def detect(self, image: np.ndarray, index: int, annotation: Annotation | None) -> Face | None:
        if annotation is None or (annotation.boxes is None and annotation.points is None):
            raise NoResponse(
                "refused", "the record has no boxes; add them to it, or choose a detector such as mtcnn or yunet"
            )
        box, points = _row(annotation.boxes, index), _row(annotation.points, index)
        if box is None and points is not None:
            box = np.concatenate([points.min(0), points.max(0)])
        if box is None or not np.isfinite(box).all():
            return None
        return Face(box, 1.0, points)


def _row(table: np.ndarray | None, index: int) -> np.ndarray | None:
    if table is None:
        return None
    row = 0 if len(table) == 1 else index
    return np.asarray(table[row], dtype=np.float32) if row < len(table) else None
