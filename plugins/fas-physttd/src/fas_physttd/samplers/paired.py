"""Batches with equal numbers of bona fide records and attacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from fascore import generator


def paired(
    bona_fide: Sequence[str], attacks: Sequence[Sequence[str]], half: int, epoch: int, seed: int, *, longer: bool
) -> list[list[str]]:
    """Batches of `half` bona fide ids, then `half` attack ids, taken from the groups in turn; depends on the arguments only."""
    rng = generator(seed, "sampler", epoch)
    length = (max if longer else min)(len(bona_fide), sum(map(len, attacks)))
    live, spoof = _rounds(bona_fide, rng), _in_turn([_rounds(group, rng) for group in attacks], rng)
    return [[*islice(live, half), *islice(spoof, half)] for _ in range(-(-length // half))]


def _rounds(ids: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """The ids in a new order in each round; each id occurs once per round."""
    while True:
        yield from (ids[i] for i in rng.permutation(len(ids)))


def _in_turn(streams: Sequence[Iterator[str]], rng: np.random.Generator) -> Iterator[str]:
    """One id of each stream in turn; each epoch draws the order."""
    order = rng.permutation(len(streams))
    while True:
        yield from (next(streams[i]) for i in order)
