"""The options from which both branches are built: the trunk, its levels, and the pyramid modules on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fas_twostream.fusions.choices import Direction
from fascore import Level, Pyramid

TrunkName: TypeAlias = Literal["budget", "full", "port2019"]
LEVELS = (1, 2, 3, 4, 5)
WIDTHS = (16, 16, 24, 48, 96)
"""Channels of the five levels, which have strides 2, 4, 8, 16 and 32, in every trunk."""


@dataclass(frozen=True, kw_only=True)
class BranchOptions:
    """A branch: trunk, levels used, and how they are joined and pooled. `bins` is None without pyramid pooling."""

    trunk: TrunkName
    pretrained: bool | str
    levels: tuple[int, ...]
    channels: int
    fpm: Direction
    bins: tuple[int, ...] | None

    @property
    def widths(self) -> list[int]:
        """Channels of the used levels."""
        return [WIDTHS[level - 1] for level in self.levels]

    def pyramid(self, h: int, w: int) -> Pyramid:
        """The used levels that the trunk produces from pictures of this size."""
        sides = [(-(-h >> n), -(-w >> n)) for n in self.levels]
        return Pyramid(tuple(Level(WIDTHS[n - 1], side, 2**n) for n, side in zip(self.levels, sides, strict=True)))
