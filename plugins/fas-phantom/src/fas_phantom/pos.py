"""A small pulse extractor that measures how much pulse a clip shows.

It applies POS (plane orthogonal to skin, Wang et al. 2017) to the mean color of three skin regions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from scipy.signal import butter, sosfiltfilt

from fascore import FascoreError, Record

REGIONS: dict[str, tuple[tuple[int, float, int], ...]] = {
    "forehead": ((17, 0.1, 8), (26, 0.1, 8), (25, 0.5, 8), (18, 0.5, 8)),
    "right cheek": (
        (1, 0.1, 30),
        (36, 0.25, 48),
        (39, 0.25, 48),
        (31, 0.1, 48),
        (48, 0.15, 4),
        (6, 0.2, 57),
        (4, 0.12, 30),
    ),
    "left cheek": (
        (15, 0.1, 30),
        (45, 0.25, 54),
        (42, 0.25, 54),
        (35, 0.1, 54),
        (54, 0.15, 12),
        (10, 0.2, 57),
        (12, 0.12, 30),
    ),
}
"""Corners of each region, as (landmark, share, landmark): a share of the way from one of the 68 landmarks to another.

On the forehead, the share is in brow spans upward, away from the chin.
"""
BAND = (45.0, 160.0)
"""Range in which a heart rate is searched, in beats per minute."""
FLOOR = -30.0
"""Signal-to-noise ratio, in decibels, of a clip that does not change: a codec may repeat a still picture."""
WINDOW = 1.6
"""Length of one window in seconds (Wang et al. 2017)."""


class Pulse(NamedTuple):
    """The measured pulse of one clip.

    `rate` is in beats per minute, `snr` in dB around the rate and its double, `share` the share of the power at the
    peak, and `coherence` the mean correlation of the signals of the regions.
    """

    rate: float
    snr: float
    share: float
    coherence: float


def region_colors(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """(times (F,), colors (F, 3 regions, 3)): mean RGB in 0-255 of the regions located by the record's landmarks."""
    if record.annotation is None:
        raise FascoreError(f"record '{record.id}' has no landmarks; pass a record of 'phantom'")
    source = record.channels["rgb"]
    return source.times(), colors_of(
        (frame.image for frame in source.read()), np.asarray(record.annotation.load().points, np.float64)
    )


def colors_of(pictures: Iterable[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Return (F, 3 regions, 3) mean RGB of the regions in pictures (H, W, 3) with landmarks (F, 68, 2)."""
    return np.array(
        [
            [_mean_within(picture, corners) for corners in _corners(landmarks)]
            for picture, landmarks in zip(pictures, _steadied(points))
        ]
    )


def _steadied(points: np.ndarray, frames: int = 15) -> np.ndarray:
    """Average landmarks (F, 68, 2) over about half a second, since detector jitter would move the region borders."""
    reach = min(frames, len(points)) // 2
    padded = np.pad(points, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros((1, *points.shape[1:])), padded]), axis=0)
    return np.asarray((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1))


def _corners(points: np.ndarray) -> list[np.ndarray]:
    """Polygons (N, 2) of the regions in one frame."""
    up = points[27] - points[8]
    span = np.hypot(*(points[25] - points[18])) / max(float(np.hypot(*up)), 1e-6)
    forehead = [points[start] + share * span * up for start, share, _ in REGIONS["forehead"]]
    cheeks = [
        [points[a] + share * (points[b] - points[a]) for a, share, b in REGIONS[side]]
        for side in ("right cheek", "left cheek")
    ]
    return [np.array(region) for region in (forehead, *cheeks)]


def _mean_within(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(corners * 16 - 8).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if not mask.any():
        return np.full(3, np.nan)
    return np.asarray(np.average(image.reshape(-1, 3), axis=0, weights=mask.ravel()))


def pos(rgb: np.ndarray, rate: float) -> np.ndarray:
    """Pulse (F,) of mean colors (F, 3) at `rate` hertz (Wang et al. 2017).

    S1 = G - B and S2 = G + B - 2R of RGB / mean; the pulse is S1 + (s1 / s2) S2 with deviations s1 and s2.
    """
    width = round(WINDOW * rate)
    windows = np.lib.stride_tricks.sliding_window_view(rgb, width, axis=0)
    scaled = windows / windows.mean(-1, keepdims=True)
    red, green, blue = (scaled[:, channel] for channel in range(3))
    s1, s2 = green - blue, green + blue - 2 * red
    h = s1 + s1.std(-1, keepdims=True) / np.maximum(s2.std(-1, keepdims=True), 1e-12) * s2
    h -= h.mean(-1, keepdims=True)
    out = np.zeros(len(rgb))
    for place in range(width):
        out[place : place + len(h)] += h[:, place]
    return out


def measured(times: np.ndarray, colors: np.ndarray) -> Pulse:
    """Measure the pulse in region colors (F, K, 3) at `times` (F,).

    Raises FascoreError if the clip is shorter than five seconds.
    """
    if len(times) < 2 or times[-1] - times[0] < 5:
        raise FascoreError(
            f"a clip of {len(times)} frames is too short to measure a heart rate; use at least five seconds"
        )
    rate = (len(times) - 1) / (times[-1] - times[0])
    even = np.linspace(times[0], times[-1], len(times))
    seen = colors[:, ~np.isnan(colors).any((0, 2))]
    steady: np.ndarray = np.stack(
        [np.interp(even, times, column) for column in seen.reshape(len(times), -1).T], 1
    ).reshape(seen.shape)
    regions = np.stack([pos(steady[:, k], rate) for k in range(steady.shape[1])])
    filtered = sosfiltfilt(butter(3, (0.65, min(4.0, 0.45 * rate)), "band", fs=rate, output="sos"), regions, axis=1)
    still = filtered.std(1) < 1e-12
    with np.errstate(invalid="ignore"):
        pairs = np.where(still[:, None] | still, 0, np.corrcoef(filtered))[np.triu_indices(len(filtered), 1)]
    return _spectral(pos(steady.mean(1), rate), rate, float(pairs.mean()))


def _spectral(signal: np.ndarray, rate: float, coherence: float) -> Pulse:
    length = max(4096, 4 * len(signal))
    power = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(len(signal)), length)) ** 2
    beats = np.fft.rfftfreq(length, 1 / rate) * 60
    inside = np.flatnonzero((beats >= BAND[0]) & (beats <= BAND[1]))
    top = inside[power[inside].argmax()]
    below, at, above = power[top - 1 : top + 2]
    curve = below - 2 * at + above
    heart_rate = beats[top] + (0.5 * (below - above) / curve if curve else 0.0) * beats[1]
    wide = (beats > 40) & (beats < 240)
    near = wide & ((np.abs(beats - heart_rate) < 12) | (np.abs(beats - 2 * heart_rate) < 12))
    signal_power, rest = power[near].sum(), power[wide & ~near].sum()
    if not (signal_power and rest):
        return Pulse(float(heart_rate), FLOOR, 0.0, coherence)
    share = power[inside][np.abs(beats[inside] - heart_rate) < 6].sum() / power[inside].sum()
    return Pulse(float(heart_rate), max(FLOOR, float(10 * np.log10(signal_power / rest))), float(share), coherence)
