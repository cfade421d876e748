"""Heart rate and signal-to-noise ratio of a pulse, from one spectrum."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from fas_rppg.pulse.colours import InsufficientSignal, checked_rate
from fascore import FascoreError

BAND = (40.0, 180.0)
"""Beats a minute among which a heart rate is looked for."""
NOISE = (40.0, 240.0)
"""Beats a minute whose power counts as signal or noise (de Haan and Jeanne 2013)."""
NEAR = 0.2
"""Hertz to both sides of the heart rate and of its double that count as signal."""
SHORTEST = 5.0
"""Seconds: what is shorter holds too few slow beats, and a spectral line wider than `NEAR`."""
LEAST_LENGTH = 4096
STILL = 1e-6
"""Of the relative change of color: a pulse is a thousand times larger, the rounding of float32 smaller."""


class Rate(NamedTuple):
    """Heart rate in beats a minute and signal-to-noise ratio in decibels, each (…), NaN where there is no peak in the band."""

    heart_rate: Tensor
    snr: Tensor


def power_spectrum(pulse: Tensor, rate: float) -> Tensor:
    """Power of pulses (…, T), without mean, under a Hann window, padded with zeros to a power of two: 4096 or more, and four times T or more.

    Shape (…, N / 2 + 1); bins are rate / N hertz apart, finer than a beat a minute up to 68 Hz. Raises FascoreError where it is not finite.
    """
    checked_rate(rate)
    if not bool(torch.isfinite(pulse).all()):
        raise FascoreError("the pulse is not finite; leave out or interpolate frames in which no skin was seen")
    frames = pulse.shape[-1]
    window = torch.hann_window(frames, periodic=False, dtype=pulse.dtype, device=pulse.device)
    return (
        torch.fft.rfft(
            (pulse - pulse.mean(-1, keepdim=True)) * window, max(LEAST_LENGTH, 2 ** math.ceil(math.log2(4 * frames)))
        )
        .abs()
        .square()
    )


def beats_of(power: Tensor, rate: float) -> Tensor:
    """Beats a minute of each bin of a spectrum, (N / 2 + 1,)."""
    return torch.arange(power.shape[-1], dtype=power.dtype, device=power.device) * (30 * rate / (power.shape[-1] - 1))


def in_band(power: Tensor, rate: float, band: tuple[float, float]) -> Tensor:
    """(N / 2 + 1,) bool: bins between two rates in beats a minute."""
    beats = beats_of(power, rate)
    return (beats >= band[0]) & (beats <= band[1])


def heart_rate(pulse: Tensor, rate: float, band: tuple[float, float] = BAND) -> Tensor:
    """Beats a minute of pulses (…, T): the largest peak of the spectrum within the band, its place by a parabola through three bins. Shape (…).

    Power that rises to the end of the band and beyond is no peak. NaN where there is none. Raises InsufficientSignal for less than five
    seconds, FascoreError where half the frame rate lies within the band.
    """
    return rate_of(_measurable(pulse, rate, band), rate, band).heart_rate


def signal_to_noise(pulse: Tensor, rate: float, band: tuple[float, float] = BAND) -> Tensor:
    """Decibels of pulses (…, T): power within 0.2 Hz of the heart rate and of its double over the rest from 40 to 240 beats a minute. Shape (…).

    The heart rate is the one found, not a reference's: noise alone has an SNR too, which `measured` compares with.
    NaN where there is no peak. Raises as `heart_rate` does.
    """
    return rate_of(_measurable(pulse, rate, band), rate, band).snr


def _measurable(pulse: Tensor, rate: float, band: tuple[float, float]) -> Tensor:
    """Spectrum of pulses that are long enough. Raises InsufficientSignal, FascoreError."""
    check_length(pulse.shape[-1], rate)
    check_band(band, rate)
    return power_spectrum(pulse, rate)


def check_length(frames: int, rate: float) -> None:
    """Raises InsufficientSignal for less than five seconds."""
    checked_rate(rate)
    if frames < round(SHORTEST * rate):
        raise InsufficientSignal(
            f"{frames} frames at {rate:g} Hz are {frames / rate:.1f} s, and a heart rate needs {SHORTEST:g} s"
        )


def check_band(band: tuple[float, float], rate: float) -> None:
    """Raises FascoreError for an empty band, or one that frames of this rate cannot show."""
    low, high = band
    if not 0 < low < high < math.inf:
        raise FascoreError(
            f"the band {low:g} to {high:g} is empty; give two heart rates in beats a minute, the lower first, such as 40 and 180"
        )
    if high > 30 * rate:
        raise FascoreError(
            f"{rate:g} frames a second show {30 * rate:g} beats a minute at most; end the band ({low:g} to {high:g}) below that"
        )


def rate_of(power: Tensor, rate: float, band: tuple[float, float]) -> Rate:
    """Heart rate and SNR of spectra (…, N / 2 + 1)."""
    beats, tiny = beats_of(power, rate), torch.finfo(power.dtype).tiny
    peak = torch.zeros_like(power, dtype=torch.bool)
    peak[..., 1:-1] = (power[..., 1:-1] > power[..., :-2]) & (power[..., 1:-1] >= power[..., 2:])
    candidates = torch.where(peak & in_band(power, rate, band), power, -1)
    top = candidates.argmax(-1, keepdim=True).clamp(1, power.shape[-1] - 2)
    below, at, above = (power.gather(-1, top + step) for step in (-1, 0, 1))
    shift = 0.5 * (below - above) / (below - 2 * at + above).clamp_max(-tiny)
    beats_found = torch.where(candidates.amax(-1, keepdim=True) > 0, (top + shift) * beats[1], torch.nan)
    counted = in_band(power, rate, NOISE)
    near = ((beats - beats_found).abs() <= 60 * NEAR) | ((beats - 2 * beats_found).abs() <= 60 * NEAR)
    signal, rest = (torch.where(counted & bins, power, 0).sum(-1) for bins in (near, ~near))
    snr = 10 * torch.log10(signal.clamp_min(tiny) / rest.clamp_min(tiny))
    return Rate(beats_found.squeeze(-1), torch.where(beats_found.squeeze(-1).isnan(), torch.nan, snr))
