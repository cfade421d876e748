"""Accuracy of estimated traces per crop: bands of Eq. 9, region P, and live counterpart (Liu and Liu, PhySTD)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from fas_physttd.filters import Bands, lowpass, split

NAMES = ("b", "c", "t")
INPAINTED = 0.5
"""Value of P above which a pixel counts as inpainted."""
FLAT = 1e-4
"""Standard deviation up to which a band counts as constant: 1/40 of a 1/255 step, where rounding errors dominate a correlation."""


class Known(NamedTuple):
    """Truth of R crops: `live` counterpart and `trace` T_A (R, 3, N, N); region `p` and `face` (R, 1, N, N), bool."""

    live: Tensor
    trace: Tensor
    p: Tensor
    face: Tensor


class Estimate(NamedTuple):
    """Estimate for R crops: `trace` T_A and `live` (R, 3, N, N), `p` (R, 1, N, N), and the summands of T_A (Eq. 5) by port, if any."""

    trace: Tensor
    live: Tensor
    p: Tensor | None = None
    parts: Mapping[str, Tensor] | None = None


def measure(known: Known, estimate: Estimate) -> dict[str, Tensor]:
    """Figures of each crop, (R,) float64; NaN if a figure is undefined.

    `r.b`, `r.c`, `r.t`: Pearson correlation between a band of the estimated T_A and of the true T_A, over all channels;
    undefined if either is constant. `l1.b` and so on: mean absolute difference. Both use the pixels of the face where P
    is 0, because T_A is not used where P is 1, and only those that no pixel outside this region influences. `own.b` and
    so on: share of the energy of a summand of T_A, over its three bands in the face, that is in its own band. `iou`:
    intersection over union of P > 0.5, if the true P is not empty. `p`: mean P where the true P is 0. `psnr`: peak
    signal-to-noise ratio of the live counterpart in the face, in decibels; infinite if it is exact.
    """
    figures, region = {}, known.face & ~known.p
    expected, estimated = split(known.trace), split(estimate.trace)
    for name, where, true, guess in zip(NAMES, within(region), expected, estimated, strict=True):
        figures[f"r.{name}"] = _correlation(true, guess, where)
        figures[f"l1.{name}"] = _mean((true - guess).abs(), where)
    for place, name in enumerate(NAMES):
        summand = None if estimate.parts is None or len(estimate.parts) < len(NAMES) else estimate.parts[name]
        figures[f"own.{name}"] = _undefined(known.face) if summand is None else _own(summand, place, known.face)
    if estimate.p is None:
        figures["iou"] = figures["p"] = _undefined(known.face)
    else:
        figures["iou"], figures["p"] = (
            _overlap(known.p & known.face, (estimate.p > INPAINTED) & known.face),
            _mean(estimate.p, region),
        )
    error = _mean((estimate.live.clamp(0, 1) - known.live).double().square(), known.face)
    figures["psnr"] = -10 * error.log10()
    return figures


def within(region: Tensor) -> Bands:
    """Pixels of a region (R, 1, N, N), bool, at which a band depends on pixels of the region only; one mask per band."""
    size, outside = region.shape[-1], (~region).float()
    coarse, middle = (lowpass(outside, size // cells) == 0 for cells in (8, 2))
    return Bands(region & coarse, region & coarse & middle, region & middle)


def _undefined(face: Tensor) -> Tensor:
    return torch.full((len(face),), torch.nan, dtype=torch.float64)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """(R,) mean over the selected pixels and all channels of each crop; NaN if no pixel is selected."""
    weight = where.double().expand_as(values)
    return (values.double() * weight).flatten(1).sum(1) / weight.flatten(1).sum(1)


def _correlation(first: Tensor, second: Tensor, where: Tensor) -> Tensor:
    centered = [values.double() - _mean(values, where)[:, None, None, None] for values in (first, second)]
    variances = [_mean(values.square(), where) for values in centered]
    defined = (variances[0] > FLAT**2) & (variances[1] > FLAT**2)
    return torch.where(
        defined, _mean(centered[0] * centered[1], where) / (variances[0] * variances[1]).sqrt(), torch.nan
    )


def _own(summand: Tensor, place: int, face: Tensor) -> Tensor:
    energies = torch.stack([_mean(band.double().square(), face) for band in split(summand)])
    return energies[place] / energies.sum(0)


def _overlap(true: Tensor, guess: Tensor) -> Tensor:
    both, either = ((true & guess).flatten(1).sum(1).double(), (true | guess).flatten(1).sum(1).double())
    return torch.where(true.flatten(1).any(1), both / either, torch.nan)
