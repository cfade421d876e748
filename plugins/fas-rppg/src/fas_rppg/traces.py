"""Facial regions over time: pixel sums and areas per frame, at an even frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from fas_rppg.regions import NAMES, labeled, landmarks, polygons
from fascore import Arrays, NoResponse, Record, Source

REGIONS = len(NAMES)


@dataclass(frozen=True)
class Traces:
    """Sums S (T, 6, 3) in gray levels of 0 to 255 and areas A (T, 6) in pixels; `times` (T,) seconds; `seen` (T,) bool: measured, not bridged."""

    sums: np.ndarray
    areas: np.ndarray
    times: np.ndarray
    seen: np.ndarray

    @property
    def fps(self) -> float:
        """Mean frame rate in hertz, from the timestamps."""
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))


def channel(record: Record, name: str) -> Source:
    """A raw channel. Raises NoResponse if the record lacks it."""
    if name not in record.channels:
        raise NoResponse(
            "refused", f"the record has no channel '{name}'; it has {', '.join(record.channels) or 'none'}"
        )
    return record.channels[name]


def region_sums(image: np.ndarray, shapes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sums (6, 3) and areas (6,) of an RGB picture (H, W, 3) in polygons (K, 2) in pixels; reads only their bounding box."""
    ends = np.concatenate(shapes)
    height, width = image.shape[:2]
    (left, top), (right, bottom) = (
        np.clip(end, 0, (width, height)).astype(int) for end in (np.floor(ends.min(0)), np.ceil(ends.max(0)))
    )
    labels = labeled([shape - (left, top) for shape in shapes], bottom - top, right - left)
    rows, columns = np.nonzero(labels)
    places, pixels = labels[rows, columns], image[top:bottom, left:right][rows, columns]
    sums = [np.bincount(places, pixels[:, c], minlength=REGIONS + 1)[1:] for c in range(3)]
    return np.stack(sums, axis=1), np.bincount(places, minlength=REGIONS + 1)[1:].astype(np.float64)


def measured(source: Source, faces: Arrays, limit: int) -> Traces:
    """Traces of the first `limit` frames of a channel, in the regions of its faces (`frames` (F,), `points` (F, N, 2), `times` (F,)).

    A frame without a face, or without any pixel of a region, is not `seen`. Raises NoResponse if faces have no points
    or were not searched in every frame, or if pictures do not have three colors.
    """
    frames, times = faces["frames"][:limit], np.asarray(faces["times"][:limit], dtype=np.float64)
    if "points" not in faces:
        raise NoResponse(
            "refused",
            "the detector returns no points; choose one that does, such as mtcnn, or add points to the record",
        )
    if len(frames) > 1 and (np.diff(frames) != 1).any():
        raise NoResponse(
            "refused", 'faces were not searched in every frame; set "frames": "all" in the modality \'faces\''
        )
    points = faces["points"][:limit]
    with_face = np.flatnonzero(np.isfinite(points).all(axis=(1, 2)))
    sums, areas = np.zeros((len(frames), REGIONS, 3)), np.zeros((len(frames), REGIONS))
    try:
        placed = landmarks(points[with_face])
    except ValueError as error:
        raise NoResponse("refused", str(error)) from error
    for row, face, frame in zip(with_face, placed, source.read(frames[with_face].tolist()), strict=True):
        if frame.image.ndim != 3 or frame.image.shape[2] != 3 or frame.image.dtype != np.uint8:
            pictures = f"{' x '.join(map(str, frame.image.shape))} of {frame.image.dtype}"
            raise NoResponse("refused", f"its pictures are {pictures}; a pulse needs three colors of 8 bits")
        sums[row], areas[row] = region_sums(frame.image, polygons(face))
    return Traces(sums, areas, times, areas.min(axis=1) > 0)


def bridged(traces: Traces, gap: int) -> Traces:
    """Traces with sums and areas of unseen frames interpolated linearly, and held constant at the ends.

    Raises NoResponse `no_face` if more than `gap` successive frames were not seen.
    """
    if not traces.seen.any():
        raise NoResponse("no_face", f"no frame of {len(traces.seen)} shows a face with all six regions in the picture")
    start = 0
    for seen, run in groupby(traces.seen.tolist()):
        length = len(list(run))
        if not seen and length > gap:
            period = f"{length} successive frames from {traces.times[start]:.2f} s on"
            raise NoResponse(
                "no_face",
                f"no face with all six regions in the picture in {period}; gaps of up to {gap} frames are bridged",
            )
        start += length
    return _at(traces, traces.times, traces.seen)


def require_clock(times: np.ndarray, *, shortest: float, rates: tuple[float, float]) -> None:
    """Check the timestamps (F,) of a whole clip, in seconds. Raises NoResponse `refused` if they are missing or do not rise, if the
    clip is half a frame or more below `shortest` seconds, or if the frame rate is outside `rates` in hertz.
    """
    if len(times) < 2:
        raise NoResponse("refused", f"a clip of {len(times)} frame has no pulse; at least {shortest:g} s are needed")
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise NoResponse(
            "refused", "its timestamps are missing or do not rise; encode the clip again with a frame rate"
        )
    fps = float((len(times) - 1) / (times[-1] - times[0]))
    if not rates[0] <= fps * (1 + 1e-9) or not fps * (1 - 1e-9) <= rates[1]:
        raise NoResponse("refused", f"its frame rate of {fps:.3g} Hz is outside {rates[0]:g} to {rates[1]:g} Hz")
    if len(times) / fps < shortest - 0.5 / fps:
        raise NoResponse("refused", f"it lasts {len(times) / fps:.3f} s; at least {shortest:g} s are needed")


def evenly_timed(traces: Traces, *, uneven: float, resample: bool) -> Traces:
    """Traces at an even frame rate: unchanged if even to within `uneven` frames, else resampled to their median interval.

    Raises NoResponse `refused` for less even timestamps without `resample`.
    """
    times = traces.times
    deviation = float(np.abs(times - np.linspace(times[0], times[-1], len(times))).max() * traces.fps)
    if deviation <= uneven:
        return traces
    if not resample:
        remedy = 'set "resample": true to accept such clips'
        raise NoResponse(
            "refused",
            f"its timestamps are uneven by up to {deviation:.2f} frames, but only {uneven:g} are allowed; {remedy}",
        )
    step = float(np.median(np.diff(times)))
    even = times[0] + step * np.arange(int((times[-1] - times[0]) / step + 1e-6) + 1)
    nearest = np.abs(times - even[:, None]).argmin(axis=1)
    return replace(_at(traces, even, np.ones_like(traces.seen)), seen=traces.seen[nearest])


def _at(traces: Traces, times: np.ndarray, known: np.ndarray) -> Traces:
    """Traces at other times: linear between the known frames, constant beyond them."""
    flat = np.concatenate([traces.sums.reshape(len(traces.seen), -1), traces.areas], axis=1)
    values = np.stack([np.interp(times, traces.times[known], column[known]) for column in flat.T], axis=1)
    return Traces(values[:, : 3 * REGIONS].reshape(-1, REGIONS, 3), values[:, 3 * REGIONS :], times, traces.seen)
