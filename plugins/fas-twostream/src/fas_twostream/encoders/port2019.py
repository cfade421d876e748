"""MobileNetV3-Small as in a widely used PyTorch port of 2019.

Squeeze-and-excitation follows the projection, and the convolutions have no biases. It has 431,180 parameters before the
last 1x1 convolution; the standard network has 870,560. The paper may have counted these.
"""

from __future__ import annotations

from torch import Tensor, nn

BLOCKS = (
    ((3, 16, 16, 16, False, True, 2),),
    ((3, 16, 72, 24, False, False, 2), (3, 24, 88, 24, False, False, 1)),
    ((5, 24, 96, 40, True, True, 2), (5, 40, 240, 40, True, True, 1), (5, 40, 240, 40, True, True, 1)),
    ((5, 40, 120, 48, True, True, 1), (5, 48, 144, 48, True, True, 1)),
    ((5, 48, 288, 96, True, True, 2), (5, 96, 576, 96, True, True, 1), (5, 96, 576, 96, True, True, 1)),
)
"""For each block: kernel, channels in, expanded, out, hard swish, squeeze-and-excitation, stride.

The stages are timm's.
"""
REDUCTION = 4


class PortBlock(nn.Module):
    """Expand, filter, project, squeeze and excite, add. Shapes: (B, C, H, W) -> (B, D, H / s, W / s)."""

    def __init__(
        self, kernel: int, inputs: int, expanded: int, outputs: int, swish: bool, squeeze: bool, stride: int
    ) -> None:
        super().__init__()
        activation = nn.Hardswish if swish else nn.ReLU
        self.body = nn.Sequential(
            nn.Conv2d(inputs, expanded, 1, bias=False),
            nn.BatchNorm2d(expanded),
            activation(),
            nn.Conv2d(expanded, expanded, kernel, stride, kernel // 2, groups=expanded, bias=False),
            nn.BatchNorm2d(expanded),
            activation(),
            nn.Conv2d(expanded, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.gate = _gate(outputs) if squeeze else None
        same_width = inputs == outputs
        self.shortcut = (
            nn.Identity()
            if same_width
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        )
        if stride != 1:
            self.shortcut = None  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        if self.gate is not None:
            out = out * self.gate(out)
        if self.shortcut is not None:
            out = out + self.shortcut(x)
        return out


def _gate(channels: int) -> nn.Sequential:
    inner = channels // REDUCTION
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(channels, inner, 1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        nn.Conv2d(inner, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.Hardsigmoid(),
    )


def port2019_blocks() -> tuple[nn.Conv2d, nn.Module, nn.Sequential]:
    """The port's first convolution, the norm and activation after it, and the five stages."""
    stages = nn.Sequential(*(nn.Sequential(*(PortBlock(*block) for block in stage)) for stage in BLOCKS))
    return nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.Sequential(nn.BatchNorm2d(16), nn.Hardswish()), stages
