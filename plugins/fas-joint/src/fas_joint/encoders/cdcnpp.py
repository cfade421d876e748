"""CDCN++ (Yu et al., Searching Central Difference Convolutional Networks, CVPR 2020)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

WIDTHS = ((128, 204, 128), (153, 128, 179, 128), (128, 153, 128))
"""Output channels of the convolutions in the three blocks that the architecture search found.

They are 128 times 1.6, 1.2, 1.4 and 1.2, rounded down.
"""
ATTENTION = (7, 5, 3)
"""Kernel sizes of spatial attention at the three scales (section 3.3)."""


class CentralDifference(nn.Module):
    """y(p) = sum_n w_n x(p + p_n) - theta x(p) sum_n w_n, eq. 5, 3 x 3. Shapes: (B, C, H, W) -> (B, D, H, W)."""

    def __init__(self, channels: int, width: int, theta: float) -> None:
        super().__init__()
        self.theta = theta
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        center = self.conv.weight.sum((2, 3), keepdim=True)
        vanilla: Tensor = self.conv(x)
        return vanilla - self.theta * conv2d(x, center)


class SpatialAttention(nn.Module):
    """F * sigmoid(conv([mean over channels, maximum over channels])), eq. 6. Shapes: (B, C, H, W) -> the same."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate: Tensor = self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1))
        return x * gate.sigmoid()


def _layers(widths: tuple[int, ...], theta: float) -> list[nn.Module]:
    return [
        layer for c, d in pairwise(widths) for layer in (CentralDifference(c, d, theta), nn.BatchNorm2d(d), nn.ReLU())
    ]


class CdcnppEncoder(nn.Module):
    """Three blocks, each with attention and resized to S x S, then two convolutions to one map.

    Shapes: (B, C, H, W) -> (B, 1, S, S).
    """

    def __init__(self, channels: int, *, theta: float, map_size: int, is_image: bool) -> None:
        super().__init__()
        self.map_size, self.is_image = map_size, is_image
        self.stem = nn.Sequential(*_layers((channels, 64), theta))
        starts = (64, WIDTHS[0][-1], WIDTHS[1][-1])
        self.blocks = nn.ModuleList(
            nn.Sequential(*_layers((start, *widths), theta), nn.MaxPool2d(3, 2, 1))
            for start, widths in zip(starts, WIDTHS, strict=True)
        )
        self.attention = nn.ModuleList(SpatialAttention(kernel) for kernel in ATTENTION)
        self.last = nn.Sequential(
            *_layers((sum(widths[-1] for widths in WIDTHS), 128), theta), CentralDifference(128, 1, theta), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem((x * 255 - 127.5) / 128 if self.is_image else x)
        scales = []
        for block, attention in zip(self.blocks, self.attention, strict=True):
            x = block(x)
            scales.append(interpolate(attention(x), (self.map_size, self.map_size), mode="bilinear"))
        depth: Tensor = self.last(torch.cat(scales, dim=1))
        return depth
