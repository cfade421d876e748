"""Named random streams: all that is random is a function of a seed, a purpose and a key, and of nothing else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def generator(seed: int, purpose: str, *key: str | int) -> np.random.Generator:
    """A named random stream: the same for the same arguments, in any process, after anything else was drawn."""
    import numpy as np  # here, so that a config module that names a stream costs no numpy

    text = "\x1f".join(map(str, (seed, purpose, *key)))
    return np.random.Generator(
        np.random.Philox(key=int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little"))
    )
