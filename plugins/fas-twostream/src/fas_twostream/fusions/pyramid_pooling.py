"""The pyramid pooling module (PPM; Zhao et al. 2017, section 3.2 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate


class PyramidPoolingLevel(nn.Module):
    """The context of one map on several grids. Shapes: (B, C, H, W) -> (B, C, H, W).

    Without its nonlinearities it would add nothing to the map's average, which pooling, upsampling and linear layers
    preserve.
    """

    def __init__(self, channels: int, bins: Sequence[int]) -> None:
        super().__init__()
        self.bins = tuple(bins)
        reduced = channels // len(self.bins)
        self.reduce = nn.ModuleList(_convolution(channels, reduced, 1) for _ in self.bins)
        self.merge = _convolution(channels + reduced * len(self.bins), channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        context = [
            interpolate(reduce(adaptive_avg_pool2d(x, side)), size=size, mode="bilinear", align_corners=False)
            for side, reduce in zip(self.bins, self.reduce, strict=True)
        ]
        merged: Tensor = self.merge(torch.cat([x, *context], dim=1))
        return merged


class PyramidPoolingModule(nn.Module):
    """Every level is pooled and averaged over its positions; the results are concatenated.

    Shapes: L x (B, C_i, H_i, W_i) -> (B, sum C_i).
    """

    def __init__(self, widths: Sequence[int], bins: Sequence[int]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(PyramidPoolingLevel(width, bins) for width in widths)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        return torch.cat([pool(level).mean((-2, -1)) for pool, level in zip(self.levels, levels, strict=True)], dim=1)


def _convolution(inputs: int, outputs: int, side: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
