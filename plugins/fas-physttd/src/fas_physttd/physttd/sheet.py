"""Decomposition of a picture by PhySTD, as a block of the trace sheet (Liu and Liu, Fig. 8, 10, and 12)."""

from __future__ import annotations

from fas_physttd.physttd.removal import TakenApart
from fas_physttd.sheet import Block, Shown, amplified

NAMES = {"b": "B, coarse", "c": "C, middle", "t": "T, fine"}


def block(title: str, face: TakenApart) -> Block:
    """Upper row: traces of the face. Lower row: the face without them, from below the first trace on."""
    upper = [Shown("input", face.image), *(amplified(NAMES[port], trace) for port, trace in face.parts.items())]
    upper += [Shown(f"P, mean {face.p.mean():.2f}", face.p), Shown("content behind P", face.content)]
    upper += [Shown(f"depth, mean {face.depth.mean():.2f}", face.depth)]
    lower = [None, *(Shown(name, picture) for name, picture in face.removal)]
    return Block(
        title, [upper, lower if face.elsewhere is None else [*lower, Shown("on another face", face.elsewhere)]]
    )
