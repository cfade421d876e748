"""The two terms of PhySTD's score (Eq. 10)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from torch import Tensor, nn

from fas_physttd.filters import Shrink
from fas_physttd.physttd.equations import filtered
from fascore import HeadModule


class DepthScoreHead(nn.Module, HeadModule):
    """Shapes: (B, 1, K, K) -> the same."""

    def forward(self, depth: Tensor) -> Tensor:
        return depth

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) mean absolute error (Eq. 16)."""
        return (output.float() - target).abs().flatten(1).mean(1)

    def score(self, output: Tensor) -> Tensor:
        """(B,) ||M||_1 / K^2."""
        return output.float().abs().flatten(1).mean(1).clamp(0, 1)


class Strength(NamedTuple):
    """(B,) L1 norms divided by N^2: of the additive traces, summed over channels, and of P."""

    additive: Tensor
    inpainted: Tensor


class TraceScoreHead(nn.Module):
    """Shapes: b, c, t (B, 3, N, N), or t alone, and p (B, 1, N, N) -> Strength."""

    def __init__(self, lowpass: Shrink | Literal["none"] = "area") -> None:
        super().__init__()
        self.lowpass = lowpass

    def forward(self, *ports: Tensor) -> Strength:
        *additive, p = ports
        names = ("b", "c", "t")[-len(additive) :]
        named = dict(zip(names, additive, strict=True))
        parts = named if self.lowpass == "none" else filtered(named, self.lowpass)
        norms = [trace.float().abs().sum(1).mean((1, 2)) for trace in parts.values()]
        return Strength(sum(norms[1:], norms[0]), p.float().abs().mean((1, 2, 3)))

    def score(self, output: Strength) -> Tensor:
        """(B,) 1 - s / 10; 10 is the maximum of s for ten channels in [-1, 1]."""
        return (1 - (output.additive + output.inpainted) / 10).clamp(0, 1)

    def numbers(self, output: Strength) -> dict[str, Tensor]:
        """(B,) the parts of s."""
        return output._asdict()
