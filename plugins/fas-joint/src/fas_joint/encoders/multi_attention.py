"""Multi-attentional deepfake detection (Zhao et al., CVPR 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from einops import rearrange
from timm.models.efficientnet import EfficientNet
from timm.models.resnet import ResNet
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, elu, hardswish, interpolate, normalize

from fascore import Encoder, Signal, SpecError

EPS = 1e-8
"""Added to weights and deviations before a division, as in the authors' release."""


def resized(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear resizing with aligned corners. Shapes: (B, M, h, w) -> (B, M, H, W)."""
    return (
        maps if maps.shape[-2:] == tuple(size) else interpolate(maps, tuple(size), mode="bilinear", align_corners=True)
    )


def attended(features: Tensor, attention: Tensor) -> Tensor:
    """Sum over positions of each map times the features (bilinear attention pooling).

    Shapes: (B, N, H, W), or (B, M, N, H, W) if each map has its own features, and (B, M, h, w) -> (B, M, N).
    """
    by_map = features if features.ndim == 5 else features[:, None]
    weights = resized(attention, features.shape[-2:])
    return torch.einsum("bmhw,bmnhw->bmn", weights, by_map.expand(-1, attention.shape[1], -1, -1, -1))


class AttentionMaps(nn.Module):
    """M nonnegative maps that are 0 on the border. Shapes: (B, C, h, w) -> (B, M, h, w)."""

    def __init__(self, channels: int, regions: int, border: float) -> None:
        super().__init__()
        self.border = border
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, regions, 1, bias=False),
            nn.BatchNorm2d(regions),
        )

    def forward(self, x: Tensor) -> Tensor:
        maps = elu(self.layers(x)) + 1
        rows, columns = (int(self.border * side + EPS) for side in maps.shape[-2:])
        inside = maps.new_zeros(maps.shape[-2:])
        inside[rows : len(inside) - rows, columns : inside.shape[1] - columns] = 1
        return maps * inside


class TextureEnhancement(nn.Module):
    """The detail that average pooling removes from a shallow feature, passed through one dense block per map.

    Shapes: (B, N, H, W) and (B, M, h, w) -> texture (B, M, N, H, W) and the pooled feature D (B, N, h, w).
    """

    def __init__(self, width: int, regions: int) -> None:
        super().__init__()
        channels = width * regions

        def convolution(times: int, kernel: int) -> nn.Conv2d:
            return nn.Conv2d(times * channels, channels, kernel, padding=kernel // 2, groups=regions)

        self.regions = regions
        self.extract = nn.Conv2d(width, width, 3, padding=1)
        self.first = convolution(1, 5)
        self.dense = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(times * channels), nn.ReLU(), convolution(times, 3)) for times in (1, 2, 3)
        )
        self.last = nn.Sequential(
            nn.BatchNorm2d(4 * channels), nn.ReLU(), convolution(4, 1), nn.BatchNorm2d(channels), nn.ReLU()
        )

    def difference(self, feature: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """T = F - D, and D, the average pooled to a map of `size`."""
        feature = self.extract(feature)
        pooled = adaptive_avg_pool2d(feature, size)
        return feature - interpolate(pooled, feature.shape[-2:], mode="nearest"), pooled

    def forward(self, feature: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:
        texture, pooled = self.difference(feature, (attention.shape[2], attention.shape[3]))
        weights = resized(attention.detach(), texture.shape[-2:]).tanh()
        textures = [self._by_map(self.first((texture[:, None] * weights[:, :, None]).flatten(1, 2)))]
        for layer in self.dense:
            textures.append(self._by_map(layer(torch.cat(textures, dim=2).flatten(1, 2))))
        return self._by_map(self.last(torch.cat(textures, dim=2).flatten(1, 2))), pooled

    def _by_map(self, x: Tensor) -> Tensor:
        return rearrange(x, "b (m n) h w -> b m n h w", m=self.regions)


class MultiAttentionEncoder(nn.Module):
    """Shallow texture and deep features, pooled by M attention maps.

    Shapes: (B, C, H, W) -> (B, width) and regions (B, M, N).

    `levels` are the feature maps for texture and attention; `widths` are their channels and those of the last map.
    """

    def __init__(
        self,
        network: Encoder,
        signals: Sequence[Signal],
        levels: tuple[int, int],
        widths: tuple[int, int, int],
        *,
        regions: int,
        width: int,
        border: float,
        dropout: float,
        deep_dropout: float,
        ports: bool,
    ) -> None:
        super().__init__()
        self.network: Any = network.build(signals)
        if not isinstance(self.network.model, EfficientNet | ResNet):
            kind = type(self.network.model).__name__
            raise SpecError(
                f"joint.multi_attention accepts timm's EfficientNet and ResNet, not {kind}; choose another 'name'"
            )
        self.levels, self.ports = list(levels), ports
        shallow, middle, deep = widths
        self.attention = AttentionMaps(middle, regions, border)
        self.texture = TextureEnhancement(shallow, regions)
        self.project_texture = nn.Sequential(
            nn.Linear(regions * shallow, width), nn.Hardswish(), nn.Linear(width, width), nn.Hardswish()
        )
        self.project_deep = nn.Sequential(nn.Dropout(deep_dropout), nn.Linear(deep, width), nn.Hardswish())
        self.join = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        deep, (shallow, middle) = self.network.model.forward_intermediates(
            (x - self.network.mean) / self.network.deviation, indices=self.levels
        )
        maps = self.attention(middle)
        texture, pooled = self.texture(shallow, maps)
        kept = self.dropout(maps.new_ones(*maps.shape[:2], 1))
        by_map = normalize(attended(texture, maps), dim=2) * kept
        whole = mean_under((maps * kept[..., None]).sum(1, keepdim=True), deep)
        both = torch.cat([self.project_texture(by_map.flatten(1)), self.project_deep(whole)], dim=1)
        feature: Tensor = hardswish(self.join(both))
        return {"feature": feature, "regions": semantic(pooled, maps)} if self.ports else feature


def mean_under(weights: Tensor, features: Tensor) -> Tensor:
    """Mean of the features over positions, weighted by one map. Shapes: (B, 1, h, w) and (B, C, H, W) -> (B, C)."""
    weights = resized(weights, features.shape[-2:]) + EPS
    return attended(features, weights)[:, 0] / weights.sum((2, 3))


def semantic(pooled: Tensor, attention: Tensor) -> Tensor:
    """V, the unit vectors that each map pools from D, which is standardized by channel first.

    Shapes: (B, N, h, w), (B, M, h, w) -> (B, M, N).
    """
    centered = pooled - pooled.mean((2, 3), keepdim=True)
    standardized = centered / (pooled.std((2, 3), keepdim=True) + EPS)
    return normalize(attended(standardized, attention), dim=2)
