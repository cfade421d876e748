"""Counts small integers over many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 18


def tally(codes: NDArray[np.integer[Any]], count: int) -> NDArray[np.int64]:
    """Number of occurrences of each of 0 … count - 1, (count,).

    Works in blocks, since numpy widens its input to eight bytes.
    """
    tallies = np.zeros(count, np.int64)
    for start in range(0, len(codes), BLOCK):
        tallies += np.bincount(codes[start : start + BLOCK], minlength=count)
    return tallies
