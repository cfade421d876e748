"""Named random streams: every random choice is a function of a seed, a purpose, and a key only."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def generator(seed: int, purpose: str, *key: str | int) -> np.random.Generator:
    """A named random stream. It depends only on the arguments, not on the process or on other draws."""
    import numpy as np  # imported here, so that config modules can import this module without numpy

    text = "\x1f".join(map(str, (seed, purpose, *key)))
    return np.random.Generator(
        np.random.Philox(key=int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little"))
    )
