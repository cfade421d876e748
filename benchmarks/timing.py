"""Measures the seconds of calls for the benchmarks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Call = Callable[[], object]


def processor(call: Call) -> float:
    """Processor seconds: one thread is timed, and other processes may share the machine."""
    start = time.process_time()
    call()
    return time.process_time() - start


def wall(call: Call) -> float:
    """Wall-clock seconds: the time that a user waits."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def clock(device: str) -> Callable[[Call], float]:
    """The timer for a type of device: on a GPU wall-clock time, until the device has finished its work."""
    if device != "cuda":
        return processor

    def finished(call: Call) -> float:
        import torch

        return wall(lambda: (call(), torch.cuda.synchronize()))

    return finished


def medians(made: Mapping[str, Call], rounds: int, seconds: Callable[[Call], float], warm: int = 1) -> dict[str, float]:
    """Seconds of each call: the median of interleaved rounds, after `warm` uncounted rounds."""
    taken: dict[str, list[float]] = {name: [] for name in made}
    for turn in range(rounds + warm):
        for name, call in made.items():
            spent = seconds(call)
            if turn >= warm:
                taken[name].append(spent)
    return {name: statistics.median(each) for name, each in taken.items()}
