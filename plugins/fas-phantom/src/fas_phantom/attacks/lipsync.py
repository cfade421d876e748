"""`forgery.lipsync`: a mouth that follows other speech, in RGB only: a blurred patch (Prajwal et al. 2020)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.attacks.forged import Driven
from fas_phantom.canvas import Field, soft
from fas_phantom.head import head
from fas_phantom.parameters import Person
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.traits import CHIN, SUBNASALE


class LipSync(Driven):
    """Only mouth and chin are redrawn, at a low resolution."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "resolution": float(random.integers(44, 65)),
            "seam": float(random.uniform(0.001, 0.0025)),
        }

    def region(self) -> Field:
        return patch(self.clip.subject, self.clip.trait("seam"))


@lru_cache(maxsize=16)
def patch(person: Person, seam: float) -> Field:
    """Coverage of a rectangle with round corners, from below the nose to the chin."""
    who, (x, y) = head(person).who, grid()
    top, bottom, wide = (SUBNASALE + 0.003) * who.length, (CHIN - 0.004) * who.length, 0.038 * who.width
    across, down = np.abs(x) - (wide - 0.014), np.abs(y - 0.5 * (top + bottom)) - (0.5 * (bottom - top) - 0.014)
    inside = 0.014 - np.hypot(np.maximum(across, 0), np.maximum(down, 0)) - np.minimum(np.maximum(across, down), 0)
    return np.ascontiguousarray(soft(inside, seam), np.float32)
