"""Heart rate and signal-to-noise ratio of a pulse, from one spectrum."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from fas_rppg.pulse.colours import InsufficientSignal, checked_rate
from fascore import FascoreError

BAND = (40.0, 180.0)
"""Range in which to search for a heart rate, in beats per minute."""
NOISE = (40.0, 240.0)
"""Range in which power counts as signal or noise, in beats per minute (de Haan and Jeanne 2013)."""
NEAR = 0.2
"""Distance in hertz from the heart rate or its double within which power counts as signal."""
SHORTEST = 5.0
"""Shortest clip in seconds: a shorter one has too few slow beats and a spectral line wider than `NEAR`."""
LEAST_LENGTH = 4096
STILL = 1e-6
"""Relative change of color that counts as none: a pulse is a thousand times larger, float32 rounding is smaller."""


class Rate(NamedTuple):
    """Heart rate in beats per minute and signal-to-noise ratio (SNR) in decibels, each (…); NaN if the band has no peak."""

    heart_rate: Tensor
    snr: Tensor


def power_spectrum(pulse: Tensor, rate: float) -> Tensor:
    """Power of pulses (…, T) without their mean, with a Hann window, zero-padded to a power of two of at least 4096 and 4 T.

    Shape (…, N / 2 + 1); bins are rate / N hertz apart, less than one beat per minute for rates up to 68 Hz. Raises
    FascoreError for a pulse that is not finite.
    """
    checked_rate(rate)
    if not bool(torch.isfinite(pulse).all()):
        raise FascoreError("the pulse is not finite; remove or interpolate frames without skin")
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
    """Frequency of each bin of a spectrum in beats per minute, (N / 2 + 1,)."""
    return torch.arange(power.shape[-1], dtype=power.dtype, device=power.device) * (30 * rate / (power.shape[-1] - 1))


def in_band(power: Tensor, rate: float, band: tuple[float, float]) -> Tensor:
    """(N / 2 + 1,) bool: bins between two rates in beats per minute."""
    beats = beats_of(power, rate)
    return (beats >= band[0]) & (beats <= band[1])


def heart_rate(pulse: Tensor, rate: float, band: tuple[float, float] = BAND) -> Tensor:
    """Heart rate in beats per minute of pulses (…, T): largest spectral peak in the band, located by a parabola through three bins. Shape (…).

    Power that rises to the end of the band and beyond is not a peak. NaN if there is no peak. Raises InsufficientSignal
    for less than five seconds, and FascoreError if half the frame rate is within the band.
    """
    return rate_of(_measurable(pulse, rate, band), rate, band).heart_rate


def signal_to_noise(pulse: Tensor, rate: float, band: tuple[float, float] = BAND) -> Tensor:
    """SNR in decibels of pulses (…, T): power within 0.2 Hz of the heart rate or its double over the rest of 40 to 240 beats per minute.

    Shape (…). The heart rate is the measured one, not a reference: noise alone also has an SNR, with which `measured`
    compares. NaN if there is no peak. Raises like `heart_rate`.
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
            f"{frames} frames at {rate:g} Hz are {frames / rate:.1f} s, but a heart rate needs {SHORTEST:g} s"
        )


def check_band(band: tuple[float, float], rate: float) -> None:
    """Raises FascoreError for an empty band, or for one that this frame rate cannot represent."""
    low, high = band
    if not 0 < low < high < math.inf:
        raise FascoreError(
            f"the band {low:g} to {high:g} is empty; use two heart rates in beats per minute, the lower first, such as 40 and 180"
        )
    if high > 30 * rate:
        raise FascoreError(
            f"{rate:g} frames per second show {30 * rate:g} beats per minute at most; end the band ({low:g} to {high:g}) below that"
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
    peak_beats = torch.where(candidates.amax(-1, keepdim=True) > 0, (top + shift) * beats[1], torch.nan)
    counted = in_band(power, rate, NOISE)
    near = ((beats - peak_beats).abs() <= 60 * NEAR) | ((beats - 2 * peak_beats).abs() <= 60 * NEAR)
    signal, rest = (torch.where(counted & bins, power, 0).sum(-1) for bins in (near, ~near))
    snr = 10 * torch.log10(signal.clamp_min(tiny) / rest.clamp_min(tiny))
    return Rate(peak_beats.squeeze(-1), torch.where(peak_beats.squeeze(-1).isnan(), torch.nan, snr))
