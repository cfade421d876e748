"""LGI: what is left of green where the dominant direction of color is taken away (Pilz et al. 2018, doi:10.1109/CVPRW.2018.00172)."""

from __future__ import annotations

import torch
from torch import Tensor

from fas_rppg.pulse.colours import extractor, relative


@extractor
def lgi(rgb: Tensor, rate: float) -> Tensor:
    """Green row of P X with P = I - u u^T, u the first left singular vector of X (3, T); without its mean.

    X is RGB / mean, its mean not taken away, as in the authors' code: u is nearly gray. Shapes: (T, 3) -> (T,), (B, T, 3) -> (B, T).
    """
    colours = relative(rgb)
    direction = torch.linalg.eigh(colours.mT @ colours).eigenvectors[..., -1:]
    return green_without(colours, direction)


def green_without(colours: Tensor, direction: Tensor) -> Tensor:
    """Green of colors (B, T, 3) from which their part along unit vectors (B, 3, 1) is taken, without its mean. Shape (B, T)."""
    left = colours[..., 1] - (colours @ direction).squeeze(-1) * direction[:, 1]
    return left - left.mean(1, keepdim=True)
