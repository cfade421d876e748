"""LGI: green without its part along the dominant direction of color (Pilz et al. 2018, doi:10.1109/CVPRW.2018.00172)."""

from __future__ import annotations

import torch
from torch import Tensor

from fas_rppg.pulse.colours import extractor, relative


@extractor
def lgi(rgb: Tensor, rate: float) -> Tensor:
    """Green row of P X with P = I - u u^T, u the first left singular vector of X (3, T); mean subtracted.

    X is RGB / mean without subtraction of the mean, as in the authors' code: u is nearly gray. Shapes: (T, 3) -> (T,),
    (B, T, 3) -> (B, T).
    """
    colors = relative(rgb)
    direction = torch.linalg.eigh(colors.mT @ colors).eigenvectors[..., -1:]
    return green_without(colors, direction)


def green_without(colors: Tensor, direction: Tensor) -> Tensor:
    """Green of colors (B, T, 3) without their part along unit vectors (B, 3, 1), mean subtracted. Shape (B, T)."""
    rest = colors[..., 1] - (colors @ direction).squeeze(-1) * direction[:, 1]
    return rest - rest.mean(1, keepdim=True)
