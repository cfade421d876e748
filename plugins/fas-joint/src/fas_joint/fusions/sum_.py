"""Sum of features. The file is not named `sum`, which would shadow the builtin in the package."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class SumFusion(nn.Module):
    """F = sum_i F_i; features of a different width are projected first. Shapes: n x (B, D_i) -> (B, width)."""

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Identity() if d == width else nn.Linear(d, width, bias=False) for d in widths)

    def forward(self, *features: Tensor) -> Tensor:
        return torch.stack([project(feature) for project, feature in zip(self.project, features, strict=True)]).sum(0)
