"""Instance-level contrastive learning between modalities (Chen et al. 2025, eq. 1-3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from fas_mmfas.objectives.pairs import pooled, prefixes, similarity
from fascore import Tokens, Vector


class InstanceContrastiveObjective(nn.Module):
    """Eq. 3 per record. Shapes: n x (B, D) or (B, N, D), and mask (B, n) -> (B,); 0 for a record without a pair."""

    def __init__(
        self,
        signals: Sequence[Vector | Tokens],
        *,
        temperature: float,
        limits: tuple[float, float],
        normalize: bool,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        self.prefix, self.unit = prefixes(signals), normalize
        self.smoothing, self.limits = label_smoothing, limits
        self.temperature = nn.Parameter(torch.tensor(temperature))

    def forward(self, *features: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        with torch.autocast(target.device.type, enabled=False):
            first, *others = pooled(features, self.prefix)
            losses = [
                contrast(
                    similarity(first, other, unit=self.unit) / self.temperature,
                    mask[:, 0],
                    mask[:, place],
                    self.smoothing,
                )
                for place, other in enumerate(others, 1)
            ]
            return torch.stack(losses).sum(0)

    @torch.no_grad()
    def update(self, reduce: Callable[[Tensor], Tensor]) -> None:
        """Keep tau within its limits after a step."""
        self.temperature.clamp_(*self.limits)


def contrast(scaled: Tensor, rows: Tensor, columns: Tensor, smoothing: float = 0.0) -> Tensor:
    """1/2 [H(y_i, p_i) over rows + H(y_i, p_i) over columns], where p is the softmax of eq. 2 and y is 1 at i = j.

    `rows` and `columns` mark the records that have the first and the other feature.
    Shapes: s / tau (B, B), and (B,) bool twice -> (B,), 0 for a record that lacks a feature.
    """
    both = rows & columns
    present = rows[:, None] & columns
    forward = _cross_entropy(scaled, present, smoothing)
    backward = _cross_entropy(scaled.T, present.T, smoothing)
    return torch.where(both, (forward + backward) / 2, 0)


def _cross_entropy(logits: Tensor, present: Tensor, smoothing: float) -> Tensor:
    """(B,) -sum_j y_ij log p_ij over the present columns, y_ij = (1 - smoothing) [i = j] + smoothing / columns."""
    # A row without any present column keeps a finite normalizer; the caller discards it.
    logits = logits.masked_fill(~present, -torch.inf).masked_fill(~present.any(1, keepdim=True), 0)
    log_p = logits.log_softmax(1)
    uniform = torch.where(present, log_p, 0).sum(1) / present.sum(1).clamp(min=1)
    own = torch.where(present.diagonal(), log_p.diagonal(), 0)
    return -(1 - smoothing) * own - smoothing * uniform
