"""A Source of frames in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fascore.contract.errors import FascoreError
from fascore.contract.record import Frame, Source
from fascore.data.media import FRAMES_PER_SECOND

SHAPES = "an image is (H, W, 3) and a video is (T, H, W, 3)"


@dataclass(frozen=True, eq=False)
class ArraySource(Source):
    """An image (H, W, 3) or a video (T, H, W, 3), uint8 RGB; the frames of a video are 1 / `fps` seconds apart."""

    frames: np.ndarray
    fps: float = FRAMES_PER_SECOND

    @classmethod
    def of(cls, array: np.ndarray, fps: float = FRAMES_PER_SECOND) -> ArraySource:
        """The Source of an array. Raises FascoreError for another shape or type, and for an array without pixels."""
        if not fps > 0:
            raise FascoreError(f"fps is {fps:g}; frames per second must be a number above 0, such as 25")
        if array.ndim not in (3, 4) or array.shape[-1] != 3:
            raise FascoreError(f"an array has the shape {array.shape}; {SHAPES}, with RGB as the last axis")
        if array.dtype != np.uint8:
            raise FascoreError(
                f"an array contains {array.dtype}, but frames are uint8, 0 to 255; convert values from 0 to 1 with "
                "(frames * 255).round().astype('uint8')"
            )
        if not array.size:
            raise FascoreError(f"an array of the shape {array.shape} has no pixels; {SHAPES}")
        return cls(array if array.ndim == 4 else array[None], fps)

    def digest(self) -> str:
        return self._digest

    @cached_property
    def _digest(self) -> str:
        header = f"{self.frames.shape} {self.fps}".encode()
        return hashlib.sha256(header + np.ascontiguousarray(self.frames).tobytes()).hexdigest()

    def times(self) -> np.ndarray:
        return np.arange(len(self.frames)) / self.fps

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        times = self.times()
        for index in range(len(self.frames)) if indices is None else indices:
            yield Frame(float(times[index]), np.ascontiguousarray(self.frames[index]))
