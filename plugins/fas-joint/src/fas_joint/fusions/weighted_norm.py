"""Weighted normalization fusion of appearance and pulse features (Yu et al. 2024, section III-C)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class WeightedNorm(nn.Module):
    """F^ = theta LN(F) + (1 - theta) BN(F), eq. 4.

    Layer norm computes its statistics over the channels of a sample, batch norm over the batch for each channel.
    Shapes: (B, D) -> (B, D).
    """

    def __init__(self, width: int, theta: float, eps: float = 1e-6) -> None:
        super().__init__()
        self.theta = theta
        self.layer_norm = nn.LayerNorm(width, eps=eps)
        self.batch_norm = nn.BatchNorm1d(width, eps=eps)

    def forward(self, feature: Tensor) -> Tensor:
        over_channels = self.layer_norm(feature)
        return torch.lerp(self.batch_norm(feature).to(over_channels.dtype), over_channels, self.theta)


class WeightedNormFusion(nn.Module):
    """F_fuse = ReLU(Linear(Concat(F^_1, ..., F^_n))), eq. 3 after eq. 4. Shapes: n x (B, D_i) -> (B, width)."""

    def __init__(
        self, widths: Sequence[int], width: int, *, theta: float, eps: float, dropout: float, norm_fused: bool
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(WeightedNorm(d, theta, eps) for d in widths)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(sum(widths), width)
        self.norm_fused = WeightedNorm(width, theta, eps) if norm_fused else nn.Identity()

    def forward(self, *features: Tensor) -> Tensor:
        normed = [norm(feature) for norm, feature in zip(self.norms, features, strict=True)]
        fused: Tensor = self.norm_fused(self.project(self.dropout(torch.cat(normed, dim=1))))
        return fused.relu()
