"""Denoising and style, two of the improvements that the paper explores (section 4.5, Table 6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

WIDTHS = (16, 32, 64)
STYLED = (16, 16)
"""Channels of the shallow maps whose Gram matrices are computed: levels 1 and 2."""


class Restoration(nn.Module):
    """A U-Net with three scales that restores a picture. Shapes: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.down = nn.ModuleList([_step(channels, fine), _step(fine, middle), _step(middle, coarse)])
        self.up = nn.ModuleList([_step(coarse + middle, middle), _step(middle + fine, fine)])
        self.out = nn.Conv2d(fine, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.down[0](x)]
        for step in list(self.down)[1:]:
            maps.append(step(nn.functional.max_pool2d(maps[-1], 2, ceil_mode=True)))
        x = maps.pop()
        for step in self.up:
            skip = maps.pop()
            x = step(torch.cat([interpolate(x, size=skip.shape[-2:], mode="nearest"), skip], dim=1))
        restored: Tensor = self.out(x)
        return restored


class Style(nn.Module):
    """The upper triangles of the Gram matrices of shallow maps, then a linear layer (Gatys et al. 2016).

    Shapes: at least 2 x (B, 16, H, W) -> (B, D).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(sum(c * (c + 1) // 2 for c in STYLED), width)

    def forward(self, maps: list[Tensor]) -> Tensor:
        projected: Tensor = self.project(torch.cat([upper_gram(level) for level in maps[: len(STYLED)]], dim=1))
        return projected


def upper_gram(maps: Tensor) -> Tensor:
    """(B, C (C + 1) / 2): mean over positions of the products of channels i and j, i <= j, in row order."""
    flat = maps.flatten(2)
    gram = flat @ flat.transpose(1, 2) / flat.shape[2]
    row, column = torch.triu_indices(maps.shape[1], maps.shape[1])
    return gram[:, row, column]


def _step(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
