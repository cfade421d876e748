"""Draws: the online random choices of a batch, a function of nothing but (seed, purpose, epoch, record id)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Draws:
    """Choices for N rows.

    `affine` (N, 2, 3) float32 maps a point of the output, in the coordinates [-1, 1] of
    `torch.nn.functional.affine_grid`, to a point of the face frame, which is the stored crop without its margin. It
    includes flips; `flipped` (N,) bool marks them for data whose left and right must be swapped. `colour` contains the
    parameters of the RGB changes by name, (N,) or (N, k) each.
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
        """The choices for some rows."""
        index = torch.as_tensor(rows, device=self.affine.device)
        return replace(
            self,
            affine=self.affine[index],
            flipped=self.flipped[index],
            colour={name: value[index] for name, value in self.colour.items()},
        )
