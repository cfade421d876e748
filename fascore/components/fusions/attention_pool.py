"""Pooling by attention from one learned query (Lee et al. 2019, Set Transformer)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class AttentionPoolFusion(nn.Module):
    """Multihead(s, F, F) with one learned seed s: PMA of Lee et al. 2019, eq. 11, without its feed-forward layers.

    Shapes: n inputs of (B, N_i, D_i) or (B, D_i), and mask (B, n) -> (B, width). Absent inputs are not keys.
    """

    def __init__(self, widths: Sequence[int], width: int, *, heads: int, project: bool) -> None:
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(d, width) if project else nn.Identity() for d in widths)
        self.seed = nn.Parameter(torch.randn(1, 1, width) * width**-0.5)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, *features: Tensor, mask: Tensor) -> Tensor:
        tokens = [
            linear(feature if feature.ndim == 3 else feature[:, None])
            for linear, feature in zip(self.linears, features, strict=True)
        ]
        absent = torch.cat([~mask[:, i, None].expand(-1, group.shape[1]) for i, group in enumerate(tokens)], dim=1)
        keys = torch.cat(tokens, dim=1).masked_fill(absent[:, :, None], 0)
        pooled, _ = self.attention(
            self.seed.to(keys.dtype).expand(len(keys), -1, -1), keys, keys, key_padding_mask=absent, need_weights=False
        )
        return torch.as_tensor(pooled[:, 0])
