"""Datasets of drawn pictures for the audit's tests: a face that is an ellipse, a background, leaks planted on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from fas_audit.target import Part, rows_of

from fascore import Annotation, AnnotationSource, Frame, NoResponse, Record, Source

SIZE = 64
AREA = np.array([[16, 12, 48, 56]], dtype=np.float32)
BOX = np.array([[20, 16, 44, 50]], dtype=np.float32)


@dataclass(frozen=True)
class Drawn(Source):
    """A still of a face before a wall; `wall` and `skin` add to the brightness of either, `fails` makes it unreadable."""

    seed: int
    wall: float = 0.0
    skin: float = 0.0
    rate: float = 25.0
    frames: int = 3
    fails: bool = False

    def digest(self) -> str:
        return repr(self)

    def times(self) -> np.ndarray:
        return np.arange(self.frames) / self.rate

    def read(self, indices: Sequence[int] | None = None):
        if self.fails:
            raise NoResponse("unreadable", "the tape is torn")
        for index in range(self.frames) if indices is None else indices:
            yield Frame(float(self.times()[index]), self.picture())

    def picture(self) -> np.ndarray:
        random = np.random.default_rng(self.seed)
        y, x = np.mgrid[:SIZE, :SIZE]
        rough = np.kron(random.normal(120, 25, (8, 8, 3)), np.ones((8, 8, 1))) + self.wall
        face = ((x - 32) / 12) ** 2 + ((y - 33) / 17) ** 2 < 1
        features = np.kron(random.normal(150, 25, (16, 16, 3)), np.ones((4, 4, 1))) + self.skin
        picture = np.where(face[..., None], features, rough) + random.normal(0, 4, (SIZE, SIZE, 3))
        return np.clip(picture, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Told(AnnotationSource):
    """The same box and area for every record unless `wider` (pixels) says otherwise."""

    wider: float = 0.0
    area: bool = True

    def digest(self) -> str:
        return repr(self)

    def load(self) -> Annotation:
        grow = np.array([[-self.wider, -self.wider, self.wider, self.wider]], dtype=np.float32)
        return Annotation(BOX, None, area=AREA + grow if self.area else None)


def record(number: int, random: np.random.Generator, people: int) -> Record:
    """One that says nothing: label, subject, metadata and picture are drawn each for itself."""
    label = int(random.integers(2))
    metadata = {
        "crf": int(random.integers(18, 36)),
        "glasses": int(random.integers(2)),
        "device": str(random.choice(["A", "B", "C"])),
    }
    return Record(
        f"r{number:05d}",
        label,
        {"rgb": Drawn(int(random.integers(1 << 31)), rate=float(random.choice([24.0, 25.0, 30.0])))},
        "drawn",
        species=None if label else "print.flat",
        subject=f"p{number % people}",
        annotation=Told(),
        metadata=metadata,
    )


def part(
    change: Callable[[Record, np.random.Generator], Record] = lambda record, random: record,
    *,
    count: int = 320,
    seed: int = 1,
) -> Part:
    """`count` records of 40 people, of which the last ten are the test split, each after `change`."""
    random = np.random.default_rng(seed)
    records = [change(record(number, random, 40), random) for number in range(count)]
    train = [r for r in records if int((r.subject or "p0")[1:]) < 30]
    ids = {r.id for r in train}
    return Part("drawn", rows_of({"train": train, "test": [r for r in records if r.id not in ids]}))


def redrawn(record: Record, **changes: object) -> Record:
    """The record with its picture drawn otherwise."""
    source = record.channels["rgb"]
    assert isinstance(source, Drawn)
    return replace(record, channels={"rgb": replace(source, **changes)})
