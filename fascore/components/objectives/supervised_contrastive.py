"""Supervised contrastive loss over the batch of all processes (Khosla et al. 2020, Supervised Contrastive Learning)."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import normalize, pad


class SupervisedContrastiveObjective(nn.Module):
    """L_i = -1/|P(i)| sum_{p in P(i)} log(exp(z_i z_p / tau) / sum_{a != i} exp(z_i z_a / tau)), eq. 2, z of length 1.

    Shapes: (B, D) and (B,) int64 -> (B,); zero for a record without positives. Every process must call it in every step.
    """

    def __init__(self, width: int, *, temperature: float, projection: int | None) -> None:
        super().__init__()
        self.temperature = temperature
        layers = [] if projection is None else [nn.Linear(width, width), nn.ReLU(), nn.Linear(width, projection)]
        self.project = nn.Sequential(*layers)

    def forward(self, feature: Tensor, *, target: Tensor) -> Tensor:
        z = normalize(self.project(feature).float(), dim=1)
        every, targets, first = gathered(z, target)
        own = torch.arange(len(z), device=z.device) + first
        return supervised_contrastive(z, target, every, targets, own, self.temperature)


def supervised_contrastive(z: Tensor, target: Tensor, every: Tensor, targets: Tensor, own: Tensor, temperature: float) -> Tensor:
    """Eq. 2 for anchors z (B, D) among `every` (A, D), of which anchor i is row `own[i]`. Gives (B,)."""
    if len(every) < 2:
        return z.sum(1) * 0
    similarity = z @ every.T / temperature
    itself = torch.zeros_like(similarity, dtype=torch.bool)
    itself[torch.arange(len(z), device=z.device), own] = True
    log_share = similarity - similarity.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    positive = (target[:, None] == targets) & ~itself
    count = positive.sum(1)
    total = torch.where(positive, log_share, 0).sum(1)
    return torch.where(count > 0, -total / count.clamp(min=1), 0)


def gathered(z: Tensor, target: Tensor) -> tuple[Tensor, Tensor, int]:
    """Features and targets of all processes, and the row at which this one's begin. Processes may have any number of rows."""
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return z, target, 0
    size = torch.tensor([len(z)], device=z.device)
    sizes = [torch.zeros_like(size) for _ in range(dist.get_world_size())]
    dist.all_gather(sizes, size)
    counts = [int(s) for s in sizes]
    if torch.is_grad_enabled() and not z.requires_grad:
        # Its backward pass is a collective call too: a process whose rows are all absent must not skip it.
        z = z.detach().requires_grad_()
    most = max(counts)
    features: Tensor = _Gather.apply(pad(z, (0, 0, 0, most - len(z))))
    labels = [torch.zeros(most, dtype=target.dtype, device=target.device) for _ in counts]
    dist.all_gather(labels, pad(target, (0, most - len(target))))
    kept = torch.cat([torch.arange(n, device=z.device) + rank * most for rank, n in enumerate(counts)])
    return features[kept], torch.cat(labels)[kept], sum(counts[: dist.get_rank()])


class _Gather(torch.autograd.Function):
    """(M, D) of each process -> (processes * M, D); the gradient sums what all processes' losses send back."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.zeros_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        whole = gradient.contiguous()
        dist.all_reduce(whole)
        return whole.chunk(dist.get_world_size())[dist.get_rank()]


__all__ = ["SupervisedContrastiveObjective"]
