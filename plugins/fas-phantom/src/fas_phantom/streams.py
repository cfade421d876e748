"""Named random streams: what is drawn is a function of the names only, never of what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np


def key(*names: str | int) -> int:
    """A 64-bit number for a path of names."""
    text = "\x1f".join(map(str, names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def stream(*names: str | int) -> np.random.Generator:
    """The generator of a path of names, such as `stream(seed, "capture", id)`."""
    return np.random.Generator(np.random.SFC64(key(*names)))
