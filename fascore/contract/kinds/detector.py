"""The interface of face detectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from fascore.contract.component import Component

if TYPE_CHECKING:
    import numpy as np

    from fascore.contract.record import Annotation


class Face(NamedTuple):
    """The selected face of one frame: `box` (4,) x1, y1, x2, y2; `points` (N, 2) or None; both float32, in pixels."""

    box: np.ndarray
    confidence: float
    points: np.ndarray | None = None


class DetectorModule(ABC):
    """The implementation that a detector builds."""

    @abstractmethod
    def detect(self, image: np.ndarray, index: int, annotation: Annotation | None) -> Face | None:
        """The most prominent face of frame `index`; None if there is no face. `image` is (H, W, 3) uint8 RGB."""


class Detector(Component):
    """Detects the face in a frame. `examples()` returns detectors that need no file."""

    kind: ClassVar[str] = "detector"
    reads_annotation: ClassVar[bool] = False
    """True if it reads the record's annotation; `detect` then receives an empty image."""
    version: ClassVar[int] = 1
    """Version of the detection code; a new version changes the store keys."""

    def layouts(self) -> Sequence[str]:
        """Layouts of points that it can return (`five`, `68`); empty: boxes only."""
        return ()

    def build(self) -> DetectorModule:
        """Build the detector, once per process. Raises SpecError if its model file is missing."""
        raise NotImplementedError
