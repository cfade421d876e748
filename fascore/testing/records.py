"""Records drawn by the suite itself: a face-like oval on a wall, as color, depth, and infrared video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from fascore.contract.errors import SpecError
from fascore.contract.kinds import Dataset
from fascore.contract.record import Annotation, AnnotationSource, Frame, Record, Source

SIDE, FRAMES, RATE = 96, 90, 30.0
"""Side in pixels, frames per record, and frames per second."""
SPECIES = ("print.flat", "replay.screen", "forgery.faceswap")
Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Face:
    """The position of a record's oval in each frame, and its appearance."""

    seed: int
    live: bool

    def center(self, frame: int) -> tuple[float, float]:
        """x, y in pixels: the head sways a little."""
        phase = 2 * np.pi * frame / FRAMES + self.seed
        return SIDE / 2 + 4 * float(np.sin(phase)), SIDE / 2 + 2 * float(np.cos(phase))

    def inside(self, frame: int) -> NDArray[np.float64]:
        """(H, W): below 1 inside the oval, increasing outward."""
        x, y = self.center(frame)
        rows, columns = np.mgrid[:SIDE, :SIDE]
        radius: NDArray[np.float64] = ((columns - x) / 22) ** 2 + ((rows - y) / 30) ** 2
        return radius

    def points(self, frame: int) -> NDArray[np.float32]:
        """(5, 2): eyes, nose tip, mouth corners."""
        offsets = np.array([[-9, -8], [9, -8], [0, 2], [-7, 13], [7, 13]], np.float32)
        return offsets + np.array(self.center(frame), np.float32)

    def box(self, frame: int) -> NDArray[np.float32]:
        """(4,): x1, y1, x2, y2."""
        x, y = self.center(frame)
        return np.array([x - 22, y - 30, x + 22, y + 30], np.float32)


def _rgb(face: Face, frame: int) -> Pixels:
    noise = np.random.default_rng((face.seed, frame)).integers(0, 12, (SIDE, SIDE, 3))
    pulse = 3 * np.sin(2 * np.pi * 1.2 * frame / RATE) if face.live else 0.0
    skin, wall = np.array([190, 140 + pulse, 115]), np.array([70, 90, 110])
    image = np.where((face.inside(frame) < 1)[..., None], skin, wall) + noise
    for x, y in face.points(frame).round().astype(int):
        image[y - 2 : y + 3, x - 3 : x + 4] = 40
    return np.clip(image, 0, 255).astype(np.uint8)


def _depth(face: Face, frame: int) -> Pixels:
    bulge = np.sqrt(np.clip(1 - face.inside(frame), 0, 1)) * (90 if face.live else 0)
    return np.where(face.inside(frame) < 1, 600 - bulge, 1200).astype(np.uint16)


def _infrared(face: Face, frame: int) -> Pixels:
    shade = 60 + (120 if face.live else 40) * np.clip(1.3 - face.inside(frame), 0, 1)
    return np.clip(shade, 0, 255).astype(np.uint8)


_PAINT: dict[str, Callable[[Face, int], Pixels]] = {"rgb": _rgb, "depth": _depth, "infrared": _infrared}


@dataclass(frozen=True)
class Drawn(Source):
    """A channel of a face, drawn frame by frame when it is read. Depth is uint16, in millimeters."""

    face: Face
    channel: str

    def digest(self) -> str:
        """Digest of the face and the channel."""
        return hashlib.sha256(repr((self.face, self.channel)).encode()).hexdigest()

    def times(self) -> NDArray[np.float64]:
        """30 frames per second."""
        return np.arange(FRAMES) / RATE

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        """One frame at a time."""
        for frame in range(FRAMES) if indices is None else indices:
            yield Frame(frame / RATE, _PAINT[self.channel](self.face, frame))


@dataclass(frozen=True)
class Located(AnnotationSource):
    """The exact box and five points of a drawn face."""

    face: Face

    def digest(self) -> str:
        """Digest of the face."""
        return hashlib.sha256(repr(self.face).encode()).hexdigest()

    def load(self) -> Annotation:
        """One row per frame."""
        boxes, points = (
            np.stack([draw(frame) for frame in range(FRAMES)]) for draw in (self.face.box, self.face.points)
        )
        return Annotation(boxes, points, "five")


def toy_records(count: int = 12, *, name: str = "toy", first: int = 0) -> list[Record]:
    """Records of drawn faces with alternating labels, species, and tasks, two records per subject, and metadata `site`
    and `take`.
    """
    return [_record(number, name) for number in range(first, first + count)]


def _record(number: int, name: str) -> Record:
    live = number % 2 == 1
    species = None if live else SPECIES[number // 2 % len(SPECIES)]
    face, subject = Face(number, live), f"s{number // 2:03d}"
    return Record(
        id=f"{name}/{number:04d}",
        label=int(live),
        channels={channel: Drawn(face, channel) for channel in _PAINT},
        dataset=name,
        task="forgery" if species == "forgery.faceswap" else "spoof",
        species=species,
        subject=subject,
        presenter=subject,
        annotation=Located(face),
        metadata={"site": "AB"[number // 4 % 2], "take": number % 4},
    )


class ToyFaces(Dataset):
    """Drawn faces in three splits without common subjects. For tests only, so it has no entry point."""

    type: Literal["toy_faces"] = "toy_faces"
    count: PositiveInt = Field(12, description="number of records per split")

    def splits(self) -> tuple[str, ...]:
        """`train`, `dev`, `test`."""
        return ("train", "dev", "test")

    def records(self, split: str) -> list[Record]:
        """`count` records. Raises SpecError for an unknown split."""
        if split not in self.splits():
            raise SpecError(f"toy_faces has no split '{split}'; available: train, dev, test")
        return toy_records(self.count, name=self.type, first=1000 * self.splits().index(split))


__all__ = ["Face", "ToyFaces", "toy_records"]
