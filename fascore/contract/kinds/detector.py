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
    """The chosen face of one frame: `box` (4,) x1, y1, x2, y2; `points` (N, 2) or None; both float32 pixels."""

    box: np.ndarray
    confidence: float
    points: np.ndarray | None = None


class DetectorModule(ABC):
    """What a detector builds."""

    @abstractmethod
    def detect(self, image: np.ndarray, index: int, annotation: Annotation | None) -> Face | None:
        """The most prominent face of frame `index`, image (H, W, 3) uint8 RGB; None where there is no face."""


class Detector(Component):
    """Finds the face in a frame. `examples()` gives detectors that need no file."""

    kind: ClassVar[str] = "detector"
    reads_annotation: ClassVar[bool] = False
    """True where it reads what the record knows: its `detect` is then given an empty picture."""
    version: ClassVar[int] = 1
    """Of the detection code; a change makes new store keys."""

    def layouts(self) -> Sequence[str]:
        """Layouts of points that it can give (`five`, `68`); empty: boxes only."""
        return ()

    def build(self) -> DetectorModule:
        """The detector; it is built once a process. Raises SpecError where its model file is missing."""
        raise NotImplementedError
