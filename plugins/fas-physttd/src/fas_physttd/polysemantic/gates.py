"""Exchange between the streams of the generator after a stage (Li et al., Eq. 2-5; Chen et al., SA-Gate, ECCV 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softmax


class ChannelGate(nn.Module):
    """W = sigmoid(MLP(GAP(F_0 || F_1 || ...))), Eq. 2. Shapes: (B, n C, H, W) -> (B, C, 1, 1)."""

    def __init__(self, channels: int, streams: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.layers = nn.Sequential(
            nn.Linear(streams * channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Sigmoid()
        )

    def forward(self, joined: Tensor) -> Tensor:
        weights: Tensor = self.layers(joined.mean((2, 3)))
        return weights[:, :, None, None]


class _Gates(nn.Module):
    """Channel gates and 1 x 1 convolutions to one map, one of each per stream."""

    def __init__(self, channels: int, streams: int, reduction: int) -> None:
        super().__init__()
        self.channel = nn.ModuleList(ChannelGate(channels, streams, reduction) for _ in range(streams))
        self.spatial = nn.ModuleList(nn.Conv2d(streams * channels, 1, 1) for _ in range(streams))

    def recalibrated(self, features: Sequence[Tensor]) -> list[Tensor]:
        """F_m^rec = F_m + the sum over all other streams k of W_k F_k (Eq. 3, 4)."""
        joined = torch.cat(list(features), dim=1)
        filtered = [gate(joined) * feature for gate, feature in zip(self.channel, features, strict=True)]
        total = torch.stack(filtered).sum(0)
        return [feature + total - own for feature, own in zip(features, filtered, strict=True)]

    def logits(self, features: Sequence[Tensor]) -> Tensor:
        """(B, streams, H, W): M_m before the softmax."""
        joined = torch.cat(list(features), dim=1)
        return torch.cat([convolution(joined) for convolution in self.spatial], dim=1)


class RecalibratingGateFusion(_Gates):
    """F''_m = F_m^rec M_m (Eq. 5). Shapes: n of (B, C, H, W) -> the same, by port."""

    def __init__(
        self, channels: int, streams: int, reduction: int, *, spatial_softmax: Literal["modality", "hw_scaled"]
    ) -> None:
        super().__init__(channels, streams, reduction)
        self.spatial_softmax = spatial_softmax

    def forward(self, *features: Tensor) -> dict[str, Tensor]:
        recalibrated = self.recalibrated(features)
        maps = self.attention(self.logits(recalibrated))
        return {str(place): feature * maps[:, place, None] for place, feature in enumerate(recalibrated)}

    def attention(self, logits: Tensor) -> Tensor:
        """(B, streams, H, W): weights that sum to 1 over the streams or average to 1 over the places."""
        if self.spatial_softmax == "modality":
            return softmax(logits.float(), dim=1)
        places = logits.shape[-2] * logits.shape[-1]
        return softmax(logits.float().flatten(2), dim=2).view_as(logits) * places


class SaGateFusion(_Gates):
    """Raw features merged by attention from recalibrated features; each stream continues as ReLU((F_m + merged) / 2)."""

    def forward(self, *features: Tensor) -> dict[str, Tensor]:
        maps = softmax(self.logits(self.recalibrated(features)).float(), dim=1)
        merged = torch.stack([feature * maps[:, place, None] for place, feature in enumerate(features)]).sum(0)
        return {
            **{str(place): torch.relu((feature + merged) / 2) for place, feature in enumerate(features)},
            "merged": merged,
        }


class ConcatGateFusion(nn.Module):
    """One 1 x 1 convolution per stream on all features. Shapes: n of (B, C, H, W) -> the same, by port."""

    def __init__(self, channels: int, streams: int) -> None:
        super().__init__()
        self.mixed = nn.ModuleList(nn.Conv2d(streams * channels, channels, 1) for _ in range(streams))

    def forward(self, *features: Tensor) -> dict[str, Tensor]:
        joined = torch.cat(features, dim=1)
        return {str(place): convolution(joined) for place, convolution in enumerate(self.mixed)}
