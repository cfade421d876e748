"""Layers that the encoder and the fusions share: attention, feed-forward network, pre-norm vision transformer block."""

from __future__ import annotations

from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention


class Attention(nn.Module):
    """Concat(h_1, h_2, ...) W^L with h_i = softmax(q_i k_i^T / sqrt(D / heads)) v_i, eq. 5, 7 and 8.

    W^Q, W^K and W^V, concatenated in `project`, have no bias, and W^L has one: only this choice reproduces all counts
    of Table 2. Shapes: query (B, N, D), key and value (B, M, D), which default to the query -> (B, N, D).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.merge = nn.Linear(width, width)

    def forward(self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None) -> Tensor:
        if key is None or value is None:
            q, k, v = self.project(query).chunk(3, dim=-1)
        else:
            q, k, v = (
                linear(tokens, weight)
                for tokens, weight in zip((query, key, value), self.project.weight.chunk(3), strict=True)
            )
        q, k, v = (rearrange(tokens, "b n (h d) -> b h n d", h=self.heads) for tokens in (q, k, v))
        merged: Tensor = self.merge(rearrange(scaled_dot_product_attention(q, k, v), "b h n d -> b n (h d)"))
        return merged


class FeedForward(nn.Sequential):
    """Linear, GELU, Linear: the D x ratio D x D network of Fig. 4. Shapes: (..., D) -> (..., D)."""

    def __init__(self, width: int, ratio: float) -> None:
        hidden = round(width * ratio)
        super().__init__(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class Block(nn.Module):
    """x + Attn(LN x), then x + FFN(LN x): a ViT block (Dosovitskiy et al. 2021, eq. 2 and 3).

    Shapes: (B, N, D) -> (B, N, D).
    """

    def __init__(self, width: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.feed_norm, self.feed = nn.LayerNorm(width), FeedForward(width, ratio)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        output: Tensor = x + self.feed(self.feed_norm(x))
        return output
