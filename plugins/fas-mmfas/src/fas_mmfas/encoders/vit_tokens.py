"""Tokens of a picture by a vision transformer with fixed positions (SimpleViT, Beyer et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import pad

from fas_mmfas.layers import Block

if TYPE_CHECKING:
    from fas_mmfas.encoders import VitTokens
    from fascore import Image, Plane


class VitTokensEncoder(nn.Module):
    """Shapes: (B, C, H, W) -> (B, H W / patch^2, D), the patches by rows."""

    positions: Tensor

    def __init__(self, config: VitTokens, picture: Image | Plane) -> None:
        super().__init__()
        self.patch = config.patch
        self.channels = config.channels if picture.c == 1 and config.channels else picture.c
        pixels = self.channels * config.patch**2
        self.embed = nn.Sequential(nn.LayerNorm(pixels), nn.Linear(pixels, config.width), nn.LayerNorm(config.width))
        self.blocks = nn.Sequential(*(Block(config.width, config.heads, config.ratio) for _ in range(config.depth)))
        code = position_code(picture.h // config.patch, picture.w // config.patch, config.width)
        self.register_buffer("positions", code, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(-1, self.channels, -1, -1)
        patches = rearrange(x, "b c (h p) (w q) -> b (h w) (p q c)", p=self.patch, q=self.patch)
        tokens: Tensor = self.blocks(self.embed(patches) + self.positions)
        return tokens


def position_code(height: int, width: int, channels: int) -> Tensor:
    """sin and cos of x, then of y, at frequencies 10000^(-i / (K - 1)), i = 0 ... K - 1 with K = channels // 4; zeros behind them.

    Shape: (height * width, channels), places by rows.
    """
    count = channels // 4
    frequencies = 10_000.0 ** -(torch.arange(count) / (count - 1))
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    angles = [axis.flatten()[:, None] * frequencies for axis in (x, y)]
    code = torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)
    return pad(code, (0, channels - 4 * count))
