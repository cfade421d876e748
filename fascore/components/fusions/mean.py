"""Mean over the inputs that are present."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from fascore.components.fusions.projections import Projections


class MeanFusion(nn.Module):
    """Mean of the present features; `prefixes` counts the prefix tokens of each input, which are left out.

    Shapes: n x (B, D) or (B, N_i, D), and mask (B, n) -> (B, D).
    """

    def __init__(self, widths: Sequence[int], width: int | None, prefixes: Sequence[int]) -> None:
        super().__init__()
        self.prefixes = prefixes
        self.projections = Projections(widths, width)

    def forward(self, *features: Tensor, mask: Tensor) -> Tensor:
        vectors = [
            f if f.ndim == 2 else f[:, prefix:].mean(1) for f, prefix in zip(features, self.prefixes, strict=True)
        ]
        stacked: Tensor = self.projections(vectors, mask)
        return stacked.sum(1) / mask.sum(1, keepdim=True).clamp(min=1).to(stacked.dtype)
