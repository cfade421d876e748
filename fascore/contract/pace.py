"""Pace: how often a long task reports its progress where no terminal shows a bar."""

from __future__ import annotations

import time
from collections.abc import Callable

QUIET = 30.0
"""Seconds between two lines of progress in a log or a notebook, at least."""


class Pace:
    """Whether the next line of progress is due: the first one `seconds` after the start, the others as far apart."""

    def __init__(self, seconds: float = QUIET, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._last = clock()

    def due(self) -> bool:
        """True once per interval; the interval then starts again."""
        now = self._clock()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True
