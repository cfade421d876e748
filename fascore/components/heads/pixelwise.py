"""A map of bona-fide-ness (George and Marcel 2019), and the contrastive depth loss (Wang et al. 2020)."""

from __future__ import annotations

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, binary_cross_entropy_with_logits, conv2d, interpolate

from fascore.contract.kinds import HeadModule


class PixelwiseHead(nn.Module, HeadModule):
    """A 1 x 1 convolution to one logit per position.

    Shapes: (B, C, H, W), a list of these, or (B, N, C) -> (B, 1, H, W).
    """

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        level: int | None,
        prefix: int | None,
        criterion: Literal["bce", "mse", "contrast_depth"],
        contrast: float,
    ) -> None:
        """`level` selects one map of a list; `prefix` counts the tokens before the map's. Otherwise both are None."""
        super().__init__()
        self.size, self.level, self.prefix = size, level, prefix
        self.criterion, self.contrast = criterion, contrast
        self.project = nn.Conv2d(channels, 1, 1)

    def forward(self, feature: Tensor | list[Tensor]) -> Tensor:
        maps = (
            feature[self.level]
            if self.level is not None and not isinstance(feature, Tensor)
            else torch.as_tensor(feature)
        )
        if self.prefix is not None:
            maps = rearrange(maps[:, self.prefix :], "b (h w) c -> b c h w", h=self.size[0])
        logits: Tensor = self.project(maps)
        return logits

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) mean over the map."""
        logits, target_map = output.float(), self._target_map(target)
        if self.criterion == "bce":
            return binary_cross_entropy_with_logits(logits, target_map, reduction="none").mean((1, 2, 3))
        values = logits.sigmoid()
        squared = (values - target_map).square().mean((1, 2, 3))
        if self.criterion == "mse":
            return squared
        return squared + self.contrast * (contrast(values) - contrast(target_map)).square().mean((1, 2, 3))

    def score(self, output: Tensor) -> Tensor:
        """(B,) mean of the map."""
        return output.float().sigmoid().mean((1, 2, 3))

    def _target_map(self, target: Tensor) -> Tensor:
        """(B, 1, H, W) in [0, 1]: the label at every position, or a map resampled to this size."""
        if target.ndim == 1:
            return target.float()[:, None, None, None].expand(-1, 1, *self.size)
        downsample = target.shape[2] >= self.size[0] and target.shape[3] >= self.size[1]
        return (
            adaptive_avg_pool2d(target.float(), self.size)
            if downsample
            else interpolate(target.float(), self.size, mode="bilinear")
        )


def contrast(depth: Tensor) -> Tensor:
    """Difference of each inner position to its eight neighbors (Wang et al. 2020, eq. 10).

    Shapes: (B, 1, H, W) -> (B, 8, H - 2, W - 2).
    """
    kernels = torch.zeros(9, 9, device=depth.device)
    kernels.fill_diagonal_(1)
    kernels[:, 4] -= 1
    neighbors = torch.cat([kernels[:4], kernels[5:]])
    return conv2d(depth, rearrange(neighbors, "k (h w) -> k 1 h w", h=3))
