"""Batches in which every group has an equal share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from fascore.contract.random_streams import generator


def balanced(groups: Sequence[Sequence[str]], batch_size: int, epoch: int, seed: int) -> list[list[str]]:
    """Batches of exactly `batch_size`, with about as many records as there are in total.

    Slots are assigned to the groups in order throughout the epoch, so that the shares differ by one at most, in a batch
    and in the epoch. If there are more groups than slots, each batch continues with the next groups.
    """
    rng = generator(seed, "sampler", epoch)
    order = rng.permutation(len(groups))
    streams = [_rounds(group, rng) for group in groups]
    batches = []
    for batch in range(-(-sum(map(len, groups)) // batch_size)):
        slots = [int(order[slot % len(groups)]) for slot in range(batch * batch_size, (batch + 1) * batch_size)]
        batches.append([id_ for group in sorted(set(slots)) for id_ in islice(streams[group], slots.count(group))])
    return batches


def _rounds(ids: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """The ids, endlessly, in a new order each round; each id occurs once per round."""
    while True:
        yield from (ids[i] for i in rng.permutation(len(ids)))
