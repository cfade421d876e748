"""Objectives of polysemantic spoof traces: losses in addition to those of the heads."""

from __future__ import annotations

import warnings
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from fas_physttd.polysemantic.arcface import ArcFaceNetwork
from fas_physttd.polysemantic.generator import replicated


class IntensityObjective(nn.Module):
    """Mean or sum of |T| per record, added over streams; multiplied by `attacks` for an attack (Eq. 9). Shapes: n of (B, C, N, N), (B,) -> (B,)."""

    def __init__(self, attacks: float, reduction: Literal["mean", "sum"]) -> None:
        super().__init__()
        self.attacks, self.mean = attacks, reduction == "mean"

    def forward(self, *traces: Tensor, target: Tensor) -> Tensor:
        strengths = [trace.float().abs().flatten(1) for trace in traces]
        size = torch.stack([strength.mean(1) if self.mean else strength.sum(1) for strength in strengths]).sum(0)
        return torch.where(target == 1, size, self.attacks * size)


class IdentityObjective(nn.Module):
    """|| f(I) - f(I_hat) ||_2 of embeddings, of unit length if `unit`, summed over pairs (Eq. 8). Shapes: 2 n of (B, 1 or 3, N, N) -> (B,)."""

    def __init__(self, width: float, *, unit: bool) -> None:
        super().__init__()
        self.unit = unit
        self.recogniser = ArcFaceNetwork(width).requires_grad_(False).eval()

    def train(self, mode: bool = True) -> IdentityObjective:
        """Set the mode, but keep the recognizer in evaluation mode."""
        super().train(mode)
        self.recogniser.eval()
        return self

    def forward(self, *pictures: Tensor, target: Tensor) -> Tensor:
        pairs = zip(pictures[::2], pictures[1::2], strict=True)
        distances = [(self.embedded(image) - self.embedded(live)).square().sum(1) for image, live in pairs]
        return (torch.stack(distances) + 1e-8).sqrt().sum(0)

    def embedded(self, picture: Tensor) -> Tensor:
        """(B, 512)."""
        embedding: Tensor = self.recogniser(replicated(picture, 3)).float()
        return normalize(embedding) if self.unit else embedding


class NoIdentity(nn.Module):
    """The identity loss without a recognizer: 0 for every record."""

    def __init__(self) -> None:
        super().__init__()
        warnings.warn(
            "physttd.identity has no weights of a recognizer, so this loss is 0; set 'weights', for example to those of a physttd.arcface run",
            stacklevel=2,
        )

    def forward(self, *pictures: Tensor, target: Tensor) -> Tensor:
        return pictures[0].new_zeros(len(pictures[0]))
