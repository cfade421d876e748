"""Switch-attention: the streams switch roles as query, key and value in each layer (Chen et al. 2025, eq. 5-8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from fas_mmfas.fusions.streams import Streams, mean_of_present
from fas_mmfas.layers import Attention, FeedForward
from fascore import Tokens


class SwitchLayer(nn.Module):
    """One layer l. Shapes: three streams (B, N, D) -> the new first stream (B, N, D).

    x = F_rgb + SelfAttn(LN F_rgb), unless omitted; F_1, F_2, F_3 = the streams, rotated left by l mod 3; then
    x + Attn(LN F_1, LN F_2, LN F_3) and x + FFN(LN x). `places` are the indices of F_1, F_2 and F_3 among the streams.
    """

    def __init__(
        self, width: int, places: tuple[int, ...], *, heads: int, ratio: float, self_attn: bool, residual_of_query: bool
    ) -> None:
        super().__init__()
        self.places, self.residual = places, places[0] if residual_of_query else 0
        self.own_norm = nn.LayerNorm(width) if self_attn else None
        self.own = Attention(width, heads) if self_attn else None
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.switched = Attention(width, heads)
        self.feed_norm, self.feed = nn.LayerNorm(width), FeedForward(width, ratio)

    def forward(self, streams: Sequence[Tensor]) -> Tensor:
        first, *others = streams
        if self.own is not None and self.own_norm is not None:
            first = first + self.own(self.own_norm(first))
        streams = (first, *others)
        query, key, value = (norm(streams[place]) for norm, place in zip(self.norms, self.places, strict=True))
        x = streams[self.residual] + self.switched(query, key, value)
        output: Tensor = x + self.feed(self.feed_norm(x))
        return output


class SwitchAttentionFusion(nn.Module):
    """Layers that change the first stream only, then (F_rgb + F_depth + F_ir) / 3.

    Shapes: 3 x (B, N, D), mask (B, 3) -> (B, D).

    Without the first stream the mean covers only the others, and the layers have no effect, unless `first_absent` is
    `fused`.
    """

    def __init__(
        self,
        signals: Sequence[Tokens],
        *,
        depth: int,
        heads: int,
        ratio: float,
        order: str,
        self_attn: bool,
        residual: Literal["rgb", "query"],
        first_absent: Literal["left_out", "fused"],
    ) -> None:
        super().__init__()
        self.prefix = signals[0].prefix
        self.fuses_absent = first_absent == "fused"
        self.streams = Streams(signals, () if self.fuses_absent else (0,))
        start = tuple("RDI".index(letter) for letter in order)
        self.layers = nn.ModuleList(
            SwitchLayer(
                signals[0].d,
                rotated(start, layer),
                heads=heads,
                ratio=ratio,
                self_attn=self_attn,
                residual_of_query=residual == "query",
            )
            for layer in range(depth)
        )

    def forward(self, *streams: Tensor, mask: Tensor) -> Tensor:
        first, *others = self.streams(streams, mask)
        for layer in self.layers:
            first = layer((first, *others))
        included = torch.cat([mask.any(1, keepdim=True), mask[:, 1:]], dim=1) if self.fuses_absent else mask
        return mean_of_present((first, *others), included, self.prefix)


def rotated(places: tuple[int, ...], layer: int) -> tuple[int, ...]:
    """The switch F' << (l % 3): places rotated left once per layer."""
    shift = layer % len(places)
    return places[shift:] + places[:shift]
