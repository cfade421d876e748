"""Losses beside the heads of polysemantic spoof traces."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class IntensityObjective(nn.Module):
    """Mean |T| a record, summed over streams, times `attacks` for an attack (Eq. 9). Shapes: n of (B, C, N, N), (B,) -> (B,)."""

    def __init__(self, attacks: float) -> None:
        super().__init__()
        self.attacks = attacks

    def forward(self, *traces: Tensor, target: Tensor) -> Tensor:
        size = torch.stack([trace.float().abs().flatten(1).mean(1) for trace in traces]).sum(0)
        return torch.where(target == 1, size, self.attacks * size)
