"""Losses of PhySTD that need no discriminator (Liu and Liu, Eq. 16, 19-22), all float32 scalars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from fas_physttd.physttd.equations import Traces, filtered, total

Reduction: TypeAlias = Literal["mean", "sum"]


def depth_loss(depth: Tensor, target: Tensor) -> Tensor:
    """Mean |M - M0| (Eq. 16 and 22; the printed norm is Frobenius', its text says L1)."""
    return (depth.float() - target.float()).abs().mean()


def prior_loss(traces: Traces, prior: Tensor, beta: float) -> Tensor:
    """Eq. 19 over attacks: P follows where the additive trace is strong, mean |T_A| > beta, and stays out of the prior mask.

    `prior` (B, 1, N, N) is 1 where nothing may be inpainted. The mask of strong traces has no gradient.
    """
    strong = (total(filtered(traces.additive)).abs().mean(1, keepdim=True) > beta).float().detach()
    p = traces.p.float()
    kept_out = (p**2 * prior).flatten(1).sum(1) / prior.flatten(1).sum(1).clamp(min=1)
    return ((p - strong) ** 2).mean() + kept_out.mean()


def size_loss(traces: Traces, rows: Tensor, reduction: Reduction) -> Tensor:
    """Eq. 20 for some records: sum over B, C, T and P of mean squares, or (`sum`) of sums over pixels, averaged over records.

    0 where there is no such record.
    """
    parts: Iterable[Tensor] = (*traces.additive.values(), traces.p)
    if not len(rows):
        return traces.p.new_zeros(())
    squares = [trace[rows].float().square().flatten(1) for trace in parts]
    return torch.stack([(s.mean(1) if reduction == "mean" else s.sum(1)).mean() for s in squares]).sum()


def trace_loss(image: Tensor, live: Tensor, added: Tensor) -> Tensor:
    """Mean |(I - G(I)) - T| with T what was added to make I (Eq. 21): `live` is the reconstruction, `image` and `added` have no gradient."""
    return (image.detach() - live.float() - added.detach()).abs().mean()
