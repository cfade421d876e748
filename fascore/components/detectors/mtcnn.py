"""MTCNN of facenet-pytorch."""

from __future__ import annotations

import numpy as np

from fascore.components.detectors.prominent import most_prominent, reduced
from fascore.contract.errors import SpecError
from fascore.contract.kinds.detector import DetectorModule, Face
from fascore.contract.record import Annotation

SMALLEST = 12
"""Side of the first network's window in pixels; it cannot process a smaller frame."""


class MtcnnDetector(DetectorModule):
    """Boxes and five points, on the CPU, because each preparation process runs its own detector."""

    def __init__(self, side: int, smallest: int) -> None:
        try:
            from facenet_pytorch import MTCNN
        except ImportError as error:
            raise SpecError(f"mtcnn needs facenet-pytorch ({error}): pip install 'fascore[mtcnn]'") from error
        import torch

        torch.set_num_threads(1)
        self.network = MTCNN(keep_all=True, min_face_size=smallest, device="cpu").eval()
        self.side = side

    def detect(self, image: np.ndarray, index: int, annotation: Annotation | None) -> Face | None:
        small, factor = reduced(image, self.side)
        if min(small.shape[:2]) < SMALLEST:
            return None
        boxes, confidence, points = self.network.detect(np.ascontiguousarray(small), landmarks=True)
        if boxes is None:
            return None
        detections = (
            np.asarray(boxes, dtype=np.float32),
            np.asarray(confidence, dtype=np.float32),
            np.asarray(points, dtype=np.float32),
        )
        return most_prominent(*detections, factor)
