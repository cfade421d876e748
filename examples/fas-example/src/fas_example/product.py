"""Low-rank bilinear fusion (Kim et al. 2017, "Hadamard product for low-rank bilinear pooling")."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ProductFusion(nn.Module):
    """f = tanh(U_1 x_1) * ... * tanh(U_n x_n). Shapes: n x (B, D_i) -> (B, width)."""

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Linear(d, width) for d in widths)

    def forward(self, *features: Tensor) -> Tensor:
        return torch.stack([project(feature).tanh() for project, feature in zip(self.project, features)]).prod(0)
