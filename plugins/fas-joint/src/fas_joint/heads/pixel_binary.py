"""Deep pixel-wise binary supervision (George and Marcel 2019)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from fascore import HeadModule


class Output(NamedTuple):
    """Logits of the map (B, H, W) and of the whole picture (B,)."""

    pixels: Tensor
    whole: Tensor


class PixelBinaryHead(nn.Module, HeadModule):
    """Map = sigmoid(conv 1 x 1), whole = sigmoid(linear(map)). Shapes: (B, C, H, W) -> (B, H, W) and (B,)."""

    def __init__(self, channels: int, size: tuple[int, int], *, share: float, by_map: bool) -> None:
        super().__init__()
        self.share, self.by_map = share, by_map
        self.project = nn.Conv2d(channels, 1, 1)
        self.linear = nn.Linear(size[0] * size[1], 1)

    def forward(self, feature: Tensor) -> Output:
        pixels = self.project(feature)[:, 0]
        return Output(pixels, self.linear(pixels.sigmoid().flatten(1))[:, 0])

    def loss(self, output: Output, target: Tensor) -> Tensor:  # type: ignore[override]  # each head has its own output type
        """(B,) share * mean over pixels + (1 - share) * whole."""
        label = target.float()
        pixels = output.pixels.float()
        pixel_loss = binary_cross_entropy_with_logits(
            pixels, label[:, None, None].expand_as(pixels), reduction="none"
        ).mean((1, 2))
        binary_loss = binary_cross_entropy_with_logits(output.whole.float(), label, reduction="none")
        return self.share * pixel_loss + (1 - self.share) * binary_loss

    def score(self, output: Output) -> Tensor:  # type: ignore[override]
        """(B,) mean of the map, or the binary output."""
        return output.pixels.float().sigmoid().mean((1, 2)) if self.by_map else output.whole.float().sigmoid()
