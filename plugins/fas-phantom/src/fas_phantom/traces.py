"""The bands of a spoof trace (Liu and Liu, Physics-Guided Spoof Trace Disentanglement, Eq. 5)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fas_phantom.canvas import Field


class Bands(NamedTuple):
    """Traces (N, N, C) with T_A = lowpass(B, N/8) + lowpass(C, N/2) + T: B is coarse, C medium, and T fine."""

    b: Field
    c: Field
    t: Field

    @property
    def parts(self) -> tuple[Field, Field, Field]:
        """The three summands of the trace."""
        size = self.b.shape[0]
        return lowpass(self.b, size // 8), lowpass(self.c, size // 2), self.t


def bands(trace: Field) -> Bands:
    """Return the bands of a trace (N, N, C), which satisfy Eq. 5 exactly.

    B := T_A, C := T_A - lowpass(B), T := T_A - lowpass(B) - lowpass(C).
    """
    size = trace.shape[0]
    c = trace - lowpass(trace, size // 8)
    return Bands(trace, c, c - lowpass(c, size // 2))


def lowpass(image: Field, count: int) -> Field:
    """Average an image (N, N) or (N, N, C) to `count` x `count` cells and interpolate linearly back to N x N."""
    operator = _operator(image.shape[0], count)
    return (
        np.moveaxis(np.asarray(operator @ np.moveaxis(image, -1, 0) @ operator.T), 0, -1)
        if image.ndim == 3
        else operator @ image @ operator.T
    )


@lru_cache(maxsize=16)
def _operator(size: int, count: int) -> Field:
    """(size, size): adaptive average pooling to `count` cells on one axis, then interpolation (align_corners=False)."""
    cells = np.arange(count)
    first, last = cells * size // count, -(-(cells + 1) * size // count)
    places = np.arange(size)
    pool = ((places >= first[:, None]) & (places < last[:, None])) / (last - first)[:, None]
    at = np.clip((places + 0.5) * count / size - 0.5, 0, count - 1)
    spread = np.clip(1 - np.abs(at[:, None] - cells), 0, None)
    return (spread @ pool).astype(np.float32)
