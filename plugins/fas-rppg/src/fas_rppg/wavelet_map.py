"""Wavelet map: magnitude of a continuous wavelet transform of rows of an MSTmap (Yu et al. 2024, eq. 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from einops import rearrange

from fas_rppg.morse import Morse
from fas_rppg.scaling import filled_range, scaled_map
from fascore import Arrays, Loaded, ModalityModule, Record, SpecError

if TYPE_CHECKING:
    from torch import Tensor

Magnitude = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""Signals (…, T), frequencies (F,), and frame rate in hertz -> (…, F, T)."""


class WaveletMapModule(ModalityModule):
    """Stores `value` (1, C, F, T) float32, at most 255, not resized; `valid` (1, T) uint8 of the MSTmap."""

    def __init__(
        self,
        *,
        wavelet: str,
        gamma: float,
        beta: float,
        voices: int,
        frequency_axis: Literal["scale", "hz"],
        highest: float,
        in_band: int,
        rows: Literal["global", "all"],
        size: int | None,
    ) -> None:
        """The axis `hz` has `in_band` frequencies, `voices` per octave, from `highest` down."""
        self.morse, self.voices, self.frequency_axis = Morse(gamma, beta), voices, frequency_axis
        self.highest, self.in_band, self.rows, self.size = highest, in_band, rows, size
        self.magnitude = morse(self.morse) if wavelet == "morse" else continuous(wavelet)

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        rows, fps = inputs[0]["value"][0].astype(np.float64), float(inputs[0]["fps"][0])
        signals = rows if self.rows == "all" else rows[:, -1:]
        frequencies = self.frequencies(rows.shape[-1], fps)
        resolvable = frequencies <= fps / 2
        value = np.zeros((*signals.shape[:2], len(frequencies), signals.shape[2]))
        value[:, :, resolvable] = self.magnitude(signals, frequencies[resolvable], fps)
        value = filled_range(value, axes=(0, 1, 2, 3))
        return {"value": rearrange(value, "c r f t -> 1 (c r) f t").astype(np.float32), "valid": inputs[0]["valid"]}

    def frequencies(self, samples: int, fps: float) -> np.ndarray:
        """(F,) hertz of the map's rows, high to low."""
        if self.frequency_axis == "scale":
            return self.morse.frequencies(self.morse.scales(samples, self.voices), fps)
        return self.highest * 2.0 ** (-np.arange(self.in_band) / self.voices)

    def load(self, stored: Mapping[str, Tensor], draws: Any, inputs: Sequence[Loaded]) -> Loaded:
        return scaled_map((stored["value"].float() - 127.5) / 128, stored["valid"], self.size)


def morse(wavelet: Morse) -> Magnitude:
    """|W| of Morse wavelets, in float64."""

    def magnitude(signals: np.ndarray, frequencies: np.ndarray, fps: float) -> np.ndarray:
        import torch

        from fas_rppg.cwt import scalogram

        return scalogram(torch.from_numpy(signals), wavelet.scales_of(frequencies, fps), wavelet).numpy()

    return magnitude


def continuous(name: str) -> Magnitude:
    """|W| of a wavelet of PyWavelets, mirrored and L1-normalized like Morse wavelets. Raises SpecError for an unknown name."""
    try:
        import pywt
    except ImportError as error:
        raise SpecError(f"wavelet '{name}' needs PyWavelets: pip install 'fas-rppg[wavelets]', or use morse") from error
    try:
        wavelet = pywt.ContinuousWavelet(name)
    except ValueError as error:
        known = ", ".join(pywt.wavelist(kind="continuous"))
        raise SpecError(
            f"there is no continuous wavelet '{name}'; available: morse, {known} (with parameters, such as cmor1.5-1.0)"
        ) from error

    def magnitude(signals: np.ndarray, frequencies: np.ndarray, fps: float) -> np.ndarray:
        samples = signals.shape[-1]
        half = samples // 2
        mirrored = np.pad(signals, [(0, 0)] * (signals.ndim - 1) + [(half, half)], mode="symmetric")
        scales = pywt.central_frequency(wavelet) * fps / frequencies
        coefficients = np.abs(pywt.cwt(mirrored, scales, wavelet, method="fft")[0])[..., half : half + samples]
        return np.moveaxis(coefficients / np.sqrt(scales).reshape(-1, *(1,) * signals.ndim), 0, -2)

    return magnitude
