"""Ctrl-C and SIGTERM as requests: training finishes its step, writes a checkpoint, and explains how to resume."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar

from fascore.contract.errors import FascoreError


class Interrupted(FascoreError):
    """The user stopped training; a checkpoint has been written."""

    exit_code: ClassVar[int] = 130


class StopRequest:
    """Whether a stop has been requested."""

    def __init__(self) -> None:
        self.made = False


@contextmanager
def listening() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM into a request inside the block; in a single process, a second Ctrl-C stops immediately.

    Does nothing outside the main thread, where Python allows no handlers.
    """
    request = StopRequest()
    single_process = "TORCHELASTIC_RUN_ID" not in os.environ

    def handle(number: int, frame: FrameType | None) -> None:
        if request.made and single_process and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.made = True

    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
