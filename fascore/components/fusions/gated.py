"""Gated attention over the inputs that are present (Ilse et al. 2018, Attention-based Deep Multiple Instance Learning)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fascore.components.fusions.projections import Projections


class GatedFusion(nn.Module):
    """sum_k a_k h_k, a = softmax_k(w^T (tanh(V h_k) * sigm(U h_k))), eq. 8 and 9, over the present inputs k.

    Shapes: n x (B, D_i) and mask (B, n) -> (B, width).
    """

    def __init__(self, widths: Sequence[int], width: int, *, hidden: int, project: bool) -> None:
        super().__init__()
        self.projections = Projections(widths, width if project else None)
        self.v = nn.Linear(width, hidden)
        self.u = nn.Linear(width, hidden)
        self.w = nn.Linear(hidden, 1, bias=False)

    def forward(self, *features: Tensor, mask: Tensor) -> Tensor:
        h = self.projections(features, mask)
        gates = self.w(self.v(h).tanh() * self.u(h).sigmoid()).squeeze(-1)
        a = gates.float().masked_fill(~mask, -torch.inf).softmax(1)
        return torch.einsum("bn,bnd->bd", a.to(h.dtype), h)
