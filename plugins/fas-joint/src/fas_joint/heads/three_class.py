"""One softmax over bona fide, spoof and forgery (Yu et al. 2024, Fig. 2b)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fas_joint.heads.layers import classifier
from fascore import HeadModule

SPOOF, BONA_FIDE, FORGERY = range(3)
"""Class indices as in Fig. 2b."""


class Output(NamedTuple):
    """Logits (B, 3) and task (B,) int64, -1 if unknown."""

    logits: Tensor
    task: Tensor


class ThreeClassHead(nn.Module, HeadModule):
    """Logits of three classes. Shapes: (B, D) -> (B, 3)."""

    def __init__(self, width: int, *, hidden: int | None, dropout: float) -> None:
        super().__init__()
        self.layers = classifier(width, 3, hidden=hidden, dropout=dropout)

    def forward(self, feature: Tensor, *, task: Tensor) -> Output:
        return Output(self.layers(feature), task)

    def loss(self, output: Output, target: Tensor) -> Tensor:  # type: ignore[override]  # each head has its own output type
        """(B,) cross-entropy; 0 for an attack of unknown task, which has no class."""
        attack = torch.where(output.task == 1, FORGERY, SPOOF)
        classes = torch.where(target == 1, BONA_FIDE, attack).masked_fill((target == 0) & (output.task < 0), -100)
        return cross_entropy(output.logits.float(), classes, reduction="none", ignore_index=-100)

    def score(self, output: Output) -> Tensor:  # type: ignore[override]
        """(B,) P(bona fide)."""
        return output.logits.float().softmax(1)[:, BONA_FIDE]

    def numbers(self, output: Output) -> dict[str, Tensor]:
        """(B,) P(spoof) and P(forgery)."""
        probabilities = output.logits.float().softmax(1)
        return {"spoof": probabilities[:, SPOOF], "forgery": probabilities[:, FORGERY]}
