"""Bona fide or attack, as one logit."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from fascore.components.heads.classifier import classifier
from fascore.contract.kinds import HeadModule


class BinaryHead(nn.Module, HeadModule):
    """One logit, positive for bona fide. Shapes: (B, D) -> (B,)."""

    def __init__(self, width: int, *, hidden: int | None, dropout: float, label_smoothing: float) -> None:
        super().__init__()
        self.layers = classifier(width, 1, hidden=hidden, dropout=dropout)
        self.label_smoothing = label_smoothing

    def forward(self, feature: Tensor) -> Tensor:
        logit: Tensor = self.layers(feature)
        return logit.squeeze(1)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) binary cross-entropy with the targets 1 - smoothing and smoothing."""
        smoothed = target.float() * (1 - 2 * self.label_smoothing) + self.label_smoothing
        return binary_cross_entropy_with_logits(output.float(), smoothed, reduction="none")

    def score(self, output: Tensor) -> Tensor:
        """(B,) probability of bona fide."""
        return output.float().sigmoid()
