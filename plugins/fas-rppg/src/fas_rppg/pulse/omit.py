"""OMIT: orthogonal matrix image transformation (Álvarez Casado and Bordallo López 2023, Face2PPG, doi:10.1109/JBHI.2023.3307942)."""

from __future__ import annotations

from torch import Tensor

from fas_rppg.pulse.colours import extractor, relative
from fas_rppg.pulse.lgi import green_without


@extractor
def omit(rgb: Tensor, rate: float) -> Tensor:
    """Green row of P X with P = I - q q^T, q the first column of Q in X = QR, X (3, T) = RGB / mean; mean subtracted.

    The first column of Q is the first column of X at unit length, up to the sign: the color of the first frame, as in
    the authors' code. Shapes: (T, 3) -> (T,), (B, T, 3) -> (B, T).
    """
    colors = relative(rgb)
    first = colors[:, 0]
    return green_without(colors, (first / first.norm(dim=1, keepdim=True).clamp_min(1e-12)).unsqueeze(-1))
