"""The feature pyramid module (FPM) in both directions (sections 3.2 and 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d, interpolate

from fas_twostream.fusions.choices import Direction


class FeaturePyramidModule(nn.Module):
    """P_i = L_i(C_i) + resize(P_(i+1)), or + pool(P_(i-1)), where L_i is a 1x1 convolution and batch norm.

    Shapes: L x (B, C_i, H_i, W_i) -> L x (B, C, H_i, W_i).

    Upsampling uses the nearest pixel, and pooling uses the maximum. If each level halves the side, both have a factor
    of 2.
    """

    def __init__(self, widths: Sequence[int], channels: int, direction: Direction) -> None:
        super().__init__()
        self.direction = direction
        self.lateral = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, channels, 1, bias=False), nn.BatchNorm2d(channels)) for width in widths
        )

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        maps: list[Tensor] = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        if self.direction == "top_down":
            for index in range(len(maps) - 2, -1, -1):
                maps[index] = maps[index] + interpolate(maps[index + 1], size=maps[index].shape[-2:], mode="nearest")
        elif self.direction == "bottom_up":
            for index in range(1, len(maps)):
                maps[index] = maps[index] + pooled(maps[index - 1], maps[index])
        return maps


def pooled(fine: Tensor, coarse: Tensor) -> Tensor:
    """The finer map, max-pooled to the size of the coarser one."""
    return adaptive_max_pool2d(fine, (coarse.shape[-2], coarse.shape[-1]))
