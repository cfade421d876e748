"""Pace: how often a long task reports its progress if no terminal shows a progress bar."""

from __future__ import annotations

import time
from collections.abc import Callable

QUIET = 30.0
"""Minimum number of seconds between two progress lines in a log or a notebook."""


class Pace:
    """Tells when the next progress line is due: the first `seconds` after the start, the others at the same interval."""

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
