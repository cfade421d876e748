"""Channel counts at a width other than the published one. Config modules import this module, so it does not import torch."""

from __future__ import annotations


def widened(channels: int, width: float) -> int:
    """Channels of a layer: the published count times `width`, at least 1."""
    return max(1, round(channels * width))
