"""Centre loss (Wen et al. 2016, A Discriminative Feature Learning Approach for Deep Face Recognition)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class CenterObjective(nn.Module):
    """1/2 ||x_i - c_{y_i}||^2 for each record, eq. 2. Shapes: (B, D) and (B,) int64 -> (B,)."""

    centres: Tensor
    shift: Tensor
    count: Tensor

    def __init__(self, width: int, classes: int, *, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("centres", torch.zeros(classes, width))
        # Of the step that is under way only: sums of c_j - x_i and numbers of records, by class.
        self.register_buffer("shift", torch.zeros(classes, width), persistent=False)
        self.register_buffer("count", torch.zeros(classes), persistent=False)

    def forward(self, feature: Tensor, *, target: Tensor) -> Tensor:
        difference = feature.float() - self.centres[target]
        if self.training:
            self.shift.index_add_(0, target, -difference.detach())
            self.count.index_add_(0, target, torch.ones_like(target, dtype=torch.float32))
        return difference.square().sum(1) / 2

    @torch.no_grad()
    def update(self, reduce: Callable[[Tensor], Tensor]) -> None:
        """c_j <- c_j - alpha * sum_i [y_i = j] (c_j - x_i) / (1 + sum_i [y_i = j]), eq. 4, over all processes."""
        shift, count = reduce(self.shift), reduce(self.count)
        self.centres -= self.rate * shift / (1 + count[:, None])
        self.shift.zero_()
        self.count.zero_()
