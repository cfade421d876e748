"""Pulse of one video: faces, skin color, extractor, and significance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fas_rppg.pulse import EXTRACTORS, SHORTEST, InsufficientSignal
from fas_rppg.pulse.spectrum import check_band
from fas_rppg.pulse.surrogates import Measured, measured as measured_pulse
from fas_rppg.skin_colour import RATES, mean_colors
from fas_rppg.traces import REGIONS, Traces, bridged, evenly_timed, measured, require_clock
from fascore import ATTACK, Arrays, FascoreError, Frame, NoResponse, Record, Source, load, open_source, validate

CERTAIN = 0.05
"""Largest p-value at which a heart rate is reported."""
GAP = 5
"""Maximum number of successive frames without a face to bridge."""
STEADY = 0.25
"""Seconds on both sides over which landmarks are averaged: detector jitter moves the borders of the regions; faces move more slowly."""
UNEVEN = 0.05
"""Deviation from an even frame rate, in frames, above which times are interpolated."""


@dataclass(frozen=True)
class ClipPulse:
    """Measurement of a video: mean colors (T, 3) at `times` (T,) in seconds, `rate` in hertz, the pulse, and its circumstances."""

    file: Path
    method: str
    band: tuple[float, float]
    times: np.ndarray
    colors: np.ndarray
    rate: float
    pulse: Measured
    examined: int
    measured: int
    skin: str
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Duration of the measured part."""
        return len(self.times) / self.rate

    @property
    def certain(self) -> bool:
        """Whether noise alone rarely produces such a signal-to-noise ratio (SNR)."""
        return self.pulse.p_value <= CERTAIN


@dataclass(frozen=True)
class _Beginning(Source):
    """The first `count` frames of a Source."""

    source: Source
    count: int

    def digest(self) -> str:
        return f"{self.source.digest()}:{self.count}"

    def times(self) -> np.ndarray:
        return self.source.times()[: self.count]

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        return self.source.read(range(self.count) if indices is None else indices)


def clip_pulse(
    path: Path,
    *,
    method: str,
    band: tuple[float, float],
    detector: Any,
    seconds: float = 60.0,
    count: int = 200,
    seed: int = 0,
) -> ClipPulse:
    """Measure the first `seconds` of a video, or the longest stretch of them without a gap.

    Raises NoResponse for a video that cannot be read, shows no face, or has no heart rate (InsufficientSignal), and
    FascoreError for an unusable detector or band.
    """
    if not path.exists():
        raise FascoreError(f"{path}: there is no such file")
    source = _beginning(open_source(path), path, seconds)
    require_clock(source.times(), shortest=0.0, rates=RATES)
    check_band(band, _rate(source.times()))
    faces = load("modality", "faces")
    module: Any = validate(faces, {"type": "faces", "detector": detector}).build([])  # type: ignore[attr-defined]  # a Modality
    face_rows: Arrays = module.extract(Record(str(path), ATTACK, {"rgb": source}), [])  # the label is not used
    traces, skin = _traces(source, face_rows)
    stretch, notes = _longest(traces)
    even = evenly_timed(bridged(stretch, GAP), uneven=UNEVEN, resample=True)
    if not np.array_equal(even.times, stretch.times):
        notes = (*notes, f"its frames are unevenly spaced in time; they were interpolated to {even.fps:.4g} Hz")
    colors = mean_colors(even)
    pulse = measured_pulse(torch.from_numpy(colors), even.fps, EXTRACTORS[method], band=band, count=count, seed=seed)
    return ClipPulse(
        path,
        method.upper(),
        band,
        even.times,
        colors,
        even.fps,
        pulse,
        len(traces.times),
        int(traces.seen.sum()),
        skin,
        notes,
    )


