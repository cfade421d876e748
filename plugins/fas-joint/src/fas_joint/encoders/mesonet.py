"""MesoInception-4 (Afchar et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

KERAS_EPS, KERAS_MOMENTUM = 1e-3, 0.01
"""The publication uses the batch norm defaults of Keras; their momentum of 0.99 is 1 - 0.99 in torch."""


class Inception(nn.Module):
    """Four branches side by side: 1 x 1, and 3 x 3 with dilation 1, 2 and 3.

    Shapes: (B, C, H, W) -> (B, a + b + c + d, H, W).
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.plain = nn.Conv2d(channels, widths[0], 1)
        self.dilated = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, d, 1), nn.ReLU(), nn.Conv2d(d, d, 3, padding=dilation, dilation=dilation))
            for dilation, d in enumerate(widths[1:], start=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.plain(x), *(branch(x) for branch in self.dilated)], dim=1).relu()


def _normed(channels: int, pool: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels, eps=KERAS_EPS, momentum=KERAS_MOMENTUM), nn.MaxPool2d(pool, ceil_mode=True)]


class MesoNetEncoder(nn.Module):
    """Two inception layers, two 5 x 5 convolutions, one dense layer. Shapes: (B, C, H, W) in [0, 1] -> (B, 16).

    `size` is the size of the last map: each side is 1/32 of the input's, rounded up.
    """

    def __init__(self, channels: int, size: tuple[int, int], *, dropout: float) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            Inception(channels, (1, 4, 4, 2)),
            *_normed(11, 2),
            Inception(11, (2, 4, 4, 2)),
            *_normed(12, 2),
            nn.Conv2d(12, 16, 5, padding=2),
            nn.ReLU(),
            *_normed(16, 2),
            nn.Conv2d(16, 16, 5, padding=2),
            nn.ReLU(),
            *_normed(16, 4),
        )
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(16 * size[0] * size[1], 16), nn.LeakyReLU(0.1)
        )

    def forward(self, x: Tensor) -> Tensor:
        feature: Tensor = self.dense(self.maps(x))
        return feature
