"""Concatenation and one linear layer (Yu et al. 2024, eq. 3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fas_joint.fusions.choices import Activation, Normalization

ACTIVATIONS = {"none": nn.Identity, "relu": nn.ReLU, "gelu": nn.GELU}


class ConcatFusion(nn.Module):
    """F_fuse = ReLU(Linear(Concat(F_1, ..., F_n))), eq. 3.

    Dropout before the layer and a norm after it are as in the release.

    Shapes: n x (B, D_i) -> (B, width).
    """

    def __init__(
        self, widths: Sequence[int], width: int, *, dropout: float, norm: Normalization, activation: Activation
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(sum(widths), width)
        self.norm = (
            nn.BatchNorm1d(width) if norm == "batch" else nn.LayerNorm(width) if norm == "layer" else nn.Identity()
        )
        self.activation = ACTIVATIONS[activation]()

    def forward(self, *features: Tensor) -> Tensor:
        linear = self.project(self.dropout(torch.cat(features, dim=1)))
        fused: Tensor = self.activation(self.norm(linear))
        return fused
