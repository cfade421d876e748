"""Channels of a record, which are rendered when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fas_phantom.codec import recorded
from fas_phantom.landmarks import COUNTS, Layout, boxes, detected, exact
from fas_phantom.motion import frame_times
from fas_phantom.parameters import ClipParameters
from fas_phantom.render import scene
from fascore import Annotation, AnnotationSource, Frame, Source

Channel = Literal["rgb", "depth", "infrared", "thermal"]
CHANNELS: tuple[Channel, ...] = ("rgb", "depth", "infrared", "thermal")
NEAR = (0.125, 0.185)
"""Extent, in meters from the pivot across and down, of head, hair, and a phone with its hand."""


@dataclass(frozen=True)
class Rendered(Source):
    """One channel of a clip.

    `rgb` is (H, W, 3) uint8; `depth` (H, W) uint16 millimeters with 0 for unknown; `infrared` (H, W) uint8; `thermal`
    (H, W) uint16 hundredths of a kelvin. Frames are rendered on `device`; the codec runs on the CPU.
    """

    clip: ClipParameters
    channel: Channel
    device: str = "cpu"

    def digest(self) -> str:
        return self.clip.digest(self.channel if self.device == "cpu" else f"{self.channel} on {self.device}")

    def times(self) -> np.ndarray:
        return frame_times(self.clip)

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        times, render = self.times(), getattr(scene(self.clip, self.device), self.channel)
        wanted = [int(index) for index in (range(self.clip.frames) if indices is None else indices)]
        pictures = recorded(self.clip, render, wanted) if self.channel == "rgb" else map(render, wanted)
        for index, picture in zip(wanted, pictures):
            yield Frame(float(times[index]), picture)


def exact_points(clip: ClipParameters) -> np.ndarray:
    """(F, 140, 2) float64 pixels of the landmarks in the layout `mesh140`."""
    shown = scene(clip)
    poses = [shown.pose(index) for index in range(clip.frames)]
    acted = [shown.attack.acted(pose, index) for index, pose in enumerate(poses)]
    return np.stack([shown.attack.placed(exact(clip.subject, pose), pose) for pose in acted])


def area(clip: ClipParameters) -> np.ndarray:
    """(F, 4) float64 boxes in pixels, within the frame, that contain head and sheet, whether there is a sheet or not.

    Head and phone lie within `NEAR` of the pivot; the margin is for a tilted sheet.
    """
    sheet, size = clip.capture.sheet, clip.size
    low = 1.06 * np.minimum([sheet.shift_x - sheet.half_width, sheet.shift_y - sheet.half_height], [-NEAR[0], -NEAR[1]])
    high = 1.06 * np.maximum([sheet.shift_x + sheet.half_width, sheet.shift_y + sheet.half_height], NEAR)
    corners = np.array([(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])])
    boxes = []
    for index in range(clip.frames):
        pose = scene(clip).pose(index)
        c, s = np.cos(np.deg2rad(pose.roll)), np.sin(np.deg2rad(pose.roll))
        placed = [pose.x, pose.y] + pose.scale * corners @ np.array([[c, s], [-s, c]])
        boxes.append(np.concatenate([placed.min(0), placed.max(0)]))
    return np.clip(np.stack(boxes), 0, size)


@dataclass(frozen=True)
class Detected(AnnotationSource):
    """Boxes and landmarks (layout `68` or `mesh140`) as from a good detector, with an error of 1 % of the face size."""

    clip: ClipParameters
    layout: Layout = "68"

    def digest(self) -> str:
        return self.clip.digest(f"annotation {self.layout}")

    def load(self) -> Annotation:
        points = detected(exact_points(self.clip), (self.clip.seed, self.clip.id))
        known = points[:, : COUNTS[self.layout]]
        return Annotation(
            boxes(points).astype(np.float32), known.astype(np.float32), self.layout, area(self.clip).astype(np.float32)
        )
