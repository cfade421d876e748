"""The batches of an epoch with two tasks. Each plan is a function of the ids, the epoch and the seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from fascore import generator

T = TypeVar("T")


def merged(ids: Sequence[str], size: int, epoch: int, seed: int) -> list[list[str]]:
    """Each id once, in ceil(n / size) batches of nearly equal size."""
    return _even(_shuffled(ids, _stream(seed, epoch)), size)


def halves(groups: Sequence[Sequence[str]], half: int, epoch: int, seed: int, *, longer: bool) -> list[list[str]]:
    """Equally many ids of each group in every batch, at most `half`.

    The ids of the smaller group, or of the larger one with `longer`, occur once.
    """
    rng = _stream(seed, epoch)
    count = (max if longer else min)(map(len, groups))
    streams = [_rounds(group, rng) for group in groups]
    sizes = [len(batch) for batch in _even(range(count), half)]
    return [list(chain.from_iterable(islice(stream, size) for stream in streams)) for size in sizes]


def alternating(groups: Sequence[Sequence[str]], size: int, epoch: int, seed: int, *, longer: bool) -> list[list[str]]:
    """A batch of each group in turn, once per batch of the group with fewer batches, or with more for `longer`."""
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
    """The ids in a new order each round; each id occurs once per round."""
    while True:
        yield from _shuffled(ids, rng)


def _batches(ids: Sequence[str], size: int, rng: np.random.Generator) -> Iterator[list[str]]:
    """Batches of successive rounds; none spans two rounds."""
    while True:
        yield from _even(_shuffled(ids, rng), size)


def _even(items: Sequence[T], size: int) -> list[list[T]]:
    """ceil(n / size) runs whose lengths differ by at most one, so that no tiny last batch distorts batch statistics."""
    count = -(-len(items) // size)
    return [list(items[len(items) * i // count : len(items) * (i + 1) // count]) for i in range(count)]
