"""Output of an extractor for noise: a null distribution of the signal-to-noise ratio (SNR), and a pulse measured against it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fas_rppg.pulse.colours import Extractor, InsufficientSignal, checked, relative, widened
from fas_rppg.pulse.spectrum import BAND, STILL, check_band, check_length, power_spectrum, rate_of
from fascore import generator

REACH = 0.75
"""Distance in hertz over which the spectrum of the colors is smoothed: several times wider than the line of a pulse."""
CHUNK = 50
"""Number of surrogates in memory at once."""


class Measured(NamedTuple):
    """Pulse of a clip: `pulse` (T,); `heart_rate` in beats per minute; `snr` in decibels; `p_value`, the share of surrogates with at least
    this SNR, (1 + those) / (1 + all); `confidence` = 1 - p_value; `null_snr` (N,), SNR of the surrogates."""

    pulse: Tensor
    heart_rate: float
    snr: float
    p_value: float
    confidence: float
    null_snr: Tensor


def measured(
    rgb: Tensor, rate: float, method: Extractor, *, band: tuple[float, float] = BAND, count: int = 200, seed: int = 0
) -> Measured:
    """The pulse of one clip's mean colors (T, 3), measured against `count` surrogates.

    Computes in float64 if the device supports it. Raises InsufficientSignal, and never returns a number, if the clip is
    shorter than five seconds, does not change, or has no peak in the band. Raises FascoreError like the extractors and
    `heart_rate`.
    """
    clip = widened(checked(rgb, rate)[0])
    check_length(len(clip), rate)
    check_band(band, rate)
    if float((relative(clip, 0) - 1).abs().max()) < STILL:
        raise InsufficientSignal("the skin's color does not change, as in a still picture")
    pulse = method(clip, rate)
    peak = rate_of(power_spectrum(pulse, rate), rate, band)
    if math.isnan(float(peak.snr)):
        raise InsufficientSignal(f"the spectrum has no peak from {band[0]:g} to {band[1]:g} beats per minute")
    null_snrs = [
        rate_of(power_spectrum(method(chunk, rate), rate), rate, band).snr
        for chunk in torch.split(surrogates(clip, rate, count, seed), CHUNK)
    ]
    null = torch.cat(null_snrs).nan_to_num(-math.inf)
    p_value = (1 + int((null >= peak.snr).sum())) / (1 + count)
    return Measured(pulse, float(peak.heart_rate), float(peak.snr), p_value, 1 - p_value, null)


def surrogates(rgb: Tensor, rate: float, count: int, seed: int = 0) -> Tensor:
    """Mean colors (N, T, 3) of clips without a pulse, with noise similar to that of one clip (T, 3).

    Phases are random and common to the channels, as in Prichard and Theiler 1994 (doi:10.1103/PhysRevLett.73.951).
    Random phases alone would keep the spectral line under test, so amplitudes are random too: at each frequency, a sum
    of the clip's own color vectors within 0.75 Hz, each of unit length and multiplied by a complex normal number,
    scaled to the median amplitude in this range. A line does not affect the median and is only a small part of the sum;
    slopes of the spectrum and correlations of the channels remain. A linear trend is removed.
    """
    change = _without_trend(relative(rgb, 0))
    spectrum = torch.fft.rfft(change, dim=0)[1:]
    size = spectrum.abs().square().sum(1).sqrt()
    unit = spectrum / size.clamp_min(torch.finfo(rgb.dtype).tiny)[:, None]
    near = _neighbors(len(size), max(3, round(REACH * len(rgb) / rate))).to(rgb.device)
    level = size[near].median(1).values / near.shape[1] ** 0.5
    stream = generator(seed, "rppg.surrogates")
    clips = []
    for start in range(0, count, CHUNK):
        drawn = stream.standard_normal((min(CHUNK, count - start), *near.shape, 2)) / 2**0.5
        weights = torch.view_as_complex(torch.from_numpy(np.ascontiguousarray(drawn))).to(spectrum)
        noise = torch.einsum("nkj,kjc->nkc", weights, unit[near]) * level[:, None]
        clips.append(torch.fft.irfft(torch.cat([torch.zeros_like(noise[:, :1]), noise], 1), len(rgb), dim=1))
    noise = torch.cat(clips)
    most = noise.abs().amax((1, 2), keepdim=True)
    return 1 + noise * (0.9 / most.clamp_min(0.9))


def _neighbors(bins: int, reach: int) -> Tensor:
    """(K, 2 reach + 1) indices of the bins around each bin, reflected at the ends."""
    around = torch.arange(bins)[:, None] + torch.arange(-reach, reach + 1)
    around = around.remainder(2 * bins)
    return torch.minimum(around, 2 * bins - 1 - around)


def _without_trend(signal: Tensor) -> Tensor:
    """Signals (T, C) minus the best-fitting straight line of each."""
    time = torch.linspace(-1, 1, len(signal), dtype=signal.dtype, device=signal.device)[:, None]
    centered = signal - signal.mean(0)
    return centered - time * (time * centered).sum(0) / time.square().sum()
