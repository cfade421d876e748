"""Shared by the modalities whose channel follows the crop of a face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fascore.contract.errors import FascoreError, NoResponse
from fascore.contract.kinds.modality import Arrays
from fascore.contract.record import Record
from fascore.data.geometry import channel, cut, nearest, scaled
from fascore.data.media import as_gray


class Cut(NamedTuple):
    """One crop: its `place` among the face crops, `value` and `measured` (S, S), and the face `box` in pixels."""

    place: tuple[int, ...]
    value: np.ndarray
    measured: np.ndarray
    box: tuple[slice, slice]


class CropFollower:
    """Crops a channel like the face, at its own size, with the same relative reserve."""

    def __init__(self, channel_name: str, face_size: int, size: int | None) -> None:
        self.channel, self.face_size, self.size = channel_name, face_size, size or face_size

    def stored_size(self, face_stored: int) -> int:
        """Side of the stored crop in pixels."""
        return self.size + 2 * round(self.size * (face_stored - self.face_size) / (2 * self.face_size))

    def cuts(self, record: Record, face: Arrays, invalid: int | None, *, exact: bool) -> Iterator[Cut]:
        """Every crop once; each frame of the channel is decoded once. `invalid` marks pixels without a measurement."""
        if missing := [name for name in ("crop", "times", "box", "frame_size") if name not in face]:
            raise FascoreError(
                f"its input stores no '{missing[0]}' because it is not a crop of a face; name a face_frames modality"
            )
        source = channel(record, self.channel)
        rows = nearest(source.times(), face["times"])
        size = self.stored_size(face["value"].shape[-1])
        for index, frame in zip(np.unique(rows).tolist(), source.read(np.unique(rows).tolist()), strict=True):
            image = as_gray(frame.image) if not exact else _single(frame.image, self.channel)
            measured = np.ones(image.shape, np.uint8) if invalid is None else (image != invalid).astype(np.uint8)
            for place in map(tuple, np.argwhere(rows == index).tolist()):
                height, width = face["frame_size"][place[0]]
                matrix = scaled(face["crop"][place], (image.shape[1] / width, image.shape[0] / height))
                value = cut(image, matrix, size, size / self.size, exact=exact)
                yield Cut(
                    place,
                    value,
                    cut(measured, matrix, size, size / self.size, exact=True),
                    self._box(face["box"][place], size),
                )

    def _box(self, box: np.ndarray, size: int) -> tuple[slice, slice]:
        """The face box in pixels of the stored crop, at least one pixel wide and high."""
        x1, y1, x2, y2 = np.clip((box * self.size + size) / 2, 0, size)
        return _span(y1, y2, size), _span(x1, x2, size)


def _span(start: float, end: float, size: int) -> slice:
    first = min(int(start), size - 1)
    return slice(first, max(first + 1, round(end)))


def _single(image: np.ndarray, name: str) -> np.ndarray:
    if image.ndim == 3:
        if (image[..., 0] == image[..., 1]).all() and (image[..., 1] == image[..., 2]).all():
            return np.ascontiguousarray(image[..., 0])
        raise NoResponse(
            "refused", f"channel '{name}' is a color image, not depth; write depth as one channel of 8 or 16 bits"
        )
    return image
