"""The built-in face detectors. Importing this module does not import numpy, OpenCV, or torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt

from fascore.contract.kinds.detector import Detector, DetectorModule


class Boxes(Detector):
    """The boxes of the record, and its points if it has any. No image is decoded."""

    reads_annotation: ClassVar[bool] = True
    type: Literal["boxes"] = "boxes"

    def layouts(self) -> Sequence[str]:
        return ("five", "68", "mesh140")

    def build(self) -> DetectorModule:
        from fascore.components.detectors.boxes import BoxesDetector

        return BoxesDetector()


class Mtcnn(Detector):
    """MTCNN (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342) with five points; needs the extra `fascore[mtcnn]`."""

    type: Literal["mtcnn"] = "mtcnn"
    side: PositiveInt = Field(720, description="larger frames are reduced to this longer side, in pixels")
    smallest: PositiveInt = Field(24, description="side of the smallest face to detect, in pixels of the reduced frame")

    @classmethod
    def examples(cls) -> list[Mtcnn]:
        return []  # it needs an extra that may not be installed

    def layouts(self) -> Sequence[str]:
        return ("five",)

    def build(self) -> DetectorModule:
        from fascore.components.detectors.mtcnn import MtcnnDetector

        return MtcnnDetector(self.side, self.smallest)


class Whole(Detector):
    """The whole frame as the face, with confidence 1: a last resort, for images that are already face crops."""

    type: Literal["whole"] = "whole"

    def build(self) -> DetectorModule:
        from fascore.components.detectors.whole import WholeDetector

        return WholeDetector()


class Yunet(Detector):
    """YuNet (Wu et al. 2023, doi:10.1007/s11633-023-1423-y) through OpenCV, with five points."""

    type: Literal["yunet"] = "yunet"
    model: Path = Field(description="the ONNX file, such as face_detection_yunet_2023mar.onnx of the OpenCV Zoo")
    side: PositiveInt = Field(640, description="larger frames are reduced to this longer side, in pixels")

    @classmethod
    def examples(cls) -> list[Yunet]:
        return []  # it needs a file

    def layouts(self) -> Sequence[str]:
        return ("five",)

    def build(self) -> DetectorModule:
        from fascore.components.detectors.yunet import YunetDetector

        return YunetDetector(self.model, self.side)


__all__ = ["Boxes", "Mtcnn", "Whole", "Yunet"]
