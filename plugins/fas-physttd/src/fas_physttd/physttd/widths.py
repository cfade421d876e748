"""Channels of PhySTD's generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fas_physttd.widths import widened

if TYPE_CHECKING:
    from fas_physttd.physttd.components import Generator


class Widths(NamedTuple):
    """Channels: `first` of the stem, `middle` inside the blocks, `features` of F1, F2, F3, `decoder`, `head` and `depth` of what follows."""

    first: int
    middle: tuple[int, ...]
    features: tuple[int, ...]
    decoder: tuple[int, ...]
    head: int
    depth: tuple[int, ...]


def of(config: Generator) -> Widths:
    """The channels that the config names, times its `width`."""

    def some(channels: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(widened(count, config.width) for count in channels)

    (first,), (head,) = some((config.stem,)), some((config.head_channels,))
    return Widths(
        first, some(config.middle), some(config.features), some(config.decoder), head, some(config.depth_channels)
    )
