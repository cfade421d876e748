"""Record: one presentation on disk, and Source: where one of its raw channels comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Task: TypeAlias = Literal["spoof", "forgery"]
Metadata: TypeAlias = Mapping[str, str | int | float | None]

BONA_FIDE, ATTACK = 1, 0
FIELDS = ("id", "label", "dataset", "task", "species", "subject", "presenter")
"""Columns that every record has; metadata has the others."""
POINTS = {"five": 5, "68": 68, "mesh140": 140}
"""Number of landmarks by layout. The first 68 of `mesh140` are those of `68`."""


class Frame(NamedTuple):
    """One decoded frame: `time` in seconds from the start, `image` (H, W, 3) uint8 RGB, or (H, W) uint8 or uint16."""

    time: float
    image: np.ndarray


class Source(ABC):
    """One raw channel of a record. Constructing it decodes nothing; every failure to read is a NoResponse."""

    @abstractmethod
    def digest(self) -> str:
        """Hex digest of the content (file bytes, renderer parameters): part of the store's key."""

    @abstractmethod
    def times(self) -> np.ndarray:
        """(F,) float64 seconds, increasing: when each frame is shown. Decodes no picture."""

    @abstractmethod
    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        """Frames at increasing `indices` (None: all), one at a time: memory stays bounded on hour-long videos."""


class Annotation(NamedTuple):
    """What a record already knows of its faces, a row a frame of its rgb channel (or one row for all).

    `boxes` (F, 4) float32 as x1, y1, x2, y2 in pixels, NaN where a frame has no face; `points` (F, N, 2) in pixels or
    None; `layout` names the order of the points (`five`, `68`, `mesh140`). `area` (F, 4), boxes like `boxes`, is the part
    of the frame that the face and an instrument may cover, given alike for bona fide records and attacks: what is outside
    it must tell nothing of the label, which audits test.
    """

    boxes: np.ndarray | None
    points: np.ndarray | None
    layout: str = "five"
    area: np.ndarray | None = None


class AnnotationSource(ABC):
    """Where a record's Annotation comes from; reading it is as lazy as a Source."""

    @abstractmethod
    def digest(self) -> str:
        """Hex digest of the content."""

    @abstractmethod
    def load(self) -> Annotation:
        """Read it."""


@dataclass(frozen=True)
class Record:
    """One presentation. Listing records never decodes media.

    `label` is 1 for bona fide and 0 for an attack; `species` the PAI species (None when bona fide); `subject` whom the
    face depicts; `presenter` who presents it; `metadata` any further columns (device, session, site).
    """

    id: str
    label: int
    channels: Mapping[str, Source]
    dataset: str = ""
    task: Task = "spoof"
    species: str | None = None
    subject: str | None = None
    presenter: str | None = None
    annotation: AnnotationSource | None = None
    metadata: Metadata = field(default_factory=dict)

    def column(self, name: str) -> str | int | float | None:
        """A column by name: a field of the record, else its metadata; None where it has none."""
        if name in FIELDS:
            value: str | int | float | None = getattr(self, name)
            return value
        return self.metadata.get(name)
