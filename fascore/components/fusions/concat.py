"""Concatenation in which a learned vector replaces an absent input."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ConcatFusion(nn.Module):
    """Linear(cat(F_1, ..., F_n)); F_i is a learned vector if input i is absent.

    Shapes: n x (B, D_i) -> (B, sum D_i) or (B, width).
    """

    def __init__(self, widths: Sequence[int], width: int | None) -> None:
        super().__init__()
        self.absent = nn.ParameterList(torch.zeros(d) for d in widths)
        self.project = nn.Identity() if width is None else nn.Linear(sum(widths), width)

    def forward(self, *features: Tensor, mask: Tensor) -> Tensor:
        filled = [
            torch.where(mask[:, i, None], feature, self.absent[i].to(feature.dtype))
            for i, feature in enumerate(features)
        ]
        fused: Tensor = self.project(torch.cat(filled, dim=1))
        return fused
