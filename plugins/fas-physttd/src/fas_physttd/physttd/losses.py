"""Losses of PhySTD without discriminators (Liu and Liu, Eq. 16, 19-22), all float32 scalars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from fas_physttd.physttd.equations import Traces, total

Reduction: TypeAlias = Literal["mean", "sum"]
DepthNorm: TypeAlias = Literal["l1", "frobenius"]


def depth_loss(depth: Tensor, target: Tensor, norm: DepthNorm = "l1") -> Tensor:
    """Mean |M - M0|, as in the text on Eq. 16 and 22, or ||M - M0||_F / K^2 per record, as the equations are printed."""
    difference = depth.float() - target.float()
    if norm == "l1":
        return difference.abs().mean()
    return difference.square().flatten(1).sum(1).add(1e-8).sqrt().mean() / difference[0].numel()


def prior_loss(traces: Traces, prior: Tensor, beta: float, channels: Reduction = "mean") -> Tensor:
    """Eq. 19 over attacks: P follows strong additive traces, mean |T_A| > beta, and stays out of the prior mask.

    `prior` (B, 1, N, N) is 1 where nothing may be inpainted. `channels` selects the mean or the sum of |T_A| over
    channels. The mask of strong traces has no gradient.
    """
    strength = total(traces.parts).abs()
    strong = (
        ((strength.mean(1, keepdim=True) if channels == "mean" else strength.sum(1, keepdim=True)) > beta)
        .float()
        .detach()
    )
    p = traces.p.float()
    forbidden = (p**2 * prior).flatten(1).sum(1) / prior.flatten(1).sum(1).clamp(min=1)
    return ((p - strong) ** 2).mean() + forbidden.mean()


def size_loss(traces: Traces, rows: Tensor, reduction: Reduction) -> Tensor:
    """Eq. 20 for some records: mean squares, or (`sum`) sums over pixels, added over B, C, T, and P and averaged over records.

    0 if `rows` is empty.
    """
    parts: Iterable[Tensor] = (*traces.additive.values(), traces.p)
    if not len(rows):
        return traces.p.new_zeros(())
    squares = [trace[rows].float().square().flatten(1) for trace in parts]
    return torch.stack([(s.mean(1) if reduction == "mean" else s.sum(1)).mean() for s in squares]).sum()


def trace_loss(image: Tensor, live: Tensor, added: Tensor) -> Tensor:
    """Mean |(I - G(I)) - T| (Eq. 21). T (`added`) is what was added to make I (`image`), both without gradient; `live` is G(I)."""
    return (image.detach() - live.float() - added.detach()).abs().mean()
