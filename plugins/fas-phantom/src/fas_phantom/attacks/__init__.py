"""The attacks: one file per family, with its physics in every modality."""

from __future__ import annotations

import importlib

from fas_phantom.attacks.live import Live
from fas_phantom.parameters import ClipParameters
from fas_phantom.species import SPECIES


def renderer_of(species: str | None) -> type[Live]:
    """Return the class that renders a species; None is a live person."""
    if species is None:
        return Live
    module, name = SPECIES[species].target.split(":")
    live: type[Live] = getattr(importlib.import_module(f"fas_phantom.attacks.{module}"), name)
    return live


def presentation(clip: ClipParameters) -> Live:
    """Return the renderer of what a clip's camera sees."""
    return renderer_of(clip.species)(clip)


__all__ = ["Live", "presentation", "renderer_of"]
