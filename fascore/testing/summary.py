"""A small trainable encoder for toy graphs, as a torch module."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fascore.contract.signals import Shape


class SummaryModule(nn.Module):
    """y = tanh(W [x_1, ..., x_n]) over flattened inputs. Shapes: n x (B, …) -> (B, width)."""

    def __init__(self, shapes: Sequence[Shape], width: int) -> None:
        super().__init__()
        self.project = nn.Linear(sum(math.prod(shape) for shape in shapes), width)

    def forward(self, *inputs: Tensor) -> Tensor:
        summary: Tensor = torch.tanh(self.project(torch.cat([value.flatten(1) for value in inputs], dim=1)))
        return summary
