"""`mask.half`: a rubber mask of brows, nose, and cheeks; eyes (through holes), mouth, and chin are the subject's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.attacks.worn import Instrument, Worn, instrument
from fas_phantom.canvas import Field, blur, bump, mix, noise, pair, soft
from fas_phantom.head import head
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import grid, outline
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.traits import EYE_SPACING, SUBNASALE


class HalfMask(Worn):
    """The upper face of a character over that of the subject."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "model": float(random.integers(1 << 31)),
            "tone": float(random.integers(1, 5)),
            "gloss": float(random.uniform(0.1, 0.3)),
            "near": float(random.uniform(0.35, 0.85)),
            "thickness": float(random.uniform(0.001, 0.003)),
            "nose": float(random.uniform(0.001, 0.0035)),
            "red": float(random.uniform(0.0, 0.18)),
            "wrinkles": float(random.uniform(0.4, 1.0)),
        }

    def instrument(self) -> Instrument:
        return rubber(self.clip)


@lru_cache(maxsize=8)
def rubber(clip: ClipParameters) -> Instrument:
    """Return the maps of a mask: exaggerated brows and nose, wrinkles, painted rubber."""
    wearer, model = head(clip.subject), head(Person("rubber", int(clip.trait("model")), int(clip.trait("tone"))))
    x, y = grid()
    wrinkles = _wrinkles(clip, x, y)
    swell = clip.trait("nose") * bump(x, y, 0, 0.034, 0.013, 0.013) + 0.003 * pair(x, y, 0.026, -0.02, 0.02, 0.007)
    surface = (
        blur(wearer.relief, 3)
        + np.float32(clip.trait("thickness"))
        + swell.astype(np.float32)
        - np.float32(0.0012) * wrinkles
    )
    inside = _inside(clip, x, y)
    edge = soft(0.0022 - inside, 0.0015)
    blotches = 1 + 0.06 * noise(stream("rubber", int(clip.trait("model"))), x.shape, (18, 18), 2)
    skin = np.broadcast_to(model.who.skin, (*x.shape, 3)) * blotches[..., None]
    flush = clip.trait("red") * (bump(x, y, 0, 0.036, 0.014, 0.012) + pair(x, y, 0.045, 0.03, 0.014, 0.01))
    skin = (
        skin
        * (1 + flush[..., None] * np.array([0.4, -1.8, -1.8], np.float32))
        * (1 - 0.5 * clip.trait("wrinkles") * wrinkles[..., None])
    )
    brows = pair(x, y, 0.031, -0.026, 0.017, 0.0045) * np.float32(0.9)
    color = mix(mix(skin, model.who.hair, brows), 0.03, np.float32(0.8) * edge)
    near = clip.trait("near") * (1 - 0.25 * brows) * (1 - 0.4 * edge)
    return instrument(surface, soft(inside, 0.0009), np.clip(color, 0.004, 1), gloss=clip.trait("gloss"), near=near)


def _inside(clip: ClipParameters, x: Field, y: Field) -> Field:
    """Meters from the border of the mask and its eye holes; negative outside the mask."""
    who = head(clip.subject).who
    half = outline(who, y[:, 0])[:, None] - np.float32(0.004)
    lower = SUBNASALE * who.length + 0.003 + 0.016 * soft(np.abs(x) - 0.026, 0.014) - y
    rim = np.minimum(np.minimum(half - np.abs(x), y + 0.07 * who.length), lower)
    corner = 0.054 - np.hypot(np.clip(np.abs(x) - 0.012, 0, None), np.clip(-y - 0.02, 0, None))
    eyes = np.hypot((np.abs(x) - EYE_SPACING * who.eye_spacing * who.width) / 0.0175, y / 0.0095)
    return np.minimum(np.minimum(rim, corner), (eyes - 1) * 0.0095)


def _wrinkles(clip: ClipParameters, x: Field, y: Field) -> Field:
    """Furrows in [0, 1]: across the forehead, beside the nose, and at the outer corners of the eyes."""
    wave = 0.0022 * np.sin(x * 70 + clip.trait("nose") * 500)
    brow = sum(bump(x * 0.6, y + wave, 0, level, 0.03, 0.0012) for level in (-0.058, -0.05, -0.042))
    fold = np.exp(-(((np.abs(x) - 0.02 - 0.5 * np.clip(y - 0.028, 0, None)) / 0.0016) ** 2)) * soft(y - 0.03, 0.006)
    feet = pair(x, y + 0.4 * (np.abs(x) - 0.055), 0.057, 0.002, 0.006, 0.001) + pair(
        x, y - 0.4 * (np.abs(x) - 0.055), 0.057, 0.004, 0.006, 0.001
    )
    return np.clip(brow + fold + feet, 0, 1).astype(np.float32)
