"""A convolutional LSTM (Shi et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvLstm(nn.Module):
    """An LSTM whose linear maps are 3x3 convolutions, without peepholes.

    Shapes: (B, T, C, H, W) -> (B, T, D, H, W), all states.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        state = cell = x.new_zeros(len(x), self.hidden, *x.shape[-2:])
        states = []
        for frame in x.unbind(1):
            input_gate, forget_gate, candidate, output_gate = self.gates(torch.cat([frame, state], dim=1)).chunk(
                4, dim=1
            )
            cell = forget_gate.sigmoid() * cell + input_gate.sigmoid() * candidate.tanh()
            state = output_gate.sigmoid() * cell.tanh()
            states.append(state)
        return torch.stack(states, dim=1)
