"""One of several classes, one of which may be bona fide."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fascore.components.heads.classifier import classifier
from fascore.contract.kinds import HeadModule
from fascore.contract.kinds.head import Scalar, class_numbers


class MulticlassHead(nn.Module, HeadModule):
    """Logits of K classes. Shapes: (B, D) -> (B, K)."""

    def __init__(
        self,
        width: int,
        classes: Sequence[Scalar | None],
        *,
        bona_fide: int | None,
        hidden: int | None,
        dropout: float,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        self.layers = classifier(width, len(classes), hidden=hidden, dropout=dropout)
        self.names = class_numbers(classes)
        self.bona_fide, self.label_smoothing = bona_fide, label_smoothing

    def forward(self, feature: Tensor) -> Tensor:
        logits: Tensor = self.layers(feature)
        return logits

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) cross-entropy. The smoothed share goes to the other classes equally.

        torch also gives the correct class a part of it, so torch's share is K/(K-1) times as large.
        """
        torch_share = self.label_smoothing * output.shape[1] / (output.shape[1] - 1)
        return cross_entropy(output.float(), target, reduction="none", label_smoothing=torch_share)

    def score(self, output: Tensor) -> Tensor:
        """(B,) probability of the bona fide class. The check rejects a head without one as the score."""
        assert self.bona_fide is not None
        return output.float().softmax(1)[:, self.bona_fide]

    def numbers(self, output: Tensor) -> dict[str, Tensor]:
        """(B,) probability of each class."""
        return dict(zip(self.names, output.float().softmax(1).unbind(1), strict=True))
