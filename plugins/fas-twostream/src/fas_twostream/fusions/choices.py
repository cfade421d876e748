"""The direction in which the maps of a feature pyramid are summed, and the grids of pyramid pooling."""

from __future__ import annotations

from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["top_down", "bottom_up", "none"]
BINS = (1, 2, 3, 6)
"""Sides of the grids to which a level is pooled."""
