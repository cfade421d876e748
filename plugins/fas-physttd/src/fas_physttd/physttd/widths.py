"""Channels of PhySTD's generator."""

from __future__ import annotations

from typing import NamedTuple


class Widths(NamedTuple):
    """Channels: `first` of the stem and the decoder, `middle` inside the blocks, `features` of F1, F2, F3, `head` and `depth` of the heads."""

    first: int
    middle: tuple[int, int, int]
    features: tuple[int, int, int]
    head: int
    depth: tuple[int, int]


def of(width: float) -> Widths:
    """The published channels times `width`, each one at least."""

    def some(channels: int) -> int:
        return max(1, round(channels * width))

    return Widths(some(64), (some(96), some(96), some(128)), (some(64), some(96), some(128)), some(32), (some(128), some(64)))
