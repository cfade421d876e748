"""Plain shuffling into batches of nearly equal size."""

from __future__ import annotations

from collections.abc import Sequence

from fascore.contract.random_streams import generator


def shuffled(ids: Sequence[str], batch_size: int, epoch: int, seed: int, *, drop_last: bool) -> list[list[str]]:
    """Each id once, in batches of at most `batch_size`; a function of (seed, epoch) and the order of `ids`."""
    order = [ids[i] for i in generator(seed, "sampler", epoch).permutation(len(ids))]
    if drop_last:
        return [order[start : start + batch_size] for start in range(0, len(order) - batch_size + 1, batch_size)]
    count = -(-len(order) // batch_size)
    return [order[len(order) * i // count : len(order) * (i + 1) // count] for i in range(count)]
