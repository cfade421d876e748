"""GREEN: only the green channel (Verkruysse, Svaasand, and Nelson 2008, doi:10.1364/OE.16.021434)."""

from __future__ import annotations

from torch import Tensor

from fas_rppg.pulse.colours import extractor, relative


@extractor
def green(rgb: Tensor, rate: float) -> Tensor:
    """G / mean(G) - 1. Shapes: (T, 3) -> (T,), (B, T, 3) -> (B, T)."""
    return relative(rgb)[..., 1] - 1
