"""Channels at another width than the published one. No torch here: config modules read it."""

from __future__ import annotations


def widened(channels: int, width: float) -> int:
    """Channels of a layer at a `width` that multiplies the published ones; one at least."""
    return max(1, round(channels * width))