def _beginning(source: Source, path: Path, seconds: float) -> Source:
    """The first seconds of a video. Raises InsufficientSignal for a clip that is too short, before any face detection."""
    times = source.times()
    if len(times) == 1:
        raise InsufficientSignal(f"{path} is a still picture; a pulse needs a video of at least {SHORTEST:g} s")
    inside = int(np.searchsorted(times, times[0] + seconds))
    duration = times[inside - 1] - times[0] + float(np.median(np.diff(times))) if inside else 0.0
    if duration < SHORTEST - 1e-6:
        raise InsufficientSignal(f"{path} lasts {duration:.1f} s, but a heart rate needs {SHORTEST:g} s")
    return _Beginning(source, inside)


def _rate(times: np.ndarray) -> float:
    return float((len(times) - 1) / (times[-1] - times[0]))


def _traces(source: Source, faces: Arrays) -> tuple[Traces, str]:
    """Colors of the skin regions if the detector returns points, else of its whole box; and a description of the area."""
    if "points" in faces:
        smooth = {**faces, "points": smoothed(faces["points"], max(1, round(STEADY * _rate(faces["times"]))))}
        return measured(source, smooth, len(faces["frames"])), "skin of the face"
    return _boxes(source, faces), "detector's box, all of it counted as skin"


def _boxes(source: Source, faces: Arrays) -> Traces:
    """Traces with the box as the first region; the others are empty."""
    frames, boxes = faces["frames"], faces["boxes"]
    sums, areas = np.zeros((len(frames), REGIONS, 3)), np.zeros((len(frames), REGIONS))
    with_face = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    for row, frame in zip(with_face, source.read(frames[with_face].tolist()), strict=True):
        left, top, right, bottom = boxes[row].clip(0).round().astype(int)
        pixels = frame.image[top:bottom, left:right]
        if pixels.ndim != 3:
            raise NoResponse("refused", "its pictures are gray, but a pulse needs three colors")
        sums[row, 0], areas[row, 0] = pixels.sum((0, 1), dtype=np.float64), pixels.shape[0] * pixels.shape[1]
    return Traces(sums, areas, np.asarray(faces["times"], dtype=np.float64), areas[:, 0] > 0)


def smoothed(points: np.ndarray, reach: int) -> np.ndarray:
    """Landmarks (F, N, 2) averaged over `reach` frames on both sides, using frames with a face; NaN stays NaN."""
    present = np.isfinite(points).all(axis=(1, 2))
    known = np.where(present[:, None, None], points, 0).astype(np.float64)
    padded = np.pad(known, ((reach + 1, reach), (0, 0), (0, 0))).cumsum(0)
    counts = np.pad(present.astype(np.float64), (reach + 1, reach)).cumsum()
    width = 2 * reach + 1
    totals, numbers = padded[width:] - padded[:-width], counts[width:] - counts[:-width]
    mean = totals / np.maximum(numbers, 1)[:, None, None]
    return np.where(present[:, None, None], mean, np.nan)


def _longest(traces: Traces) -> tuple[Traces, tuple[str, ...]]:
    """The longest stretch whose gaps can be bridged, and a note if it is not the whole clip. Raises NoResponse."""
    if not traces.seen.any():
        raise NoResponse(
            "no_face", f"none of {len(traces.seen)} frames shows a face with all of its skin in the picture"
        )
    cuts, start = [0], 0
    for seen, run in groupby(traces.seen.tolist()):
        length = len(list(run))
        if not seen and length > GAP:
            cuts += [start, start + length]
        start += length
    cuts.append(start)
    first, last = max(zip(cuts[::2], cuts[1::2]), key=lambda ends: ends[1] - ends[0])
    stretch = replace(
        traces, **{name: getattr(traces, name)[first:last] for name in ("sums", "areas", "times", "seen")}
    )
    if last - first == len(traces.times):
        return traces, ()
    duration = (last - first) * float(np.median(np.diff(traces.times)))
    if duration < SHORTEST - 1e-6:
        raise InsufficientSignal(
            f"the longest stretch with a face lasts {duration:.1f} s, but a heart rate needs {SHORTEST:g} s"
        )
    return stretch, (
        f"measured from {stretch.times[0]:.1f} to {stretch.times[-1]:.1f} s, the longest stretch with a face",
    )
