"""One softmax over attack, bona fide and the classes of another task (Yu et al. 2024, Table VIII)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fas_joint.heads.layers import classifier
from fascore import BONA_FIDE, HeadModule


class Output(NamedTuple):
    """Logits (B, 2 + K) and, during training, the label (B,)."""

    logits: Tensor
    label: Tensor | None


class OneHeadMultiHead(nn.Module, HeadModule):
    """Logits of attack, bona fide and K classes; `names` are the names of their probabilities.

    Shapes: (B, D) -> (B, 2 + K).
    """

    def __init__(self, width: int, names: Sequence[str], *, hidden: int | None, dropout: float) -> None:
        super().__init__()
        self.layers = classifier(width, 2 + len(names), hidden=hidden, dropout=dropout)
        self.names = tuple(names)

    def forward(self, feature: Tensor, *, label: Tensor | None) -> Output:
        return Output(self.layers(feature), label)

    def loss(self, output: Output, target: Tensor) -> Tensor:  # type: ignore[override]  # each head has its own output type
        """(B,) cross-entropy.

        `target` is 0 without a value of the other task (the label is the class), else 1 + its class.
        """
        assert output.label is not None, "losses are computed in training, where the label is known"
        classes = torch.where(target == 0, output.label.long(), target + 1)
        return cross_entropy(output.logits.float(), classes, reduction="none")

    def score(self, output: Output) -> Tensor:  # type: ignore[override]
        """(B,) P(bona fide | bona fide or attack)."""
        return output.logits[:, :2].float().softmax(1)[:, BONA_FIDE]

    def numbers(self, output: Output) -> dict[str, Tensor]:
        """(B,) probability of each of the K classes, given that the record belongs to one of them."""
        return dict(zip(self.names, output.logits[:, 2:].float().softmax(1).unbind(1), strict=True))
