"""Center loss (Wen et al. 2016, A Discriminative Feature Learning Approach for Deep Face Recognition)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from fascore.training.distributed import total


class CenterObjective(nn.Module):
    """1/2 ||x_i - c_{y_i}||^2 for each record i, eq. 2. Shapes: (B, D) and (B,) int64 -> (B,)."""

    centres: Tensor
    begun: Tensor
    shift: Tensor
    count: Tensor

    def __init__(self, width: int, classes: int, *, rate: float, start: Literal["zero", "first"] = "zero") -> None:
        super().__init__()
        self.rate, self.start = rate, start
        self.register_buffer("centres", torch.zeros(classes, width))
        if start == "first":
            self.register_buffer("begun", torch.zeros(classes, dtype=torch.bool))
        # For the current step only: sums of c_j - x_i and numbers of records, by class.
        self.register_buffer("shift", torch.zeros(classes, width), persistent=False)
        self.register_buffer("count", torch.zeros(classes), persistent=False)

    def forward(self, feature: Tensor, *, target: Tensor) -> Tensor:
        if self.training and self.start == "first":
            self._begin(feature.detach().float(), target)
        difference = feature.float() - self.centres[target]
        if self.training:
            self.shift.index_add_(0, target, -difference.detach())
            self.count.index_add_(0, target, torch.ones_like(target, dtype=torch.float32))
        return difference.square().sum(1) / 2

    def _begin(self, feature: Tensor, target: Tensor) -> None:
        """Set the center of each new class to the mean of its first records, over all processes."""
        if bool(self.begun.all()):
            return
        ones = feature.new_ones(len(feature))
        sums = total(torch.zeros_like(self.centres).index_add_(0, target, feature))
        counts = total(torch.zeros_like(self.count).index_add_(0, target, ones))
        new = ~self.begun & (counts > 0)
        self.centres[new] = sums[new] / counts[new, None]
        self.begun |= new

    @torch.no_grad()
    def update(self, reduce: Callable[[Tensor], Tensor]) -> None:
        """c_j <- c_j - alpha * sum_i [y_i = j] (c_j - x_i) / (1 + sum_i [y_i = j]), eq. 4, over all processes."""
        shift, count = reduce(self.shift), reduce(self.count)
        self.centres -= self.rate * shift / (1 + count[:, None])
        self.shift.zero_()
        self.count.zero_()
