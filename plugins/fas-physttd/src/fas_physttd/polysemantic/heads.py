"""The classifier of polysemantic spoof traces."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fas_physttd.patchgan import Layers, PatchGan
from fas_physttd.polysemantic.generator import replicated
from fascore import HeadModule


def joined(traces: tuple[Tensor, ...], *, replicate: bool) -> Tensor:
    """(B, C_i, N, N) of every stream -> (B, sum of C_i, N, N); `replicate` repeats a one-channel trace to three channels."""
    return torch.cat([replicated(trace, 3) if replicate and trace.shape[1] == 1 else trace for trace in traces], dim=1)


class TraceClassifierHead(nn.Module, HeadModule):
    """phi. Shapes: n of (B, C, N, N) -> map (B, 1, N/8, N/8), toward 0 for bona fide and 1 for attacks."""

    def __init__(self, channels: int, *, width: float, layers: Layers, replicate: bool) -> None:
        super().__init__()
        self.phi = PatchGan(channels, width=width, layers=layers)
        self.replicate = replicate

    def forward(self, *traces: Tensor) -> Tensor:
        output: Tensor = self.phi(joined(traces, replicate=self.replicate))
        return output

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) mean |phi(T) - y|, y = 1 for an attack (Eq. 12)."""
        attack = 1 - target.float()
        return (output.float() - attack[:, None, None, None]).abs().flatten(1).mean(1)

    def score(self, output: Tensor) -> Tensor:
        """(B,) 1 - mean of the map, clipped to [0, 1]."""
        return (1 - output.float().flatten(1).mean(1)).clamp(0, 1)
