"""Supervised contrastive loss over the batch of all processes (Khosla et al. 2020, Supervised Contrastive Learning)."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import normalize, pad


class SupervisedContrastiveObjective(nn.Module):
    """Eq. 2 of Khosla et al. 2020 on features of length 1. Shapes: (B, D) and (B,) int64 -> (B,).

    Every process must call it in every step, even without rows. Each process computes the losses of all records and
    treats the features of other processes as constants. Its gradient is thus that of the sum over all processes, and
    the backward pass needs no communication.
    """

    def __init__(self, width: int, *, temperature: float, projection: int | None) -> None:
        super().__init__()
        self.temperature = temperature
        layers = [] if projection is None else [nn.Linear(width, width), nn.ReLU(), nn.Linear(width, projection)]
        self.project = nn.Sequential(*layers)

    def forward(self, feature: Tensor, *, target: Tensor) -> Tensor:
        z = normalize(self.project(feature).float(), dim=1)
        all_features, targets, own = gathered(z, target)
        with torch.autocast(z.device.type, enabled=False):
            losses = supervised_contrastive(all_features, targets, self.temperature)
        if len(all_features) == len(z):
            return losses
        # The value is the loss of this process's records; the gradient is that of all losses through its own features.
        return losses[own].detach() + (losses.sum() - losses.sum().detach()) / max(len(z), 1)


def supervised_contrastive(z: Tensor, target: Tensor, temperature: float) -> Tensor:
    """L_i = -1/|P(i)| sum_{p in P(i)} log(exp(z_i z_p / tau) / sum_{a != i} exp(z_i z_a / tau)), eq. 2.

    Shapes: (A, D) and (A,) -> (A,); zero for a record without positives.
    """
    if len(z) < 2:
        return z.sum(1) * 0
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    similarity = z @ z.T / temperature
    log_share = similarity - similarity.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    positive = (target[:, None] == target) & ~itself
    count = positive.sum(1)
    return -torch.where(positive, log_share, 0).sum(1) / count.clamp(min=1)


def gathered(z: Tensor, target: Tensor) -> tuple[Tensor, Tensor, slice]:
    """Features and targets of all processes, and the slice of this process, whose features keep gradients.

    The numbers of rows may differ between processes.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return z, target, slice(None)
    rank, world = dist.get_rank(), dist.get_world_size()
    sizes = [torch.zeros(1, dtype=torch.long, device=z.device) for _ in range(world)]
    dist.all_gather(sizes, torch.tensor([len(z)], device=z.device))
    counts = [int(size) for size in sizes]
    longest = max(counts)
    features = [z.new_zeros(longest, z.shape[1]) for _ in counts]
    dist.all_gather(features, pad(z.detach(), (0, 0, 0, longest - len(z))))
    targets = [target.new_zeros(longest) for _ in counts]
    dist.all_gather(targets, pad(target, (0, longest - len(target))))
    blocks = [z if r == rank else feature[:n] for r, (feature, n) in enumerate(zip(features, counts))]
    start = sum(counts[:rank])
    return torch.cat(blocks), torch.cat([t[:n] for t, n in zip(targets, counts)]), slice(start, start + counts[rank])
