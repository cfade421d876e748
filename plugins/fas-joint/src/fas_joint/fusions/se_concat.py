"""Squeeze-and-excitation of each feature before concatenation (Hu et al. 2018; Yu et al. 2024, Table IV)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from fas_joint.fusions.choices import Activation
from fas_joint.fusions.concat import ConcatFusion


class SeGate(nn.Module):
    """F * sigmoid(W_2 ReLU(W_1 F)), W_1: D -> D / reduction, no bias. Shapes: (B, D) -> (B, D)."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, width // reduction)
        self.gate = nn.Sequential(
            nn.Linear(width, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, width, bias=False), nn.Sigmoid()
        )

    def forward(self, feature: Tensor) -> Tensor:
        gated: Tensor = feature * self.gate(feature)
        return gated


class SeConcatFusion(nn.Module):
    """Eq. 3 of gated features. Shapes: n x (B, D_i) -> (B, width)."""

    def __init__(
        self, widths: Sequence[int], width: int, *, reduction: int, dropout: float, activation: Activation
    ) -> None:
        super().__init__()
        self.gates = nn.ModuleList(SeGate(d, reduction) for d in widths)
        self.fuse = ConcatFusion(widths, width, dropout=dropout, norm="none", activation=activation)

    def forward(self, *features: Tensor) -> Tensor:
        fused: Tensor = self.fuse(*(gate(feature) for gate, feature in zip(self.gates, features, strict=True)))
        return fused
