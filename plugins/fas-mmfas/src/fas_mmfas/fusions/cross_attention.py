"""Cross-attention: each stream attends to the others' tokens (ViLBERT, Lu et al. 2019; CA in Chen et al. 2025)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fas_mmfas.fusions.streams import Streams, mean_of_present
from fas_mmfas.layers import Attention, FeedForward
from fascore import Tokens


class CrossLayer(nn.Module):
    """Self-attention, attention to the tokens of the other streams with the same layer norm, feed-forward network.

    Shapes: own stream (B, N, D) and M tokens of the others (B, M, D) -> (B, N, D).
    """

    def __init__(self, width: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.own_norm, self.own = nn.LayerNorm(width), Attention(width, heads)
        self.cross_norm, self.cross = nn.LayerNorm(width), Attention(width, heads)
        self.feed_norm, self.feed = nn.LayerNorm(width), FeedForward(width, ratio)

    def forward(self, x: Tensor, others: Tensor) -> Tensor:
        x = x + self.own(self.own_norm(x))
        context = self.cross_norm(others)
        x = x + self.cross(self.cross_norm(x), context, context)
        output: Tensor = x + self.feed(self.feed_norm(x))
        return output


class CrossAttentionFusion(nn.Module):
    """All streams pass through a layer in parallel; each attends to the other streams' outputs of the previous layer.

    Shapes: 3 x (B, N, D), mask (B, 3) -> (B, D).
    """

    def __init__(self, signals: Sequence[Tokens], *, depth: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.prefix = signals[0].prefix
        self.streams = Streams(signals)
        self.layers = nn.ModuleList(
            nn.ModuleList(CrossLayer(signal.d, heads, ratio) for signal in signals) for _ in range(depth)
        )

    def forward(self, *streams: Tensor, mask: Tensor) -> Tensor:
        states: Sequence[Tensor] = self.streams(streams, mask)
        for layers in self.layers:
            assert isinstance(layers, nn.ModuleList)
            states = [
                layer(states[i], torch.cat([*states[:i], *states[i + 1 :]], dim=1)) for i, layer in enumerate(layers)
            ]
        return mean_of_present(states, mask, self.prefix)
