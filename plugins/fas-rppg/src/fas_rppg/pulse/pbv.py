"""PBV: the projection whose covariance with the colors is that of blood (de Haan and van Leest 2014, doi:10.1088/0967-3334/35/9/1913)."""

from __future__ import annotations

import torch
from torch import Tensor

from fas_rppg.pulse.colours import extractor, relative

BLOOD_VOLUME = (0.33, 0.77, 0.53)
"""Relative pulse of R, G, and B under white light (eq. 9 of the paper)."""


@extractor
def pbv(rgb: Tensor, rate: float) -> Tensor:
    """S = C W with W ~ Q^-1 Pbv, Q = C^T C of the relative change C of the colors over the whole clip.

    W has unit length. The diagonal of Q is increased by 1e-9 (float32: 1e-6) of the mean eigenvalue, so that Q has an
    inverse even if colors change in only one or two directions. Shapes: (T, 3) -> (T,), (B, T, 3) -> (B, T).
    """
    change = relative(rgb) - 1
    covariance = change.mT @ change
    scale = covariance.diagonal(dim1=1, dim2=2).mean(1)[:, None, None].clamp_min(torch.finfo(rgb.dtype).tiny)
    share = 1e-9 if rgb.dtype == torch.float64 else 1e-6
    blood = rgb.new_tensor(BLOOD_VOLUME)[:, None].expand(len(rgb), 3, 1)
    weights = torch.linalg.solve(covariance / scale + share * torch.eye(3).to(rgb), blood)
    return (change @ (weights / weights.norm(dim=1, keepdim=True))).squeeze(-1)
