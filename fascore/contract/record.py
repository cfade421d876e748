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
"""Columns that every record has; the other columns are metadata."""
POINTS = {"five": 5, "68": 68, "mesh140": 140}
"""Number of landmarks by layout. The first 68 of `mesh140` are those of `68`."""


class Frame(NamedTuple):
    """One decoded frame: `time` in seconds from the start; `image` as (H, W, 3) uint8 RGB, or (H, W) uint8 or uint16."""

    time: float
    image: np.ndarray


class Source(ABC):
    """One raw channel of a record. Construction decodes nothing; every read failure is a NoResponse."""

    @abstractmethod
    def digest(self) -> str:
        """Hex digest of the content (file bytes, renderer parameters): part of the store's key."""

    @abstractmethod
    def times(self) -> np.ndarray:
        """(F,) float64, increasing: the display time of each frame, in seconds. Decodes no image."""

    @abstractmethod
    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        """Frames at increasing `indices` (None: all), one at a time, so that memory stays bounded on hour-long videos."""


class Annotation(NamedTuple):
    """The face annotation of a record: one row per frame of its rgb channel, or one row for all frames.

    `boxes` (F, 4) float32 holds x1, y1, x2, y2 in pixels, NaN for a frame without a face. `points` is (F, N, 2) in pixels,
    or None; `layout` names their order (`five`, `68`, `mesh140`). `area` (F, 4), in the form of `boxes`, is the part of the
    frame that the face and a presentation attack instrument may cover. It is present for bona fide records and attacks
    alike: what is outside it must reveal nothing about the label, which audits test.
    """

    boxes: np.ndarray | None
    points: np.ndarray | None
    layout: str = "five"
    area: np.ndarray | None = None


class AnnotationSource(ABC):
    """The origin of a record's Annotation, read as lazily as a Source."""

    @abstractmethod
    def digest(self) -> str:
        """Hex digest of the content."""

    @abstractmethod
    def load(self) -> Annotation:
        """Read the annotation."""


@dataclass(frozen=True)
class Record:
    """One presentation. Listing records never decodes media.

    `label` is 1 for a bona fide presentation and 0 for an attack presentation. `species` is the presentation attack
    instrument (PAI) species, None for bona fide. `subject` is the person whose face is shown, `presenter` the person who
    presents it. `metadata` holds further columns (device, session, site).
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
        """A column by name: a field of the record or an entry of its metadata; None if it has neither."""
        if name in FIELDS:
            value: str | int | float | None = getattr(self, name)
            return value
        return self.metadata.get(name)
