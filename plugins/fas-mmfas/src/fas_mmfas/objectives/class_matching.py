"""Class-level matching between modalities with hard pairs (Chen et al. 2025, eq. 4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fas_mmfas.objectives.pairs import pooled, prefixes, similarity
from fascore import Tokens, Vector


class ClassMatchingObjective(nn.Module):
    """Eq. 4 per record: the mean over its pairs. Shapes: n x (B, D) or (B, N, D), target (B,), mask (B, n) -> (B,).

    A record without a pair has 0. With mined pairs, this includes a record for which there is no record of another
    class.
    """

    def __init__(self, signals: Sequence[Vector | Tokens], *, mined: bool) -> None:
        super().__init__()
        self.prefix, self.mined = prefixes(signals), mined
        self.predictors = nn.ModuleList(nn.Linear(2 * signals[0].d, 2) for _ in signals[1:])

    def forward(self, *features: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        with torch.autocast(target.device.type, enabled=False):
            first, *others = pooled(features, self.prefix)
            same = target[:, None] == target
            losses = []
            for place, (other, predictor) in enumerate(zip(others, self.predictors, strict=True), 1):
                pairs = mask[:, 0, None] & mask[:, place]
                chosen = hard_pairs(similarity(first, other).detach(), same, pairs) if self.mined else pairs
                losses.append(self._matched(predictor, first, other, same, chosen))
            return torch.stack(losses).sum(0)

    def _matched(self, predictor: nn.Module, first: Tensor, other: Tensor, same: Tensor, chosen: Tensor) -> Tensor:
        """(B,) mean cross-entropy over the chosen pairs of each record."""
        i, j = chosen.nonzero(as_tuple=True)
        logits = predictor(torch.cat([first[i], other[j]], dim=1))
        by_pair = cross_entropy(logits, same[i, j].long(), reduction="none")
        return first.new_zeros(len(first)).index_add(0, i, by_pair) / chosen.sum(1).clamp(min=1)


def hard_pairs(s: Tensor, same: Tensor, pairs: Tensor) -> Tensor:
    """(B, B) bool: for each row, the most similar pair of another class and the least similar pair of its own class.

    Only `pairs` are considered. A row without a pair of another class has no pair at all. The first column wins ties.
    """
    negative, positive = pairs & ~same, pairs & same
    hard_negative = _greatest(s, negative)
    hard_positive = _greatest(-s, positive)
    return (hard_negative | hard_positive) & negative.any(1, keepdim=True)


def _greatest(s: Tensor, candidates: Tensor) -> Tensor:
    """True at the first greatest value among the candidates of each row; False in a row without any. Shapes: (B, B)."""
    if not s.numel():
        return candidates
    greatest = s.masked_fill(~candidates, -torch.inf).amax(1, keepdim=True)
    equal = candidates & (s == greatest)
    return equal & (equal.cumsum(1) == 1)
