"""The continuous transform with Morse wavelets, batched in torch (Yu et al. 2024, eq. 2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from fas_rppg.morse import Morse

CHUNK = 16
"""Signals transformed at once: small enough for a cache, which is three times faster than 192 at once."""


def cwt(x: Tensor, scales: np.ndarray, wavelet: Morse = Morse(), *, chunk: int = CHUNK) -> Tensor:  # noqa: B008 (frozen)
    """W(s, t) = ifft(fft(x_pad) psi^(s w)), L1 norm, of real signals (…, N) on any device -> complex (…, F, N).

    Signals are mirrored by N // 2 samples at both ends, the end sample twice (numpy's `symmetric`).
    """
    return torch.cat(list(_pieces(x, scales, wavelet, chunk))).reshape(*x.shape[:-1], len(scales), x.shape[-1])


def scalogram(x: Tensor, scales: np.ndarray, wavelet: Morse = Morse(), *, chunk: int = CHUNK) -> Tensor:  # noqa: B008 (frozen)
    """|W(s, t)| of real signals (…, N) -> (…, F, N), in their precision; see `cwt`."""
    return torch.cat([piece.abs() for piece in _pieces(x, scales, wavelet, chunk)]).reshape(*x.shape[:-1], len(scales), x.shape[-1])


def _pieces(x: Tensor, scales: np.ndarray, wavelet: Morse, chunk: int) -> Iterator[Tensor]:
    """Complex (chunk, F, N) in turn."""
    n = x.shape[-1]
    half = n // 2
    flat = x.reshape(-1, n)
    padded = torch.cat([flat[:, :half].flip(-1), flat, flat[:, n - half :].flip(-1)], dim=-1)
    length = padded.shape[-1]
    filters = torch.as_tensor(wavelet.filters(scales, length), dtype=x.dtype, device=x.device)
    for part in torch.split(padded, chunk):
        spectrum = torch.fft.rfft(part)[:, None] * filters
        yield torch.fft.ifft(spectrum, n=length)[..., half : half + n]
