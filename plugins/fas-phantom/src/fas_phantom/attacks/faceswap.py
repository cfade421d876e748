"""`forgery.faceswap`: another identity's inner face on the subject's clip, in RGB only; depth and infrared stay the clip's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.attacks.live import Live, Moment
from fas_phantom.canvas import Field, blur, mix, noise, sample, soft
from fas_phantom.head import Head, head, pixels
from fas_phantom.parameters import ClipParameters
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.streams import stream

ABSENT, INCOHERENT = 0, 1
"""Pulse of a forged face: absent, the driver's but different from place to place, or (else) jittered by frame."""


class FaceSwap(Live):
    """The subject's clip with the donor's inner face blended in."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "transfer": float(random.uniform(0.8, 1.0)),
            "resampling": float(random.uniform(0.8, 2.0)),
            "seam": float(random.uniform(0.0015, 0.004)),
            "offset": float(random.uniform(0.05, 0.12) * random.choice([-1, 1])),
            "jitter": float(random.uniform(0.4, 1.3)),
            "wide": float(random.uniform(0.9, 1.05)),
            "pulse_mode": float(random.integers(0, 3)),
        }

    def colour(self) -> Head:
        return swapped(self.clip)[0]

    def moved(self, moment: Moment) -> tuple[Field, Field]:
        shake = stream("swap", self.clip.seed, self.clip.id, moment.frame).standard_normal(2) * self.clip.trait("jitter") * self.clip.trace
        inner = sample(swapped(self.clip)[1], moment.hit.u, moment.hit.v)
        return moment.hit.u + inner * np.float32(shake[0]), moment.hit.v + inner * np.float32(shake[1])

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        inner = sample(swapped(self.clip)[1], moment.hit.u, moment.hit.v)
        mode = int(self.clip.trait("pulse_mode"))
        if mode == ABSENT:
            return wave * (1 - inner)
        if mode == INCOHERENT:
            phases = noise(stream("incoherent", self.clip.seed, self.clip.id), inner.shape, (inner.shape[0] / 6,) * 2)
            return wave * mix(np.ones_like(inner), np.cos(2 * phases), inner)
        jitter = stream("pulse", self.clip.seed, self.clip.id, moment.frame).standard_normal()
        return wave * (1 - inner) + np.float32(jitter * self.clip.pulse.amplitude) * inner


@lru_cache(maxsize=8)
def swapped(clip: ClipParameters) -> tuple[Head, Field]:
    """The carrier's head with the donor's inner face, and the mask of what was replaced."""
    carrier, donor = head(clip.subject), head(clip.other or clip.subject)
    x, y = grid()
    mine, theirs = carrier.who, donor.who
    across = np.float32(theirs.eye_spacing * theirs.width / (mine.eye_spacing * mine.width))
    u, v = pixels(x * across, y * np.float32(theirs.length / mine.length))
    gain = (mine.skin / theirs.skin) ** np.float32(clip.trait("transfer"))
    gain = gain * np.float32(1 + clip.trait("offset") * clip.trace)
    face = sample(blur(donor.colour, clip.trait("resampling") * clip.trace**0.5), u, v) * gain
    wide, long = 0.052 * mine.width * clip.trait("wide"), 0.07 * mine.length * clip.trait("wide")
    mask = soft((1 - np.hypot(x / wide, (y - 0.03 * mine.length) / long)) * wide, clip.trait("seam"))
    lids = mix(carrier.lids[..., :3], sample(donor.lids, u, v)[..., :3] * gain, mask)
    shut = np.dstack([lids, carrier.lids[..., 3]]).astype(np.float32)
    return carrier._replace(colour=mix(carrier.colour, face, mask).astype(np.float32), lids=shut), mask.astype(np.float32)
