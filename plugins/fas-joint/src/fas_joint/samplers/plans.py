"""The batches of an epoch of two tasks, each a function of the ids, the epoch and the seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from fascore import generator

T = TypeVar("T")


def merged(ids: Sequence[str], size: int, epoch: int, seed: int) -> list[list[str]]:
    """Each id once, in ceil(n / size) batches of even size."""
    return _even(_shuffled(ids, _stream(seed, epoch)), size)


def halves(groups: Sequence[Sequence[str]], half: int, epoch: int, seed: int, *, longer: bool) -> list[list[str]]:
    """Equally many ids of each group in every batch, `half` at most; the smaller group, or with `longer` the larger, comes once."""
    rng = _stream(seed, epoch)
    ruling = (max if longer else min)(map(len, groups))
    streams = [_rounds(group, rng) for group in groups]
    sizes = [len(batch) for batch in _even(range(ruling), half)]
    return [list(chain.from_iterable(islice(stream, size) for stream in streams)) for size in sizes]


def alternating(groups: Sequence[Sequence[str]], size: int, epoch: int, seed: int, *, longer: bool) -> list[list[str]]:
    """A batch of each group in turn, as often as the group with fewer steps has batches, or with `longer` that with more."""
    rng = _stream(seed, epoch)
    steps = (max if longer else min)(-(-len(group) // size) for group in groups)
    streams = [_batches(group, size, rng) for group in groups]
    return [next(stream) for _ in range(steps) for stream in streams]


def in_turn(groups: Sequence[Sequence[str]], size: int, epoch: int, seed: int) -> list[list[str]]:
    """All batches of the first group, then all of the next; each id once."""
    rng = _stream(seed, epoch)
    return list(chain.from_iterable(_even(_shuffled(group, rng), size) for group in groups))


def _stream(seed: int, epoch: int) -> np.random.Generator:
    return generator(seed, "sampler", epoch)


def _shuffled(ids: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [ids[i] for i in rng.permutation(len(ids))]


def _rounds(ids: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """The ids in ever new orders; each comes once a round."""
    while True:
        yield from _shuffled(ids, rng)


def _batches(ids: Sequence[str], size: int, rng: np.random.Generator) -> Iterator[list[str]]:
    """Batches of ever new rounds; none spans two rounds."""
    while True:
        yield from _even(_shuffled(ids, rng), size)


def _even(items: Sequence[T], size: int) -> list[list[T]]:
    """ceil(n / size) runs whose lengths differ by one at most, so that no tiny last batch spoils batch statistics."""
    count = -(-len(items) // size)
    return [list(items[len(items) * i // count : len(items) * (i + 1) // count]) for i in range(count)]
