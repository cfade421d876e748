"""What PhySTD finds in a picture, as a block of the trace sheet (Liu and Liu, Fig. 8, 10 and 12)."""

from __future__ import annotations

from fas_physttd.physttd.removal import Found
from fas_physttd.sheet import Block, Shown, amplified

NAMES = {"b": "B, coarse", "c": "C, middle", "t": "T, fine"}


def block(title: str, found: Found) -> Block:
    """What was found, and below it what is left without it, from below the first trace on: the input has nothing removed."""
    upper = [Shown("input", found.image), *(amplified(NAMES[port], part) for port, part in found.parts.items())]
    upper += [Shown(f"P, mean {found.p.mean():.2f}", found.p), Shown("what P hides", found.content)]
    upper += [Shown(f"depth, mean {found.depth.mean():.2f}", found.depth)]
    lower = [None, *(Shown(name, picture) for name, picture in found.removal)]
    return Block(
        title, [upper, lower if found.elsewhere is None else [*lower, Shown("on another face", found.elsewhere)]]
    )
