"""Seconds of calls, as the benchmarks measure them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Call = Callable[[], object]


def processor(call: Call) -> float:
    """Of the processor: one thread is timed, and others may share its machine."""
    start = time.process_time()
    call()
    return time.process_time() - start


def wall(call: Call) -> float:
    """Of the clock: what someone waits."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def clock(device: str) -> Callable[[Call], float]:
    """How calls are timed on a type of device: on a GPU by the clock, to the end of what they started there."""
    if device != "cuda":
        return processor

    def finished(call: Call) -> float:
        import torch

        return wall(lambda: (call(), torch.cuda.synchronize()))

    return finished


def medians(made: Mapping[str, Call], rounds: int, seconds: Callable[[Call], float], warm: int = 1) -> dict[str, float]:
    """Seconds of each call: the median of rounds in which all take turns, after `warm` rounds that do not count."""
    taken: dict[str, list[float]] = {name: [] for name in made}
    for turn in range(rounds + warm):
        for name, call in made.items():
            spent = seconds(call)
            if turn >= warm:
                taken[name].append(spent)
    return {name: statistics.median(each) for name, each in taken.items()}
