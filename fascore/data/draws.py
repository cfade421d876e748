"""Draws: the online random choices of a batch, a function of (seed, purpose, epoch, record id) only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Draws:
    """Choices for N rows.

    `affine` (N, 2, 3) float32 maps a point of the output, in [-1, 1] as `torch.nn.functional.affine_grid` counts, to a
    point of the face frame, which is the stored crop without its margin. A flip is part of it; `flipped` (N,) bool marks
    it for data that must swap left and right. `colour` contains parameters of the RGB changes by name, (N,) or (N, k) each.
    """

    affine: Tensor
    flipped: Tensor
    colour: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def none(cls, rows: int, device: torch.device | str = "cpu") -> Draws:
        """No change at all, as evaluation uses it."""
        return cls(
            torch.eye(2, 3, device=device).expand(rows, 2, 3), torch.zeros(rows, dtype=torch.bool, device=device)
        )

    def __len__(self) -> int:
        return len(self.affine)

    def take(self, rows: Sequence[int] | Tensor) -> Draws:
        """The choices of some rows."""
        index = torch.as_tensor(rows, device=self.affine.device)
        return replace(
            self,
            affine=self.affine[index],
            flipped=self.flipped[index],
            colour={name: value[index] for name, value in self.colour.items()},
        )
