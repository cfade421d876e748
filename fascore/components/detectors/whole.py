"""The whole frame as the face."""

from __future__ import annotations

import numpy as np

from fascore.contract.kinds.detector import DetectorModule, Face
from fascore.contract.record import Annotation


class WholeDetector(DetectorModule):
    """A box around the frame; never None."""

    def detect(self, image: np.ndarray, index: int, annotation: Annotation | None) -> Face | None:
        height, width = image.shape[:2]
        return Face(np.array([0, 0, width, height], dtype=np.float32), 1.0)
