"""Named random streams: a draw depends only on the names, never on earlier draws."""

from __future__ import annotations

import hashlib

import numpy as np


def key(*names: str | int) -> int:
    """Return a 64-bit number for a path of names."""
    text = "\x1f".join(map(str, names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def stream(*names: str | int) -> np.random.Generator:
    """Return the generator for a path of names, such as `stream(seed, "capture", id)`."""
    return np.random.Generator(np.random.SFC64(key(*names)))
