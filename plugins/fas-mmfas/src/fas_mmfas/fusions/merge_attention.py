"""Merge-attention: one transformer on the concatenated streams (Zheng et al. 2021; Chen et al. 2025, Table 2, MA)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fas_mmfas.fusions.streams import Streams
from fas_mmfas.layers import Block
from fascore import Tokens


class MergeAttentionFusion(nn.Module):
    """Blocks of width 3 D, a linear layer to D, mean over the tokens. Shapes: 3 x (B, N, D), mask (B, 3) -> (B, D)."""

    def __init__(self, signals: Sequence[Tokens], *, depth: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.prefix, width = signals[0].prefix, signals[0].d
        self.streams = Streams(signals)
        self.blocks = nn.Sequential(*(Block(3 * width, heads, ratio) for _ in range(depth)))
        self.project = nn.Linear(3 * width, width)

    def forward(self, *streams: Tensor, mask: Tensor) -> Tensor:
        merged = self.blocks(torch.cat(self.streams(streams, mask), dim=2))
        fused: Tensor = self.project(merged)[:, self.prefix :].mean(1)
        return fused
