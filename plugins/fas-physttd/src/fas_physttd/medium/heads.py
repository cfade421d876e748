"""The head that classifies the medium."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fascore import HeadModule


class TraceMediumHead(nn.Module, HeadModule):
    """Logits of K classes. A target is an index among all species; `counts` are the species per class. Shapes: (B, D) -> (B, K)."""

    medium: Tensor

    def __init__(self, width: int, counts: Sequence[int], names: Sequence[str], live: int | None) -> None:
        super().__init__()
        self.layer = nn.Linear(width, len(counts))
        self.names, self.live = tuple(names), live
        self.register_buffer(
            "medium", torch.arange(len(counts)).repeat_interleave(torch.tensor(counts)), persistent=False
        )

    def forward(self, feature: Tensor) -> Tensor:
        logits: Tensor = self.layer(feature)
        return logits

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) cross-entropy with the class that contains the species."""
        return cross_entropy(output.float(), self.medium[target], reduction="none")

    def score(self, output: Tensor) -> Tensor:
        """(B,) probability of bona fide. The check rejects a head without a bona fide class as the score."""
        assert self.live is not None
        return output.float().softmax(1)[:, self.live]

    def numbers(self, output: Tensor) -> dict[str, Tensor]:
        """(B,) probability of each class."""
        return dict(zip(self.names, output.float().softmax(1).unbind(1), strict=True))
