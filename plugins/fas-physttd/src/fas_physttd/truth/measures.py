"""How near estimated traces come to true ones, crop by crop: bands of Eq. 9, region P, live counterpart (Liu and Liu, PhySTD)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from fas_physttd.filters import Bands, lowpass, split

NAMES = ("b", "c", "t")
INPAINTED = 0.5
"""P above which a pixel counts as inpainted."""
FLAT = 1e-4
"""Standard deviation up to which a band counts as constant: a fortieth of a step of 1/255, where a correlation is one of rounding errors."""


class Known(NamedTuple):
    """What is true of R crops: `live` counterpart and `trace` T_A (R, 3, N, N), region `p` and the `face` (R, 1, N, N) bool."""

    live: Tensor
    trace: Tensor
    p: Tensor
    face: Tensor


class Estimate(NamedTuple):
    """What is said of R crops: `trace` T_A and `live` (R, 3, N, N), `p` (R, 1, N, N), and T_A's summands of Eq. 5 by port, where there are any."""

    trace: Tensor
    live: Tensor
    p: Tensor | None = None
    parts: Mapping[str, Tensor] | None = None


def measure(known: Known, estimate: Estimate) -> dict[str, Tensor]:
    """Figures of each crop, (R,) float64, NaN where there is none.

    `r.b`, `r.c`, `r.t`: Pearson's correlation of a band of the estimated with that of the true T_A, channels together; none where
    either is constant. `l1.b` and so on: mean absolute difference. Both where P is 0 in the face, since T_A is not used where P is 1,
    and where nothing from outside reaches. `own.b` and so on: share of the energy of a summand of T_A, over its three bands in the face, that
    is in its own band. `iou`: of P above one half, where the true P is not empty. `p`: mean P where the true P is 0. `psnr`: of the live
    counterpart in the face, decibel, infinite where it is exact.
    """
    figures, region = {}, known.face & ~known.p
    wanted, estimated = split(known.trace), split(estimate.trace)
    for name, where, true, said in zip(NAMES, within(region), wanted, estimated, strict=True):
        figures[f"r.{name}"], figures[f"l1.{name}"] = _correlation(true, said, where), _mean((true - said).abs(), where)
    for place, name in enumerate(NAMES):
        summand = None if estimate.parts is None or len(estimate.parts) < len(NAMES) else estimate.parts[name]
        figures[f"own.{name}"] = _nothing(known.face) if summand is None else _own(summand, place, known.face)
    if estimate.p is None:
        figures["iou"] = figures["p"] = _nothing(known.face)
    else:
        figures["iou"], figures["p"] = (
            _overlap(known.p & known.face, (estimate.p > INPAINTED) & known.face),
            _mean(estimate.p, region),
        )
    error = _mean((estimate.live.clamp(0, 1) - known.live).double().square(), known.face)
    figures["psnr"] = -10 * error.log10()
    return figures


def within(region: Tensor) -> Bands:
    """Pixels of a region (R, 1, N, N) at which a band is a function of the region's pixels alone, bool, by band."""
    size, outside = region.shape[-1], (~region).float()
    coarse, middle = (lowpass(outside, size // cells) == 0 for cells in (8, 2))
    return Bands(region & coarse, region & coarse & middle, region & middle)


def _nothing(face: Tensor) -> Tensor:
    return torch.full((len(face),), torch.nan, dtype=torch.float64)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """(R,) over the pixels and channels of each crop; NaN where there is no pixel."""
    weight = where.double().expand_as(values)
    return (values.double() * weight).flatten(1).sum(1) / weight.flatten(1).sum(1)


def _correlation(first: Tensor, second: Tensor, where: Tensor) -> Tensor:
    centred = [values.double() - _mean(values, where)[:, None, None, None] for values in (first, second)]
    variances = [_mean(values.square(), where) for values in centred]
    defined = (variances[0] > FLAT**2) & (variances[1] > FLAT**2)
    return torch.where(defined, _mean(centred[0] * centred[1], where) / (variances[0] * variances[1]).sqrt(), torch.nan)


def _own(summand: Tensor, place: int, face: Tensor) -> Tensor:
    energies = torch.stack([_mean(band.double().square(), face) for band in split(summand)])
    return energies[place] / energies.sum(0)


def _overlap(true: Tensor, said: Tensor) -> Tensor:
    both, either = ((true & said).flatten(1).sum(1).double(), (true | said).flatten(1).sum(1).double())
    return torch.where(true.flatten(1).any(1), both / either, torch.nan)
