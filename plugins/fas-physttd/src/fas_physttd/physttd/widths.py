"""Channel counts of PhySTD's generator."""

from __future__ import annotations

from typing import NamedTuple

from fas_physttd.widths import widened


class Widths(NamedTuple):
    """Channel counts: `first` of the stem, `middle` inside the blocks, `features` of F1, F2, F3; then `decoder`, `head`, and `depth`."""

    first: int
    middle: tuple[int, ...]
    features: tuple[int, ...]
    decoder: tuple[int, ...]
    head: int
    depth: tuple[int, ...]


def widths_of(
    width: float,
    *,
    stem: int,
    middle: tuple[int, ...],
    features: tuple[int, ...],
    decoder: tuple[int, ...],
    head: int,
    depth: tuple[int, ...],
) -> Widths:
    """These channel counts times `width`."""

    def times_width(channels: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(widened(count, width) for count in channels)

    return Widths(
        widened(stem, width),
        times_width(middle),
        times_width(features),
        times_width(decoder),
        widened(head, width),
        times_width(depth),
    )
