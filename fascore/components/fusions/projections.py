"""Shared by the fusions of one width: a stack of projected features, with zeros for absent ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Projections(nn.Module):
    """Projects inputs to one width. Shapes: n x (B, D_i) and mask (B, n) -> (B, n, width), zeros where absent."""

    def __init__(self, widths: Sequence[int], width: int | None) -> None:
        super().__init__()
        self.linears = nn.ModuleList(nn.Identity() if width is None else nn.Linear(d, width) for d in widths)

    def forward(self, features: Sequence[Tensor], mask: Tensor) -> Tensor:
        projected = torch.stack(
            [linear(feature) for linear, feature in zip(self.linears, features, strict=True)], dim=1
        )
        return projected.masked_fill(~mask[:, :, None], 0)
