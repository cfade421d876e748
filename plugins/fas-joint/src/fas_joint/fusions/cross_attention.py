"""Attention from one feature to another over their channels (Yu et al. 2024, Table IV)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from fas_joint.fusions.concat import ConcatFusion


class CrossAttentionFusion(nn.Module):
    """F_app + softmax(q F_app^T) F_app, with q = F_rppg or eq. 3 of both. Shapes: (B, D_1), (B, D_2) -> (B, width).

    Channels are D tokens of width 1, so torch's fused attention never stores the (B, D, D) outer product.
    """

    def __init__(self, widths: Sequence[int], width: int, *, both: bool, dropout: float) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Identity() if d == width else nn.Linear(d, width) for d in widths)
        self.query = (
            ConcatFusion([width, width], width, dropout=dropout, norm="none", activation="relu") if both else None
        )

    def forward(self, appearance: Tensor, rppg: Tensor) -> Tensor:
        appearance, rppg = (project(feature) for project, feature in zip(self.project, (appearance, rppg), strict=True))
        query = rppg if self.query is None else self.query(appearance, rppg)
        keys = appearance[:, None, :, None]
        attended = scaled_dot_product_attention(query[:, None, :, None], keys, keys, scale=1.0)
        return appearance + attended[:, 0, :, 0]
