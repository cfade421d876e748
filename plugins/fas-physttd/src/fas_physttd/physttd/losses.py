"""Losses of PhySTD that need no discriminator (Liu and Liu, Eq. 16, 19-22), all float32 scalars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from fas_physttd.physttd.equations import Traces, total

Reduction: TypeAlias = Literal["mean", "sum"]
DepthNorm: TypeAlias = Literal["l1", "frobenius"]


def depth_loss(depth: Tensor, target: Tensor, norm: DepthNorm = "l1") -> Tensor:
    """Mean |M - M0|, as the text of Eq. 16 and 22 says, or ||M - M0||_F / K^2 a record, as they are printed."""
    difference = depth.float() - target.float()
    if norm == "l1":
        return difference.abs().mean()
    return difference.square().flatten(1).sum(1).add(1e-8).sqrt().mean() / difference[0].numel()


def prior_loss(traces: Traces, prior: Tensor, beta: float, channels: Reduction = "mean") -> Tensor:
    """Eq. 19 over attacks: P follows where the additive trace is strong, mean |T_A| > beta, and stays out of the prior mask.

    `prior` (B, 1, N, N) is 1 where nothing may be inpainted; `channels` may take the sum of |T_A| over them in place of the mean.
    The mask of strong traces has no gradient.
    """
    strength = total(traces.parts).abs()
    strong = (
        ((strength.mean(1, keepdim=True) if channels == "mean" else strength.sum(1, keepdim=True)) > beta)
        .float()
        .detach()
    )
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
