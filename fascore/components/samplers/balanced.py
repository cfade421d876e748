"""Batches in which every group has an equal share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from fascore.contract.random_streams import generator


def balanced(groups: Sequence[Sequence[str]], batch_size: int, epoch: int, seed: int) -> list[list[str]]:
    """Batches of exactly `batch_size`, with about as many records in total as there are.

    Slots go to the groups in turn, through the whole epoch: shares in a batch differ by at most one, and so do shares in the
    epoch. If there are more groups than slots, each batch takes the next groups.
    """
    rng = generator(seed, "sampler", epoch)
    turn = rng.permutation(len(groups))
    streams = [_rounds(group, rng) for group in groups]
    batches = []
    for batch in range(-(-sum(map(len, groups)) // batch_size)):
        slots = [int(turn[slot % len(groups)]) for slot in range(batch * batch_size, (batch + 1) * batch_size)]
        batches.append([id_ for group in sorted(set(slots)) for id_ in islice(streams[group], slots.count(group))])
    return batches


def _rounds(ids: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """The ids in ever new orders; each occurs once per round."""
    while True:
        yield from (ids[i] for i in rng.permutation(len(ids)))
