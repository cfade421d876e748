"""Regional independence loss (Zhao et al., Multi-attentional Deepfake Detection, CVPR 2021)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from fascore import BONA_FIDE


class RegionalIndependenceObjective(nn.Module):
    """sum_j max(|V_j - c_j| - m(y), 0) + sum_{j != k} max(m_out - |c_j - c_k|, 0), eq. 1.

    Shapes: (B, M, N) and (B,) -> (B,).

    c are the centers after this batch (eq. 2), so that the loss between pairs of centers has a gradient.
    """

    centres: Tensor
    margins: Tensor
    shift: Tensor
    count: Tensor

    def __init__(
        self,
        regions: int,
        width: int,
        *,
        margins: tuple[float, float],
        between: float,
        rate: float,
        form: Literal["equation", "release"],
    ) -> None:
        super().__init__()
        self.between, self.rate, self.release = between, rate, form == "release"
        self.register_buffer("margins", torch.tensor(margins), persistent=False)
        self.register_buffer("centres", torch.zeros(regions, width))
        # For the current step only: the sum of V_i - c over the records, and the number of records.
        self.register_buffer("shift", torch.zeros(regions, width), persistent=False)
        self.register_buffer("count", torch.zeros(()), persistent=False)

    def forward(self, regions: Tensor, *, target: Tensor) -> Tensor:
        regions = regions.float()
        moves = regions - self.centres
        if self.release:
            moves = moves * (target == BONA_FIDE)[:, None, None]
        if self.training:
            self.shift += moves.detach().sum(0)
            self.count += len(moves)
        centers = self.centres + self.rate * moves.sum(0) / max(len(moves), 1)
        return self._around(regions - centers, self.margins[target]) + self._apart(centers)

    def _around(self, offsets: Tensor, margin: Tensor) -> Tensor:
        """(B,) how far the vectors lie outside their margins."""
        if self.release:
            excess: Tensor = vector_norm(offsets, dim=(1, 2)) * margin.sign() - margin
            return excess.relu()
        distance: Tensor = vector_norm(offsets, dim=2)
        return (distance - margin[:, None]).relu().sum(1)

    def _apart(self, centers: Tensor) -> Tensor:
        """How far pairs of centers lie within their margin."""
        first, second = torch.triu_indices(len(centers), len(centers), 1, device=centers.device)
        distance: Tensor = vector_norm(centers[first] - centers[second], dim=1)
        shortfall = (self.between - distance).relu().sum()
        return shortfall / (len(centers) * self.rate) if self.release else 2 * shortfall

    @torch.no_grad()
    def update(self, reduce: Callable[[Tensor], Tensor]) -> None:
        """c <- c - alpha (c - mean of V), eq. 2, over all processes."""
        self.centres += self.rate * reduce(self.shift) / reduce(self.count).clamp(min=1)
        self.shift.zero_()
        self.count.zero_()
