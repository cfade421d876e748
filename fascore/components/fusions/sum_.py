"""Sum over the inputs that are present. The file is not `sum`, because that would hide the builtin in the package."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from fascore.components.fusions.projections import Projections


class SumFusion(nn.Module):
    """Sum of the present features. Shapes: n x (B, D) and mask (B, n) -> (B, D)."""

    def __init__(self, widths: Sequence[int], width: int | None) -> None:
        super().__init__()
        self.projections = Projections(widths, width)

    def forward(self, *features: Tensor, mask: Tensor) -> Tensor:
        stacked: Tensor = self.projections(features, mask)
        return stacked.sum(1)
