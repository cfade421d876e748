"""Crops of the face: views of a record, or clips of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from einops import rearrange

from fascore.contract.errors import NoResponse
from fascore.contract.kinds.modality import Arrays, Loaded, ModalityModule
from fascore.contract.record import POINTS, Record
from fascore.data.geometry import aligned_crop, channel, cut, five_of, middles, nearest, square_crop, to_frame
from fascore.data.media import as_rgb

if TYPE_CHECKING:
    from torch import Tensor

    from fascore.contract.kinds.protocols import Draws


class FaceFramesModule(ModalityModule):
    """Stores, per view (V, …) or per view and frame (V, T, …):

    `value` uint8 (…, 3, S, S), where S is the size including the reserve; `crop` (…, 2, 3) from face frame to pixels;
    `box` (…, 4) and `points` (…, N, 2) in the face frame; `times` (…); `frame_size` (V, 2), height and width of the
    channel's frames.
    """

    def __init__(
        self,
        *,
        channel: str,
        size: int,
        reserved: int,
        views: int,
        frames: int | None,
        fps: float | None,
        margin: float,
        align: Literal["none", "similarity"],
        landmarks: Literal["five", "68", "mesh140"] | None,
    ) -> None:
        self.channel, self.size, self.views, self.frames, self.fps = channel, size, views, frames, fps
        self.margin, self.align, self.landmarks = margin, align, landmarks
        self.stored_size = size + 2 * reserved
        self.reach = self.stored_size / size

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        faces = inputs[0]
        rows = self._rows(faces)
        times = wanted_times(faces["times"][rows], self.views, self.frames, self.fps)
        chosen = rows[nearest(faces["times"][rows], times)]
        matrices = {row: self._matrix(faces, row) for row in np.unique(chosen)}
        crops, frame_size = self._crops(record, faces, matrices)
        arrays = {
            "value": _table(chosen, crops),
            "crop": _table(chosen, matrices),
            "box": _table(chosen, {row: _box(matrix, faces["boxes"][row]) for row, matrix in matrices.items()}),
            "times": faces["times"][chosen],
            "frame_size": np.tile(np.asarray(frame_size, dtype=np.int32), (len(chosen), 1)),
        }
        if self.landmarks is not None:
            points = self._landmarks(faces["points"])
            arrays["points"] = _table(
                chosen, {row: to_frame(matrix, points[row]).astype(np.float32) for row, matrix in matrices.items()}
            )
        return arrays

    def _rows(self, faces: Arrays) -> np.ndarray:
        """Rows of the usable faces. Raises NoResponse if points are needed but missing."""
        detected = np.isfinite(faces["boxes"]).all(axis=1)
        if self.align == "none" and self.landmarks is None:
            return np.flatnonzero(detected)
        if "points" not in faces:
            raise NoResponse(
                "refused", "the detector returns no points; choose one that does, or leave out 'align' and 'landmarks'"
            )
        rows = np.flatnonzero(detected & np.isfinite(faces["points"]).all(axis=(1, 2)))
        if not len(rows):
            raise NoResponse("no_face", "no frame has both a face and its points")
        return rows

    def _landmarks(self, points: np.ndarray) -> np.ndarray:
        layout = self.landmarks or "five"
        if layout == "five":
            return five_of(points)
        if (points.shape[1], layout) == (POINTS["mesh140"], "68"):
            return points[:, : POINTS["68"]]
        if points.shape[1] != POINTS[layout]:
            raise NoResponse(
                "refused",
                f"the detector returns {points.shape[1]} points, not the {POINTS[layout]} of layout '{layout}'",
            )
        return points

    def _matrix(self, faces: Arrays, row: int) -> np.ndarray:
        if self.align == "similarity":
            return aligned_crop(five_of(faces["points"][row]), self.margin)
        return square_crop(faces["boxes"][row], self.margin)

    def _crops(
        self, record: Record, faces: Arrays, matrices: Mapping[int, np.ndarray]
    ) -> tuple[dict[int, np.ndarray], tuple[int, int]]:
        rows = sorted(matrices)
        frames = channel(record, self.channel).read([int(faces["frames"][row]) for row in rows])
        crops, size = {}, (0, 0)
        for row, frame in zip(rows, frames, strict=True):
            size = frame.image.shape[:2]
            crop = cut(as_rgb(frame.image), matrices[row], self.stored_size, self.reach)
            crops[row] = rearrange(crop, "h w c -> c h w")
        return crops, size

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        from fascore.data.augmentation import composed, moved, recoloured, sample

        image = sample(stored["value"].float() / 255, draws, self.size, self.reach)
        outputs = {"": recoloured(image, draws), "crop": composed(stored["crop"], draws)}
        if self.frames is None:
            outputs["crop"] = outputs["crop"][:, None]
        if self.landmarks is not None:
            points = moved(stored["points"], draws, self.landmarks)
            outputs["points"] = points if self.frames is None else rearrange(points, "n t k d -> n (t k) d")
        return outputs


def wanted_times(times: np.ndarray, views: int, frames: int | None, fps: float | None) -> np.ndarray:
    """(V,) or (V, T) seconds: for each of V equal parts, the middle, T equal steps, or T frames at `fps`."""
    edges = np.linspace(times[0], times[-1], views + 1)
    if frames is None:
        return (edges[:-1] + edges[1:]) / 2
    if fps is None:
        return np.stack([middles(start, end, frames) for start, end in pairwise(edges)])
    return (edges[:-1] + edges[1:])[:, None] / 2 + (np.arange(frames) - (frames - 1) / 2) / fps


def _table(chosen: np.ndarray, by_row: Mapping[int, np.ndarray]) -> np.ndarray:
    """Values of the chosen rows, as an array (*chosen.shape, …)."""
    flat = np.stack([by_row[row] for row in chosen.ravel().tolist()])
    return flat.reshape(*chosen.shape, *flat.shape[1:])


def _box(matrix: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The upright box (x1, y1, x2, y2) in the face frame that encloses a box in pixels."""
    corners = to_frame(matrix, box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2))
    return np.concatenate([corners.min(0), corners.max(0)]).astype(np.float32)
