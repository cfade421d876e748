"""Drawn records for the data path's tests: five coloured dots on a grey wall that sway, seen by three cameras.

rgb is 160 x 120 at uneven times, depth 80 x 60 with as many frames, infrared 320 x 240 at a third of the rate. A dot is
bright in rgb and infrared and near in depth, so that each modality shows where the landmarks are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from fascore import Annotation, AnnotationSource, Dataset, Frame, Head, NoResponse, Record, RunSpec, Source, validate
from fascore.spec.plan import Plan, check

WIDTH, HEIGHT, FRAMES = 160, 120, 15
TIMES = np.cumsum([0.0] + [0.03, 0.05, 0.04] * 5)[:FRAMES]
OFFSETS = np.array([[-12, -8], [12, -8], [0, 3], [-9, 14], [9, 14]], dtype=np.float32)
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))
RESOLUTION = {"rgb": 1.0, "depth": 0.5, "infrared": 2.0}


def dots(seed: int, time: float) -> np.ndarray:
    """(5, 2) pixels of rgb."""
    centre = np.array([80 + 10 * np.sin(2 * time + seed), 60 + 5 * np.cos(3 * time)], dtype=np.float32)
    return OFFSETS + centre


@dataclass(frozen=True)
class Camera(Source):
    seed: int
    channel: str
    frames: int = FRAMES
    fails_at: int | None = None
    crashes: bool = False

    def digest(self) -> str:
        return repr(self)

    def times(self) -> np.ndarray:
        return TIMES[: self.frames : 3] if self.channel == "infrared" else TIMES[: self.frames]

    def read(self, indices: Sequence[int] | None = None):
        for index in range(len(self.times())) if indices is None else indices:
            if index == self.fails_at:
                raise NoResponse("unreadable", "the tape ends here")
            if self.crashes:
                raise ZeroDivisionError("the camera divides by zero")
            yield Frame(float(self.times()[index]), self.draw(float(self.times()[index])))

    def draw(self, time: float) -> np.ndarray:
        scale = RESOLUTION[self.channel]
        height, width = round(HEIGHT * scale), round(WIDTH * scale)
        y, x = (np.mgrid[:height, :width] + 0.5) / scale
        near = [(x - px) ** 2 + (y - py) ** 2 <= 3.0**2 for px, py in dots(self.seed, time)]
        if self.channel == "depth":
            image = np.full((height, width), 700, dtype=np.uint16)
            for dot in near:
                image[dot] = 640
            image[:, :4] = 0
            return image
        if self.channel == "infrared":
            return np.where(np.any(near, axis=0), 220, 40).astype(np.uint8)
        image = np.full((height, width, 3), 90, dtype=np.uint8)
        for dot, colour in zip(near, COLOURS):
            image[dot] = colour
        return image


@dataclass(frozen=True)
class Known(AnnotationSource):
    seed: int
    faces: bool = True

    def digest(self) -> str:
        return repr(self)

    def load(self) -> Annotation:
        points = np.stack([dots(self.seed, time) for time in TIMES])
        boxes = np.concatenate([points.mean(1) - 20, points.mean(1) + 20], axis=1).astype(np.float32)
        return Annotation(boxes if self.faces else np.full_like(boxes, np.nan), points if self.faces else None)


def record(
    seed: int, *, channels: Sequence[str] = ("rgb", "depth", "infrared"), faces: bool = True, **camera: Any
) -> Record:
    label = seed % 2
    return Record(
        f"r{seed}",
        label,
        {name: Camera(seed, name, **camera) for name in channels},
        "scenes",
        "spoof",
        None if label else "print.flat",
        f"s{seed // 2}",
        None,
        Known(seed, faces),
        {"session": seed % 3},
    )


class Scenes(Dataset):
    """Records r0 … r(count - 1)."""

    type: str = "scenes"
    count: int = Field(6, description="how many")

    def splits(self):
        return ("all",)

    def records(self, split: str):
        return [record(seed) for seed in range(self.count)]


class Reads(Head):
    """Takes whatever it is given."""

    type: str = "reads"

    def check(self, signals, target):
        pass


FACES = {"type": "faces", "detector": "boxes"}


def plan(modalities: dict[str, Any], reads: Sequence[str], **spec: Any) -> Plan:
    """The checked plan of a data graph whose tensors `reads` a head takes."""
    document = {
        "name": "scenes",
        "seed": 3,
        "data": {"train": [{"dataset": Scenes(), "split": "all"}]},
        "modalities": modalities,
        "model": {"heads": {"main": Reads(inputs=tuple(reads))}},
        "metrics": [],
        **spec,
    }
    return check(validate(RunSpec, document))
