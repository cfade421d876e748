"""`forgery.faceswap`: the inner face of another identity on the subject's clip, in RGB only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.attacks.forged import Forged
from fas_phantom.canvas import Field, mix, sample, soft
from fas_phantom.head import Head, head, pixels
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.streams import stream


class FaceSwap(Forged):
    """The subject's clip with the donor's inner face blended in; depth and infrared remain those of the clip."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "resolution": float(random.integers(56, 97)),
            "transfer": float(random.uniform(0.8, 1.0)),
            "seam": float(random.uniform(0.0015, 0.004)),
            "jitter": float(random.uniform(0.4, 1.3)),
            "wide": float(random.uniform(0.9, 1.05)),
        }

    def color(self) -> Head:
        return swapped(self.clip)[0]

    def region(self) -> Field:
        return swapped(self.clip)[1]

    def moved(self, moment: Moment) -> tuple[Field, Field]:
        shake = (
            stream("swap", self.clip.seed, self.clip.id, moment.frame).standard_normal(2)
            * self.clip.trait("jitter")
            * self.clip.trace
        )
        inner = self.inner(moment)
        return moment.hit.u + inner * np.float32(shake[0]), moment.hit.v + inner * np.float32(shake[1])


@lru_cache(maxsize=8)
def swapped(clip: ClipParameters) -> tuple[Head, Field]:
    """Return the carrier's head with the donor's inner face, and the mask of the replaced region."""
    carrier, donor = head(clip.subject), head(clip.other or clip.subject)
    x, y = grid()
    mine, theirs = carrier.who, donor.who
    across = np.float32(theirs.eye_spacing * theirs.width / (mine.eye_spacing * mine.width))
    u, v = pixels(x * across, y * np.float32(theirs.length / mine.length))
    gain = (mine.skin / theirs.skin) ** np.float32(clip.trait("transfer"))
    wide, long = 0.052 * mine.width * clip.trait("wide"), 0.07 * mine.length * clip.trait("wide")
    mask = soft((1 - np.hypot(x / wide, (y - 0.03 * mine.length) / long)) * wide, clip.trait("seam"))
    lids = mix(carrier.lids[..., :3], sample(donor.lids, u, v)[..., :3] * gain, mask)
    shut = np.dstack([lids, carrier.lids[..., 3]]).astype(np.float32)
    color = mix(carrier.color, sample(donor.color, u, v) * gain, mask)
    return carrier._replace(color=color.astype(np.float32), lids=shut), mask.astype(np.float32)
