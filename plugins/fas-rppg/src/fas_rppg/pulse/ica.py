"""ICA: the most periodic of three independent components (Poh, McDuff, and Picard 2010, doi:10.1364/OE.18.010762) by JADE (Cardoso 1999)."""

from __future__ import annotations

import torch
from torch import Tensor

from fas_rppg.pulse.colours import extractor, relative, widened
from fas_rppg.pulse.spectrum import BAND, in_band, power_spectrum

SWEEPS = 30
"""Maximum number of sweeps of Jacobi rotations; three signals need about five."""
SMALL = 1e-6
"""Angle in radians below which a rotation changes nothing."""
PAIRS = ((0, 1), (0, 2), (1, 2))


@extractor
def ica(rgb: Tensor, rate: float) -> Tensor:
    """The component with the largest share of its power, within 40 to 180 beats per minute, at one frequency; unit variance.

    The paper uses the second component, which need not be the pulse if light changes more than blood. Its authors later
    used the largest peak (Poh et al. 2011, doi:10.1109/TBME.2010.2086456), as does this function; light that flickers
    within the band can win. JADE, their method, is deterministic and needs no initial value. The sign makes the pulse
    agree with green. Zero if the colors do not change in three directions. No gradient. Shapes: (T, 3) -> (T,), (B, T,
    3) -> (B, T).
    """
    with torch.no_grad():
        change = widened(relative(rgb) - 1).mT
        change = change - change.mean(-1, keepdim=True)
        components = jade(change)
        power = power_spectrum(components, rate)
        power = torch.where(in_band(power, rate, BAND), power, 0)
        best = (power.amax(-1) / power.sum(-1).clamp_min(torch.finfo(power.dtype).tiny)).argmax(-1)
        pulse = components[torch.arange(len(rgb), device=rgb.device), best]
        return (pulse * torch.where((pulse * change[:, 1]).sum(-1, keepdim=True) < 0, -1, 1)).to(rgb.dtype)


def jade(signals: Tensor) -> Tensor:
    """Independent components of zero-mean signals, (B, 3, T) -> (B, 3, T), unit variance; zero if the signals do not span three directions.

    Whitening, followed by the rotation that best diagonalizes the fourth-order cumulant matrices (Cardoso and
    Souloumiac 1993).
    """
    spread = signals.square().mean(-1, keepdim=True).sqrt()
    signals = signals / torch.where(spread > 0, spread, 1)
    values, vectors = torch.linalg.eigh(signals @ signals.mT / signals.shape[-1])
    full = values[:, :1] > 1e-12
    white = vectors.mT @ signals / torch.where(full, values, 1).sqrt().unsqueeze(-1)
    return torch.where(full.unsqueeze(-1), _joint_rotation(_cumulants(white)).mT @ white, 0)


def _cumulants(white: Tensor) -> Tensor:
    """(B, 6, 3, 3): cov(z_i z_j z, z) - R_ij I - r_i r_j^T - r_j r_i^T with R = I; the mixed ones times sqrt(2)."""
    unit, frames = torch.eye(3).to(white), white.shape[-1]
    matrices = []
    for i in range(3):
        for j in range(i + 1):
            moments = (white[:, i : i + 1] * white[:, j : j + 1] * white) @ white.mT / frames
            outer = unit[i][:, None] * unit[j]
            matrices.append((moments - (i == j) * unit - outer - outer.mT) * (1 if i == j else 2**0.5))
    return torch.stack(matrices, 1)


def _joint_rotation(matrices: Tensor) -> Tensor:
    """(B, 3, 3) orthogonal V for which V^T M V is most diagonal over all M (B, K, 3, 3), by Jacobi rotations."""
    rotation = torch.eye(3).to(matrices).expand(len(matrices), 3, 3)
    for _ in range(SWEEPS):
        largest = 0.0
        for p, q in PAIRS:
            difference = matrices[..., p, p] - matrices[..., q, q]
            both = matrices[..., p, q] + matrices[..., q, p]
            on = (difference.square() - both.square()).sum(1)
            off = 2 * (difference * both).sum(1)
            angle = 0.5 * torch.atan2(off, on + torch.hypot(on, off))
            largest = max(largest, float(angle.abs().max()))
            turn = _plane_rotation(angle, p, q)
            matrices = turn.mT.unsqueeze(1) @ matrices @ turn.unsqueeze(1)
            rotation = rotation @ turn
        if largest < SMALL:
            break
    return rotation


def _plane_rotation(angle: Tensor, p: int, q: int) -> Tensor:
    """(B, 3, 3): rotations by angles (B,) in the plane of axes p and q."""
    turn = torch.eye(3).to(angle).repeat(len(angle), 1, 1)
    turn[:, p, p] = turn[:, q, q] = angle.cos()
    turn[:, q, p], turn[:, p, q] = angle.sin(), -angle.sin()
    return turn
