"""Worker processes: one function applied to many items, with results in order of completion and few items in flight."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from fascore.contract.errors import FascoreError
from fascore.contract.extras import require_train

IN_FLIGHT = 4
"""Number of queued items per process: few, so that memory use does not grow with the dataset."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def processes_for(requested: int | None, pending: int) -> int:
    """Number of processes for `pending` items: as requested (None: one per core), but none that would be idle."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores if requested is None else requested, pending)


def spread(
    work: Callable[[Item], Result], items: Sequence[Item], processes: int, name: Callable[[Item], str], what: str
) -> Iterator[tuple[Item, Result]]:
    """Yield (item, `work(item)`) as they are completed; with no processes, in order in this process.

    `work` and the items are pickled for the processes. Raises FascoreError if a process dies; its message says that the
    process `what` (`prepared`, `read`) one of the items, with names from `name`.
    """
    require_train()
    if processes <= 0:
        for item in items:
            yield item, work(item)
        return
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context(method), _start, (work,))
    waiting: dict[Future[Any], Item] = {}
    remaining = iter(items)
    try:
        while True:
            waiting |= {
                pool.submit(_work, item): item for item in islice(remaining, IN_FLIGHT * processes - len(waiting))
            }
            if not waiting:
                break
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting[future], future.result()
                del waiting[future]
    except BrokenProcessPool as error:
        raise FascoreError(
            f"a worker process died while it {what} one of {', '.join(sorted(map(name, waiting.values()))[:4])}, … (out of memory, or killed); "
            "finished work is kept: rerun the same command with fewer processes"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_function: Callable[[Any], Any] | None = None
"""The function of this worker process."""


def _start(work: Callable[[Any], Any]) -> None:
    """Set up a worker, which ignores Ctrl-C, ends with its parent, and uses one core."""
    global _function
    _function = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(item: Any) -> Any:
    assert _function is not None
    return _function(item)
