"""`forgery.reenactment`: mouth, lids, and expression of another clip, in RGB only (Thies et al. 2016)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.attacks.forged import Driven
from fas_phantom.canvas import Field, pair, sample, soft
from fas_phantom.head import head
from fas_phantom.moments import Moment
from fas_phantom.parameters import Person
from fas_phantom.relief import PITCH, grid
from fas_phantom.sites import Site
from fas_phantom.traits import BROW_HEIGHT, MOUTH
from fas_phantom.view import Pose


class Reenactment(Driven):
    """Lips, lids, brows, and mouth corners follow the driver; the face is redrawn ear to ear, slightly smoother."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "smile": float(random.uniform(-0.0015, 0.004)),
            "brows": float(random.uniform(-0.0015, 0.004)),
            "liveliness": float(random.uniform(0.3, 1.0)),
        }

    def acted(self, pose: Pose, index: int) -> Pose:
        return super().acted(pose, index)._replace(lids=float(self.driver().lids[index]))

    def region(self) -> Field:
        return regions(self.clip.subject)[0]

    def moved(self, moment: Moment) -> tuple[Field, Field]:
        """Mouth corners move up and out, and brows up, with the driver's expression in this frame."""
        smile, brows = (
            np.float32(self.clip.trait(name) * self._mood(moment.time) / PITCH) for name in ("smile", "brows")
        )
        corner, lift, brow = (sample(field, moment.hit.u, moment.hit.v) for field in regions(self.clip.subject)[1:])
        return moment.hit.u - smile * corner, moment.hit.v + smile * lift + brows * brow

    def _mood(self, time: float) -> float:
        liveliness = self.clip.trait("liveliness")
        return float(1 + 0.8 * liveliness * np.sin(2 * np.pi * 0.4 * (1 + liveliness) * time + 40 * liveliness))


@lru_cache(maxsize=16)
def regions(person: Person) -> tuple[Field, Field, Field, Field]:
    """Over a head's maps: the redrawn region, and where a smile pulls outward, a smile pulls up, and brows rise."""
    who, (x, y) = head(person).who, grid()
    wide, long = 0.06 * who.width, 0.083 * who.length
    inner = soft((1 - np.hypot(x / wide, (y - 0.028 * who.length) / long)) * wide, 0.003)
    corners = pair(x, y, 0.025 * who.mouth_width * who.width, MOUTH * who.length, 0.012, 0.009)
    brows = pair(x, y, 0.032 * who.width, BROW_HEIGHT * who.length, 0.022, 0.009)
    outward = np.sign(x) * corners
    return inner, inner * outward, inner * corners, inner * brows
