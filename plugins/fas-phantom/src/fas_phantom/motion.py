"""All motion in a clip: frame times, head pose, eyelids, mouth, hand, and pulse."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fas_phantom.parameters import Capture, ClipParameters, Pulse
from fas_phantom.streams import stream


class Tracks(NamedTuple):
    """One value per frame, float64 (F,).

    `time` is in seconds; yaw, pitch, and roll are in degrees; `x` and `y` are shifts in meters; `lids` go from 0 (open)
    to 1 (closed); `mouth` is the opening in meters. `phase` is that of the heart in radians, 2 pi per beat; `heart` is
    its rate in radians per second; `beat` is the waveform.
    """

    time: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    lids: np.ndarray
    mouth: np.ndarray
    phase: np.ndarray
    heart: np.ndarray
    beat: np.ndarray


def frame_times(clip: ClipParameters) -> np.ndarray:
    """(F,) float64 increasing seconds from 0; frames are early or late by up to half of `jitter` periods."""
    period = 1 / clip.capture.rate
    offsets = stream("times", clip.seed, clip.id).uniform(-0.5, 0.5, clip.frames) * clip.capture.jitter
    offsets[0] = 0
    return period * (np.arange(clip.frames) + offsets)


def tracks(clip: ClipParameters) -> Tracks:
    """Return all motion of a clip."""
    time, capture = frame_times(clip), clip.capture
    random = stream("motion", clip.seed, clip.id)
    phase, heart = heartbeat(clip.pulse, clip.seed, clip.id, time)

    def sway(amplitude: float, rates: tuple[float, float] = (0.1, 0.8)) -> np.ndarray:
        frequency, phase = random.uniform(*rates, 3), random.uniform(0, 2 * np.pi, 3)
        weight = random.uniform(0.4, 1, 3) / (0.5 + frequency)
        waves = np.sin(2 * np.pi * frequency * time[:, None] + phase) * weight
        return np.asarray(amplitude * capture.motion * waves.sum(1))

    return Tracks(
        time,
        yaw=capture.yaw + sway(4.5),
        pitch=capture.pitch + sway(2.5),
        roll=capture.roll + sway(1.6),
        x=sway(0.0045, (0.2, 2.0)),
        y=sway(0.003, (0.2, 2.0)),
        scale=1 + sway(0.01, (0.1, 0.6)),
        lids=_blinks(capture, time, random),
        mouth=_talk(capture, time, random),
        phase=phase,
        heart=heart,
        beat=waveform(phase),
    )


def _blinks(capture: Capture, time: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Eyelids: a blink of 0.25 s about every 1/`blink` seconds."""
    gaps = random.exponential(1 / max(capture.blink, 1e-3), 2 + int(3 * (time[-1] + 2) * max(capture.blink, 0.1)))
    moments = np.cumsum(gaps) - random.uniform(0, 1.5)
    return np.clip(np.exp(-(((time[:, None] - moments) / 0.075) ** 2)).sum(1), 0, 1)


def _talk(capture: Capture, time: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Opening of the mouth in meters: syllables at 3-5 Hz within phrases, up to 1 cm."""
    syllable = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(3, 5) * time + random.uniform(0, 6.3))
    phrase = np.clip(0.4 + np.sin(2 * np.pi * random.uniform(0.2, 0.6) * time + random.uniform(0, 6.3)), 0, 1)
    return capture.talk * 0.011 * syllable * phrase


def beat_times(pulse: Pulse, seed: int, name: str, until: float) -> np.ndarray:
    """Times of the beats in seconds, from before 0 to after `until`; intervals vary with respiration and at random."""
    random = stream("beats", seed, name)
    count = int((until + 4) * pulse.heart_rate / 60 * 1.5) + 4
    period = 60 / pulse.heart_rate
    nominal = -2 * period + period * np.arange(count)
    breath = np.sin(2 * np.pi * pulse.respiration * nominal + random.uniform(0, 2 * np.pi))
    wander = random.standard_normal(count)
    intervals = period * (1 + pulse.variability * (0.8 * breath + 0.35 * wander))
    return np.asarray(-period * random.uniform(1, 2) + np.cumsum(intervals) - intervals[0])


def heartbeat(pulse: Pulse, seed: int, name: str, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Phase of the heart at `time` (F,) in radians, 2 pi per beat, and its rate in radians per second."""
    beats = beat_times(pulse, seed, name, float(time[-1]))
    phase = 2 * np.pi * np.interp(time, beats, np.arange(len(beats)))
    gaps = np.diff(beats)[np.clip(np.searchsorted(beats, time, side="right") - 1, 0, len(beats) - 2)]
    return np.asarray(phase), np.asarray(2 * np.pi / gaps)


def waveform(phase: np.ndarray) -> np.ndarray:
    """Blood volume at phases in radians: sin(ph) + 0.35 sin(2 ph - 0.8)."""
    second = phase.dtype.type(0.35) * np.sin(2 * phase - phase.dtype.type(0.8))
    return np.add(np.sin(phase), second)
