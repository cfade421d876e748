"""Tokens of a picture from a vision transformer with fixed position codes (SimpleViT, Beyer et al. 2022)."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import pad

from fas_mmfas.layers import Block
from fascore import Image, Plane


class VitTokensEncoder(nn.Module):
    """Shapes: (B, C, H, W) -> (B, H W / patch^2, D), with the patches in row order."""

    positions: Tensor

    def __init__(
        self,
        picture: Image | Plane,
        *,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        ratio: float,
        channels: int | None,
    ) -> None:
        """`channels` is the number to which a single channel of the input is repeated; None leaves it unchanged."""
        super().__init__()
        self.patch = patch
        self.channels = channels if picture.c == 1 and channels else picture.c
        pixels = self.channels * patch**2
        self.embed = nn.Sequential(nn.LayerNorm(pixels), nn.Linear(pixels, width), nn.LayerNorm(width))
        self.blocks = nn.Sequential(*(Block(width, heads, ratio) for _ in range(depth)))
        code = position_code(picture.h // patch, picture.w // patch, width)
        self.register_buffer("positions", code, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(-1, self.channels, -1, -1)
        patches = rearrange(x, "b c (h p) (w q) -> b (h w) (p q c)", p=self.patch, q=self.patch)
        tokens: Tensor = self.blocks(self.embed(patches) + self.positions)
        return tokens


def position_code(height: int, width: int, channels: int) -> Tensor:
    """sin and cos of x, then of y, at frequencies 10000^(-i / (K - 1)), i = 0 to K - 1, padded with zeros.

    K = channels // 4. Shape: (height * width, channels), with the positions in row order.
    """
    count = channels // 4
    frequencies = 10_000.0 ** -(torch.arange(count) / (count - 1))
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    angles = [axis.flatten()[:, None] * frequencies for axis in (x, y)]
    code = torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)
    return pad(code, (0, channels - 4 * count))
