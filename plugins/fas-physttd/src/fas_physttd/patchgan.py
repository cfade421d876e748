"""Patch discriminators with seven or ten convolutions, and a set of them at several sizes (both papers)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from fas_physttd.widths import widened

Layers: TypeAlias = Literal["seven", "seven_and_three"]
"""How "seven convolutional layers and three down-sampling layers" is read: three of the seven halve the size, or three additional layers do."""
LAYERS: Mapping[Layers, tuple[tuple[int, int], ...]] = {
    "seven": ((32, 1), (32, 2), (64, 1), (64, 2), (64, 1), (96, 2), (96, 1)),
    "seven_and_three": ((32, 1), (32, 1), (32, 2), (64, 1), (64, 1), (64, 2), (96, 1), (96, 1), (96, 2), (96, 1)),
}
"""Channels and stride of each convolution."""


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Convolution 3 x 3 without bias, batch norm, leaky ReLU of slope 0.2."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2))


def doubling(inputs: int, outputs: int, kernel: int) -> nn.ConvTranspose2d:
    """Transposed convolution of stride 2 that doubles the size, with a kernel of 2, 3, or 4."""
    return nn.ConvTranspose2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2, bias=False)


def initialize(module: nn.Module) -> None:
    """Draw weights of convolutions from N(0, 0.02) and set their biases to 0; used with `Module.apply`."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class PatchGan(nn.Module):
    """Convolutions and one map per head. Shapes: (B, C, S, S) -> (B, heads, S/8, S/8), without a sigmoid unless `bounded`.

    Parameters: 242,241 with three channels and one head; 243,106 with two heads; 243,105 with six channels and one
    head.
    """

    def __init__(
        self, channels: int = 3, *, heads: int = 1, width: float = 1.0, layers: Layers = "seven", bounded: bool = False
    ) -> None:
        super().__init__()
        self.bounded = bounded
        blocks, before = [], channels
        for published, stride in LAYERS[layers]:
            blocks.append(block(before, widened(published, width), stride))
            before = widened(published, width)
        self.layers = nn.Sequential(*blocks)
        self.head = nn.Conv2d(before, heads, 3, padding=1)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        maps: Tensor = self.head(self.layers(image))
        return maps.sigmoid() if self.bounded else maps


def resized(image: Tensor, size: int) -> Tensor:
    """(B, C, N, N) -> (B, C, size, size): averages to shrink, bilinear interpolation to enlarge."""
    if image.shape[-1] == size:
        return image
    if size < image.shape[-1]:
        return adaptive_avg_pool2d(image, size)
    return interpolate(image, size=(size, size), mode="bilinear", align_corners=False)


class MultiScale(nn.Module):
    """One PatchGan per size, without shared weights; images are resized. Shapes: (B, C, N, N) -> one (B, heads, S/8, S/8) per size."""

    def __init__(
        self, sizes: Sequence[int], channels: int = 3, *, heads: int = 1, width: float = 1.0, layers: Layers = "seven"
    ) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.scales = nn.ModuleList(PatchGan(channels, heads=heads, width=width, layers=layers) for _ in self.sizes)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [scale(resized(image, size)) for scale, size in zip(self.scales, self.sizes, strict=True)]


def judged(discriminator: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """A discriminator's maps of real and fake images from one pass, so that batch norm sees both in every step."""
    maps: Tensor = discriminator(torch.cat([real, fake]))
    return maps[: len(real)], maps[len(real) :]
