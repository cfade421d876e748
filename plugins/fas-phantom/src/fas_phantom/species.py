"""The one list of species that the renderer knows. No numpy here: the config module reads it."""

from __future__ import annotations

from typing import NamedTuple

from fascore import Task


class Species(NamedTuple):
    """A presentation attack instrument species: its task, and the module and class in `fas_phantom.attacks` that render it."""

    task: Task
    target: str


SPECIES: dict[str, Species] = {
    "print.flat": Species("spoof", "prints:FlatPrint"),
    "replay.screen": Species("spoof", "replay:ScreenReplay"),
    "mask.rigid": Species("spoof", "masks:RigidMask"),
    "forgery.faceswap": Species("forgery", "faceswap:FaceSwap"),
}
