"""AlexNet (Krizhevsky et al. 2012; the single column of Krizhevsky 2014, as in torchvision)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fas_physttd.widths import widened

CONVOLUTIONS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
"""Channels, kernel, stride, and padding; a 3 x 3 max-pooling of stride 2 follows the first, second, and last."""
POOLED = (0, 1, 4)
PLACES = 6


class AlexNetModule(nn.Module):
    """Shapes: n of (B, C_i, H, W) -> (B, 4096). With a final linear layer to 1000 and three channels: 61,100,840 parameters."""

    def __init__(self, channels: int, width: float, *, standardise: bool, dropout: float) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm2d(channels, affine=False) if standardise else nn.Identity()
        layers: list[nn.Module] = []
        before = channels
        for place, (published, kernel, stride, padding) in enumerate(CONVOLUTIONS):
            layers += [nn.Conv2d(before, widened(published, width), kernel, stride, padding), nn.ReLU()]
            layers += [nn.MaxPool2d(3, 2)] if place in POOLED else []
            before = widened(published, width)
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(PLACES))
        hidden = widened(4096, width)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(before * PLACES**2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
        )

    def forward(self, *pictures: Tensor) -> Tensor:
        joined = self.standardise(torch.cat(pictures, dim=1))
        feature: Tensor = self.classifier(self.features(joined).flatten(1))
        return feature
