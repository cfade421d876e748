"""The Morse wavelet and its scales, chosen as in Matlab's `cwtfilterbank` (Yu et al. 2024, eq. 2). This module does not import torch.

Lengths and times are in samples, angular frequencies w in radians per sample. `a`, `b`, and `g` of the equations are
`amplitude`, `beta`, and `gamma` here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Morse:
    """psi^(w) = U(w) a w^b exp(-w^g), with the peak psi^ = 2 at w = (b/g)^(1/g) (Olhede and Walden 2002; P^2 = b g)."""

    gamma: float = 3.0
    beta: float = 20.0

    @property
    def amplitude(self) -> float:
        """a = 2 (e g / b)^(b/g)."""
        return float(2 * (math.e * self.gamma / self.beta) ** (self.beta / self.gamma))

    @property
    def peak(self) -> float:
        """w_c = (b/g)^(1/g)."""
        return float((self.beta / self.gamma) ** (1 / self.gamma))

    @cached_property
    def edge(self) -> float:
        """w_x > w_c with psi^(w_x) = 1, half the peak; for the shortest wavelet, this is the Nyquist frequency."""
        low, high = self.peak, 2 * self.peak
        while self._log(high) > 0:
            high *= 2
        while (middle := (low + high) / 2) not in (low, high):
            low, high = (middle, high) if self._log(middle) > 0 else (low, middle)
        return low

    def _log(self, w: float) -> float:
        return math.log(self.amplitude) + self.beta * math.log(w) - w**self.gamma

    @property
    def sigma_t(self) -> float:
        """w_c times the standard deviation in time: square root of int |dpsi^/dw|^2 / int |psi^|^2, dpsi^/dw = psi^ (b/w - g w^(g-1))."""
        b, g = self.beta, self.gamma
        spread = b * b * self._moment(-2) - 2 * b * g * self._moment(g - 2) + g * g * self._moment(2 * g - 2)
        return self.peak * math.sqrt(spread)

    def _moment(self, k: float) -> float:
        """int w^(2b+k) exp(-2 w^g) dw over w > 0, relative to that of the exponent 2b."""
        order = (2 * self.beta + k + 1) / self.gamma
        base = (2 * self.beta + 1) / self.gamma
        return math.exp(math.lgamma(order) - math.lgamma(base) - (order - base) * math.log(2))

    def scales(self, n: int, voices: int = 48) -> np.ndarray:
        """(F,) float64: s_k = s_min 2^(k/voices), from s_min = w_x / pi to s_max = n / (2 sigma_t).

        Raises ValueError if `n` samples are too few for the shortest wavelet.
        """
        shortest, longest = self.edge / math.pi, n / (2 * self.sigma_t)
        if longest < shortest:
            raise ValueError(
                f"{n} samples are too few: even the shortest wavelet needs {math.ceil(2 * self.sigma_t * shortest)}"
            )
        return shortest * 2.0 ** (np.arange(math.floor(voices * math.log2(longest / shortest)) + 1) / voices)

    def frequencies(self, scales: np.ndarray, fs: float) -> np.ndarray:
        """Peak frequency in hertz of the wavelet of each scale: f = fs w_c / (2 pi s)."""
        return fs * self.peak / (2 * math.pi * scales)

    def scales_of(self, frequencies: np.ndarray, fs: float) -> np.ndarray:
        """Scales whose wavelets peak at these frequencies in hertz."""
        return fs * self.peak / (2 * math.pi * frequencies)

    def filters(self, scales: np.ndarray, length: int) -> np.ndarray:
        """(F, length // 2 + 1) float64: psi^(s w) at the frequencies of a real transform; DC is 0; Nyquist keeps its weight."""
        w = scales[:, None] * (2 * np.pi / length * np.arange(1, length // 2 + 1))
        positive = np.exp(math.log(self.amplitude) + self.beta * np.log(w) - w**self.gamma)
        return np.pad(positive, ((0, 0), (1, 0)))
