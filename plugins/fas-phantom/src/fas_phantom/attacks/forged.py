"""Common to all forgeries: a region that a generator draws at its own resolution, in RGB only, with a forged pulse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from fas_phantom.attacks.live import Live, Stage
from fas_phantom.canvas import Field, blur, mix, noise, sample
from fas_phantom.moments import Moment
from fas_phantom.motion import Tracks, tracks
from fas_phantom.parameters import ClipParameters
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.view import Hit, Pose, meet

ABSENT, INCOHERENT = 0, 1
"""Pulse of a forged face: absent, the driver's but incoherent over the face, or (any other value) jittered by frame."""
CROP = 0.13
"""Half the side, in meters, of the square that a generator draws; it is upright relative to the face."""
CELLS = 9
"""Grains of flicker along one side of the crop."""


class Forged(Live):
    """The subject's clip with a region of the face redrawn in every frame. Depth and infrared do not change."""

    spectacles = "behind"

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "pulse_mode": float(random.integers(0, 3)),
            "resolution": float(random.integers(72, 113)),
            "flicker": float(random.uniform(0.01, 0.03)),
            "grid": float(random.uniform(0.0, 0.015)),
            "offset": float(random.uniform(0.04, 0.1) * random.choice([-1, 1])),
        }

    def region(self) -> Field:
        """The redrawn region, in [0, 1] over the maps of the head."""
        raise NotImplementedError

    def inner(self, moment: Moment) -> Field:
        """Coverage (H, W) of the redrawn region."""
        return sample(self.region(), moment.hit.u, moment.hit.v)

    def hidden(self, moment: Moment) -> Field:
        return self.inner(moment)

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        inner, mode = self.inner(moment), int(self.clip.trait("pulse_mode"))
        if mode == ABSENT:
            return wave * (1 - inner)
        if mode == INCOHERENT:
            phases = noise(stream("incoherent", self.clip.seed, self.clip.id), inner.shape, (inner.shape[0] / 6,) * 2)
            return wave * mix(np.ones_like(inner), np.cos(2 * phases), inner)
        jitter = stream("pulse", self.clip.seed, self.clip.id, moment.frame).standard_normal()
        return wave * (1 - inner) + np.float32(jitter * self.clip.pulse.amplitude * self.clip.capture.gamma) * inner

    def stages(self) -> Mapping[str, Stage]:
        return {"colour": self.recolor, "resampling": self.resampling, "flicker": self.flicker}

    def recolor(self, image: Field, moment: Moment) -> Field:
        """The generator's color differs slightly from the clip's: a seam shows where they meet."""
        shift = np.float32(self.clip.trait("offset") * self.clip.trace) * np.array([1.0, 0.55, 0.35], np.float32)
        return image * (1 + self.inner(moment)[..., None] * shift)

    def resampling(self, image: Field, moment: Moment) -> Field:
        """The region on the generator's lattice, with uneven overlap of transposed convolutions, resampled back."""
        count, step = int(self.clip.trait("resolution")), moment.pose.scale * 2 * CROP / self.clip.trait("resolution")
        column, row = np.meshgrid(
            *2 * [((np.arange(count, dtype=np.float32) + np.float32(0.5)) / count * 2 - 1) * np.float32(CROP)]
        )
        c, s = (np.float32(moment.pose.scale * turn(np.deg2rad(moment.pose.roll))) for turn in (np.cos, np.sin))
        x, y = (
            np.float32(moment.pose.x - 0.5) + c * column - s * row,
            np.float32(moment.pose.y - 0.5) + s * column + c * row,
        )
        drawn = sample(blur(image, 0.5 * step), x, y) * self.overlap(count)[..., None]
        return mix(image, sample(drawn, *self.lattice(moment, count)), self.inner(moment))

    def overlap(self, count: int) -> Field:
        """Gain (count, count) of two stacked transposed convolutions of stride 2: periods of 2 and 4 on both axes."""
        place = np.arange(count)
        uneven = (np.where(place % 2, 1, -1) + np.where(place % 4 < 2, 1, -1)) * np.float32(
            self.clip.trait("grid") * self.clip.trace
        )
        return np.outer(1 + uneven, 1 + uneven).astype(np.float32)

    def lattice(self, moment: Moment, count: int) -> tuple[Field, Field]:
        """Position of each pixel on a lattice of `count` x `count` elements over the crop."""
        gain = np.float32(count / (2 * CROP))
        return (moment.hit.plane_x + np.float32(CROP)) * gain - np.float32(0.5), (
            moment.hit.plane_y + np.float32(CROP)
        ) * gain - np.float32(0.5)

    def flicker(self, image: Field, moment: Moment) -> Field:
        """Every frame is drawn independently, so faint shades change from frame to frame."""
        grains = stream("flicker", self.clip.seed, self.clip.id, moment.frame).standard_normal(
            (CELLS, CELLS), np.float32
        )
        shade = sample(grains, *self.lattice(moment, CELLS))
        return (
            image
            * (1 + np.float32(self.clip.trait("flicker") * self.clip.trace) * self.inner(moment) * shade)[..., None]
        )


class Driven(Forged):
    """The subject's face, or part of it, driven by another clip."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "talk": float(random.uniform(0.35, 1.0)),
            "teeth": float(random.uniform(0.5, 1.0)),
        }

    def driver(self) -> Tracks:
        """All motion of the driving clip."""
        return driver(self.clip)

    def seen(self, moment: Moment) -> Moment:
        pose = self.acted(moment.pose, moment.frame)
        hit, inner = meet(self.head(), pose, self.clip.size), self.inner(moment)
        still = np.zeros_like(inner)
        gap = mix(still if moment.hit.gap is None else moment.hit.gap, still if hit.gap is None else hit.gap, inner)
        moved = (mix(getattr(moment.hit, name), getattr(hit, name), inner) for name in ("x", "y", "u", "v"))
        lift = mix(moment.hit.lift, hit.lift, inner)
        return moment.elsewhere(Hit._make([moment.hit.plane_x, moment.hit.plane_y, *moved, gap, lift]), pose)

    def acted(self, pose: Pose, index: int) -> Pose:
        return pose._replace(mouth=float(self.driver().mouth[index]))

    def stages(self) -> Mapping[str, Stage]:
        return {"teeth": self.smear, **super().stages()}

    def smear(self, image: Field, moment: Moment) -> Field:
        """Teeth and mouth cavity become one pale smear: generators fill in what the driving frame does not show."""
        gap = (
            blur(moment.hit.gap, 0.8 * self.clip.size / 128)
            if moment.hit.gap is not None
            else np.zeros(image.shape[:2], np.float32)
        )
        pale = self.head().who.skin * np.array([0.75, 0.62, 0.6], np.float32)
        return mix(
            image,
            np.broadcast_to(pale, image.shape),
            gap * np.float32(min(0.75 * self.clip.trait("teeth") * self.clip.trace, 1.0)),
        )


@lru_cache(maxsize=8)
def driver(clip: ClipParameters) -> Tracks:
    """Return the motion that drives a forged clip: that of another clip, at the same times."""
    return tracks(replace(clip, id=f"{clip.id}/driver", capture=replace(clip.capture, talk=clip.trait("talk"))))
