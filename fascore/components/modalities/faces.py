"""The position of the face in each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from fascore.contract.errors import NoResponse
from fascore.contract.kinds.detector import DetectorModule, Face
from fascore.contract.kinds.modality import Arrays, ModalityModule
from fascore.contract.record import Record, Source
from fascore.data.geometry import channel, middles, nearest
from fascore.data.media import as_rgb

NEIGHBORS = 4
"""Number of detections before and after another one whose median locates the tracked face."""
NO_PICTURE = np.empty((0, 0, 3), dtype=np.uint8)


class FacesModule(ModalityModule):
    """Stores one row per examined frame, in pixels and seconds, NaN for frames without a face.

    `boxes` (F, 4), `confidence` (F,), `times` (F,), `frames` (F,), and, if the detector returns them, `points` (F, N,
    2).
    """

    def __init__(
        self,
        detector: DetectorModule,
        *,
        reads_annotation: bool,
        channel: str,
        frames: Literal["all"] | int,
        least_confidence: float,
    ) -> None:
        self.detector, self.reads_annotation = detector, reads_annotation
        self.channel, self.frames, self.least_confidence = channel, frames, least_confidence

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        source = channel(record, self.channel)
        times = source.times()
        frames = self._frames(times)
        faces = [
            face if face and face.confidence >= self.least_confidence else None
            for face in self._detect(record, source, frames)
        ]
        track = steady(faces)
        if not any(track):
            raise NoResponse("no_face", f"no face in any of {len(frames)} frames")
        return {**table(track), "times": times[frames], "frames": frames}

    def _frames(self, times: np.ndarray) -> np.ndarray:
        if self.frames == "all":
            return np.arange(len(times))
        return np.unique(nearest(times, middles(times[0], times[-1], self.frames)))

    def _detect(self, record: Record, source: Source, frames: np.ndarray) -> Iterator[Face | None]:
        if self.reads_annotation:
            annotation = record.annotation.load() if record.annotation else None
            for index in frames.tolist():
                yield self.detector.detect(NO_PICTURE, index, annotation)
            return
        for index, frame in zip(frames.tolist(), source.read(frames.tolist())):
            yield self.detector.detect(as_rgb(frame.image), index, None)


def steady(faces: Sequence[Face | None]) -> list[Face | None]:
    """The track of one face. A detection farther from the median of its neighbors than a face is wide is another face.

    There are as many neighbors before a detection as after it, so that the face may move; the first and last have none.
    """
    rows = [row for row, face in enumerate(faces) if face]
    if not rows:
        return list(faces)
    boxes = np.stack([face.box for face in faces if face])
    centers, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(1)
    kept: list[Face | None] = list(faces)
    for place, row in enumerate(rows):
        reach = min(NEIGHBORS, place, len(rows) - 1 - place)
        near = slice(place - reach, place + reach + 1)
        if np.abs(centers[place] - np.median(centers[near], axis=0)).max() > np.median(sides[near]):
            kept[row] = None
    return kept


def table(faces: Sequence[Face | None]) -> dict[str, np.ndarray]:
    """Boxes, confidence, and, if any face has them, points; NaN and confidence 0 for frames without a face."""
    boxes = np.full((len(faces), 4), np.nan, dtype=np.float32)
    confidence = np.zeros(len(faces), dtype=np.float32)
    count = max((len(face.points) for face in faces if face and face.points is not None), default=0)
    points = np.full((len(faces), count, 2), np.nan, dtype=np.float32)
    for row, face in enumerate(faces):
        if face:
            boxes[row], confidence[row] = face.box, face.confidence
            if face.points is not None and len(face.points) == count:
                points[row] = face.points
    arrays = {"boxes": boxes, "confidence": confidence}
    return {**arrays, "points": points} if count else arrays
