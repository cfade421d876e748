"""YuNet through OpenCV's FaceDetectorYN."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fascore.components.detectors.prominent import most_prominent, reduced
from fascore.contract.errors import SpecError
from fascore.contract.kinds.detector import DetectorModule, Face
from fascore.contract.record import Annotation

LOWEST = 0.3
"""Confidence below which detections are noise; above it, `faces.keep` decides."""


class YunetDetector(DetectorModule):
    """Boxes and five points. OpenCV returns rows of x, y, w, h, five points, confidence."""

    def __init__(self, model: Path, side: int) -> None:
        import cv2

        if not model.is_file():
            raise SpecError(
                f"yunet: there is no file {model}; download face_detection_yunet_2023mar.onnx from the OpenCV Zoo and name it in 'model'"
            )
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # OpenCV 5 warns about its own default target
        try:
            self.network = cv2.FaceDetectorYN.create(str(model), "", (side, side), LOWEST)
        except cv2.error as error:
            raise SpecError(
                f"yunet: {model} is not a YuNet model that OpenCV {cv2.__version__} can read: {error.err}"
            ) from error
        finally:
            cv2.utils.logging.setLogLevel(level)
        self.side = side

    def detect(self, image: np.ndarray, index: int, annotation: Annotation | None) -> Face | None:
        small, factor = reduced(image, self.side)
        self.network.setInputSize((small.shape[1], small.shape[0]))
        rows = self.network.detect(np.ascontiguousarray(small[..., ::-1]))[1]
        if rows is None:
            return None
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        return most_prominent(boxes, rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2), factor)
