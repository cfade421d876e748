"""Registered key frames: the frames in which the face changes most (section 3.1)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from einops import rearrange

from fas_twostream.modalities.registration import anchors_of, homography, shown, similarity, steady_tracks, warped
from fascore import Arrays, Loaded, ModalityModule, NoResponse, Record, as_rgb

if TYPE_CHECKING:
    from torch import Tensor

    from fascore import Draws

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Luma weights of ITU-R BT.601."""


class Crop(NamedTuple):
    """A registered frame: `value` (S, S, 3) uint8, `gray` (S, S) float32, `seen` (S, S) bool.

    `seen` is False outside the picture.
    """

    value: np.ndarray
    gray: np.ndarray
    seen: np.ndarray


class KeyFramesModule(ModalityModule):
    """Stores `value` uint8 (V, k + 1, 3, S, S), or (V, 3, S, S) for k of 0, where S is the size including the reserve.

    `times` (V, k + 1) are the times of the key frames in seconds; `repeated` (V, 1) is the share of key frames that are
    repeats.
    """

    def __init__(
        self,
        *,
        channel: str,
        k: int,
        size: int,
        stored_size: int,
        registration: Literal["homography", "similarity", "none"],
        anchors: Sequence[int] | None,
        smooth: float,
        deviation: Literal["mean", "std"],
        margin: float,
        covered: float,
        views: int,
    ) -> None:
        self.channel, self.k, self.views = channel, k, views
        self.size, self.stored_size, self.reach = size, stored_size, stored_size / size
        self.registration, self.anchors, self.smooth = registration, anchors, smooth
        self.deviation, self.margin, self.covered = deviation, margin, covered

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        faces = inputs[0]
        rows = self._rows(faces)
        views = [self._view(record, faces, rows[first :: self.views]) for first in range(self.views)]
        value, times, repeated = (np.stack(arrays) for arrays in zip(*views, strict=True))
        if repeated.any():
            warnings.warn(
                "a record shows its face in fewer frames than there are key frames; some are repeated, see "
                "port 'repeated'",
                stacklevel=2,
            )
        return {"value": value if self.k else value[:, 0], "times": times, "repeated": repeated[:, None]}

    def _rows(self, faces: Arrays) -> np.ndarray:
        """Rows of the faces that have a box and points. Raises NoResponse if there are too few."""
        if "points" not in faces:
            raise NoResponse(
                "refused",
                "the detector returns no points, but registration needs them; choose one that does, such as mtcnn",
            )
        seen = np.asarray(np.isfinite(faces["boxes"]).all(axis=1) & np.isfinite(faces["points"]).all(axis=(1, 2)))
        rows = np.flatnonzero(seen)
        least = (2 if self.k else 1) * self.views
        if not len(rows):
            raise NoResponse("no_face", f"no frame of {len(seen)} has both a face and its points")
        if len(rows) < least:
            raise NoResponse(
                "refused",
                f"{len(rows)} of {len(seen)} frames show the face with its points; measuring change needs {least}",
            )
        return rows

    def _view(self, record: Record, faces: Arrays, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.float32]:
        """Key frames (k + 1, 3, S, S) of `rows`, their times, and the share of repeats."""
        if not self.k:
            rows = rows[:1]
        chosen, crops = self._chosen(len(rows), self._crops(record, faces, rows))
        value = np.stack([rearrange(crop.value, "h w c -> c h w") for crop in crops])
        return value, faces["times"][rows[chosen]], np.float32(1 - len(set(chosen)) / len(chosen))

    def _crops(self, record: Record, faces: Arrays, rows: np.ndarray) -> Iterator[Crop | None]:
        """The frame of each row, registered to the first frame; None if it shows too little of the crop."""
        if self.channel not in record.channels:
            raise NoResponse(
                "refused", f"the record has no channel '{self.channel}'; it has {', '.join(record.channels) or 'none'}"
            )
        points = faces["points"][rows]
        anchors = list(anchors_of(points.shape[1], self.anchors))
        tracks = steady_tracks(points[:, anchors], faces["times"][rows], self.smooth)
        box = crop_box(points[0], faces["boxes"][rows[0]], self.margin)
        first_share = None
        frames = record.channels[self.channel].read([int(index) for index in faces["frames"][rows]])
        for track, frame in zip(tracks, frames, strict=True):
            image = as_rgb(frame.image)
            matrix = self._registration(tracks[0], track) @ box
            share = shown(matrix, *image.shape[:2])
            first_share = share if first_share is None else first_share
            yield self._crop(image, matrix, box[0, 0]) if share >= self.covered * first_share else None

    def _registration(self, first: np.ndarray, current: np.ndarray) -> np.ndarray:
        if self.registration == "none":
            return np.eye(3)
        return homography(first, current) if self.registration == "homography" else similarity(first, current)

    def _crop(self, image: np.ndarray, matrix: np.ndarray, half: float) -> Crop:
        size, outer = self.stored_size, matrix @ np.diag([self.reach, self.reach, 1.0])
        value = warped(image, outer, size, half * self.reach)
        seen = warped(np.ones(image.shape[:2], np.uint8), outer, size, half * self.reach) > 0
        edge = (size - self.size) // 2
        inner = slice(edge, edge + self.size)
        return Crop(value, value[inner, inner].astype(np.float32) @ LUMA, seen[inner, inner])

    def _chosen(self, count: int, crops: Iterator[Crop | None]) -> tuple[list[int], list[Crop]]:
        """Indices of the key frames among `count` frames, and the frames; at most k + 2 frames are in memory."""
        first = next(crops)
        assert first is not None
        chosen, kept = [0], [first]
        for stack in np.array_split(np.arange(count), self.k) if self.k else ():
            onset, largest, best = kept[-1], -1.0, (chosen[-1], kept[-1])
            for index in stack[stack > 0].tolist():
                crop = next(crops)
                if crop is not None and (change := deviation(onset, crop, self.deviation)) > largest:
                    largest, best = change, (index, crop)
            chosen.append(best[0])
            kept.append(best[1])
        return chosen, kept

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        from fascore import recoloured, sample

        image = sample(stored["value"].float() / 255, draws, self.size, self.reach)
        return {"": recoloured(image, draws), "repeated": stored["repeated"].float()}


def crop_box(points: np.ndarray, box: np.ndarray, margin: float) -> np.ndarray:
    """(3, 3) from the square [-1, 1] x [-1, 1] to pixels: around at least 68 points, or else the detector's box."""
    x1, y1, x2, y2 = (*points.min(0), *points.max(0)) if len(points) >= 68 else box
    half = float(max(x2 - x1, y2 - y1)) * (0.5 + margin)
    return np.array([[half, 0, (x1 + x2) / 2], [0, half, (y1 + y2) / 2], [0, 0, 1]], dtype=np.float64)


def deviation(onset: Crop, crop: Crop, measure: str) -> float:
    """How much a frame differs from the onset over pixels that both pictures show, in gray levels of 255."""
    both = onset.seen & crop.seen
    change = (crop.gray - onset.gray)[both]
    if not change.size:
        return 0.0
    return float(np.abs(change).mean() if measure == "mean" else change.std())
