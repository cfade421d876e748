"""Worker processes: apply one function to many items, with results as they complete and few items in flight."""

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
"""Items per process that wait in its queue: few, so that memory does not grow with the dataset."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def processes_for(asked: int | None, pending: int) -> int:
    """Number of processes to start for `pending` items: as many as requested (None: one per core), and none that would idle."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores if asked is None else asked, pending)


def spread(
    work: Callable[[Item], Result], items: Sequence[Item], processes: int, name: Callable[[Item], str], what: str
) -> Iterator[tuple[Item, Result]]:
    """(item, `work(item)`) as they complete; without processes, in this process and in order.

    `work` and the items are sent to the processes by pickle. Raises FascoreError if a process dies while it `what`
    (`prepared`, `read`) items of these names.
    """
    require_train()
    if processes <= 0:
        for item in items:
            yield item, work(item)
        return
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context(method), _start, (work,))
    waiting: dict[Future[Any], Item] = {}
    left = iter(items)
    try:
        while True:
            waiting |= {pool.submit(_work, item): item for item in islice(left, IN_FLIGHT * processes - len(waiting))}
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
"""Of this worker process."""


def _start(work: Callable[[Any], Any]) -> None:
    """Set up a worker: it leaves Ctrl-C to its parent, ends with its parent, and uses one core."""
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
