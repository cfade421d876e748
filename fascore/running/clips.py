"""Clips of a video: each part of its frames becomes a separate record, so that a long video is scored clip by clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fascore.contract.errors import FascoreError, NoResponse
from fascore.contract.record import Frame, Record, Source
from fascore.data.open_source import open_source
from fascore.running.open_trained import unlabelled


@dataclass(frozen=True)
class Window(Source):
    """Frames `first` to `last` (exclusive) of a Source, with times relative to the first of them.

    `origin` is the digest of the Source, computed once for all its windows.
    """

    source: Source
    origin: str
    first: int
    last: int

    def digest(self) -> str:
        return hashlib.sha256(f"{self.origin} {self.first} {self.last}".encode()).hexdigest()

    def times(self) -> np.ndarray:
        times = self.source.times()[self.first : self.last]
        shifted: np.ndarray = times - times[0]
        return shifted

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        start = float(self.source.times()[self.first])
        wanted = range(self.last - self.first) if indices is None else indices
        for frame in self.source.read([self.first + index for index in wanted]):
            yield Frame(frame.time - start, frame.image)


class Part(NamedTuple):
    """A record that is part of a file, from `start` to `end` in seconds; both are None if the file was not divided."""

    record: Record
    path: Path
    start: float | None
    end: float | None


def parts_of(path: Path, seconds: float) -> list[Part]:
    """A file as records of `seconds` each; a remainder of less than half of that is added to the last record.

    An unreadable file becomes one record, whose prediction states the reason. Raises FascoreError if `seconds` is not
    above 0.
    """
    if not seconds > 0:
        raise FascoreError(
            f"a clip of {seconds:g} s has no frames; choose a number of seconds above 0, for example --clips 2"
        )
    source = open_source(path)
    try:
        times = source.times()
    except NoResponse:
        return [Part(unlabelled(str(path), source), path, None, None)]
    ends = divided(times, seconds)
    firsts = np.searchsorted(times, [0.0, *ends[:-1]], side="left").tolist()
    spans, origin = [*firsts, len(times)], source.digest()
    return [
        Part(unlabelled(f"{path} from {start:.2f} s", Window(source, origin, first, last)), path, start, end)
        for first, last, start, end in zip(spans, spans[1:], [0.0, *ends[:-1]], ends, strict=False)
        if last > first
    ]


def divided(times: np.ndarray, seconds: float) -> list[float]:
    """The end time of each clip of a video; the last clip ends with the last frame."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    duration = float(times[-1]) + step
    count = int(duration / seconds + 0.5) or 1
    return [*(seconds * (n + 1) for n in range(count - 1)), duration]
