"""`forgery.generated`: a whole face from a generator, in RGB only: a periodic grid, smooth skin, mismatched halves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from fas_phantom.attacks.forged import Forged
from fas_phantom.attacks.live import Stage
from fas_phantom.canvas import Field, blur, bump, mix, sample, soft
from fas_phantom.head import Head, head, pixels
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.traits import BROW_HEIGHT, EYE_SPACING, MOUTH, Traits


class Generated(Forged):
    """A fully synthetic likeness of the subject (Odena et al. 2016: checkerboards of transposed convolutions)."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "resolution": float(random.integers(88, 129)),
            "grid": float(random.uniform(0.014, 0.03)),
            "smoothing": float(random.uniform(2.5, 4.5)),
            "side": float(random.choice([-1, 1])),
            "eye_up": float(random.uniform(0.0015, 0.0035) * random.choice([-1, 1])),
            "eye_tint": float(random.uniform(-0.5, 0.8)),
            "brow_up": float(random.uniform(0.001, 0.004) * random.choice([-1, 1])),
            "mouth_up": float(random.uniform(0.001, 0.003)),
        }

    def color(self) -> Head:
        return lopsided(self.clip)

    def region(self) -> Field:
        return whole(self.clip)[0]

    def stages(self) -> Mapping[str, Stage]:
        return {"smoothing": self.smoothing, **super().stages()}

    def smoothing(self, image: Field, moment: Moment) -> Field:
        """Skin without pores or blotches."""
        return image * sample(whole(self.clip)[1], moment.hit.u, moment.hit.v)


@lru_cache(maxsize=8)
def whole(clip: ClipParameters) -> tuple[Field, Field]:
    """Return the drawn region, including hair, and the gain (H, W, 3) that smooths its skin."""
    face, region = lopsided(clip), drawn(clip.subject)
    skin = soft(face.matter[..., 1] - 0.45, 0.25) * soft(np.abs(face.lids[..., 3] - 0.5) - 0.9, 0.2) * region
    features = soft(0.55 - blur(np.abs(np.log(np.maximum(face.color, 0.003) / face.who.skin)).mean(2), 1.0), 0.2)
    smooth = blur(face.color, clip.trait("smoothing") * clip.trace**0.5) / np.maximum(face.color, 0.003)
    gain = mix(np.ones_like(smooth), smooth, blur(skin * features, 1.5))
    return region, np.ascontiguousarray(np.clip(gain, 0.4, 2.5), np.float32)


@lru_cache(maxsize=16)
def drawn(person: Person) -> Field:
    """Coverage of face, forehead, and most of the hair over the maps of the head."""
    who, (x, y) = head(person).who, grid()
    return np.ascontiguousarray(
        soft((1 - np.hypot(x / (0.078 * who.width), (y - 0.012) / (0.112 * who.length))) * 0.078, 0.004), np.float32
    )


@lru_cache(maxsize=8)
def lopsided(clip: ClipParameters) -> Head:
    """Return the subject's head with one eye shifted and recolored, and one brow and mouth corner out of place."""
    face, (x, y), trace = head(clip.subject), grid(), np.float32(min(clip.trace, 1.3))
    who, side = face.who, clip.trait("side")
    eye = side * EYE_SPACING * who.eye_spacing * who.width
    brow, corner = (
        (eye, BROW_HEIGHT * who.length, 0.024, 0.007, "brow_up"),
        (side * 0.024, MOUTH * who.length, 0.014, 0.01, "mouth_up"),
    )
    shifts = ((eye, 0, 0.02, 0.01, "eye_up"), brow, corner)
    down = sum(clip.trait(name) * bump(x, y, cx, cy, sx, sy) for cx, cy, sx, sy, name in shifts)
    u, v = pixels(x, y + trace * drawn(clip.subject) * np.asarray(down, np.float32))
    color, lids = sample(face.color, u, v), sample(face.lids, u, v)
    radius = np.hypot(x - eye, y + 0.0008 + trace * np.float32(clip.trait("eye_up")))
    iris = soft(0.0066 - radius, 0.0008) * soft(0.5 - np.abs(lids[..., 3] - 0.5), 0.1)
    return face._replace(
        color=np.ascontiguousarray(color * (1 + _other_iris(clip, who) * trace * iris[..., None]), np.float32),
        lids=lids,
    )


def _other_iris(clip: ClipParameters, who: Traits) -> np.ndarray:
    """Relative change of an iris: bluer and lighter, or browner and darker."""
    tint = clip.trait("eye_tint")
    return np.array([0.3 * tint, 0.9 * tint, 2.0 * tint], np.float32) / np.float32(0.6 + 4 * float(who.iris.mean()))
