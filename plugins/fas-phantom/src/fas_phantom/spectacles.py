"""Ordinary glasses of the depicted person: worn in clips of either label, and visible to every camera."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.attacks.rims import Rims, reflected
from fas_phantom.attacks.worn import Instrument, Layer, instrument, near_infrared, painted, put_on
from fas_phantom.canvas import Field, luminance, mix
from fas_phantom.head import head
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import grid
from fas_phantom.streams import stream
from fas_phantom.thermal import warmed

FRAMES = np.array(
    [[0.012, 0.011, 0.012], [0.06, 0.028, 0.012], [0.02, 0.028, 0.06], [0.32, 0.31, 0.3], [0.36, 0.27, 0.12]],
    np.float32,
)
"""Linear reflectance of black, tortoiseshell, blue, steel, and gold frames."""
METAL = 3
"""Index of the first frame of thin wire."""

GLASS_CONDUCTS = (0.3, 0.5)
"""Share of the wearer's excess over room temperature at the glass: far from the skin, and on it."""


class Spectacles:
    """Glasses with a thin frame and clear lenses on one head, in one clip."""

    def __init__(self, clip: ClipParameters, seed: int) -> None:
        self.clip, self.who = clip, head(clip.subject).who
        self.rims, self.worn = pair(clip.subject, seed)

    def layer(self, moment: Moment) -> Layer:
        """Return the glasses in a frame."""
        return moment.once("spectacles", lambda: put_on(self.worn, head(self.clip.subject), moment, self.clip))

    def rgb(self, image: Field, moment: Moment) -> Field:
        """Linear RGB (H, W, 3) with the frame, highlights, and reflections in the lenses."""
        layer = self.layer(moment)
        shine = layer.gloss * layer.light.gleam
        framed = mix(image, painted(self.worn, layer, self.clip) + shine[..., None], layer.cover)
        return framed + np.float32(0.6) * reflected(
            moment, *self.rims.glare(self.who, layer.hit, self.clip.capture), self.clip.size
        )

    def picture(self, gray: Field, moment: Moment) -> Field:
        """Luminance (H, W) of a flat medium's picture with the glasses."""
        layer = self.layer(moment)
        return mix(gray, luminance(layer.look(self.worn.color)), layer.cover)

    def depth(self, meters: Field, moment: Moment) -> Field:
        """Meters (H, W), with the frame where it fills most of a pixel; the lenses transmit the light of the sensor."""
        layer = self.layer(moment)
        return np.where(layer.cover > 0.5, np.float32(self.clip.capture.distance) - layer.hit.lift, meters)

    def infrared(self, light: Field, moment: Moment) -> Field:
        """Near-infrared light (H, W) with frame and glare."""
        layer = self.layer(moment)
        glare, _ = self.rims.glare(self.who, layer.hit, self.clip.capture)
        return mix(light, near_infrared(layer, self.clip), layer.cover) + np.float32(0.25) * glare

    def thermal(self, celsius: Field, moment: Moment) -> Field:
        """Degrees Celsius (H, W): glass is opaque to long waves and hardly warmer than the room."""
        layer = self.layer(moment)
        _, glass = self.rims.glare(self.who, layer.hit, self.clip.capture)
        return mix(celsius, warmed(self.clip, celsius, self.rims.off, GLASS_CONDUCTS), np.maximum(glass, layer.cover))


@lru_cache(maxsize=16)
def pair(person: Person, seed: int) -> tuple[Rims, Instrument]:
    """Return shape and maps of the glasses of a seed on a person's nose."""
    random, wearer, (x, y) = stream("spectacles", seed), head(person), grid()
    material = int(random.integers(len(FRAMES)))
    rim = random.uniform(0.0006, 0.0009) if material >= METAL else random.uniform(0.0011, 0.002)
    rims = Rims(
        lens_width=random.uniform(0.0235, 0.0262),
        lens_height=random.uniform(0.0155, 0.021),
        rim=rim,
        corner=random.uniform(2.0, 3.5),
        wing=0.0,
        off=random.uniform(0.010, 0.014),
    )
    color = np.broadcast_to(FRAMES[material] * np.float32(random.uniform(0.8, 1.2)), (*x.shape, 3))
    gloss, near = (0.5, 0.45) if material >= METAL else (0.1, random.uniform(0.05, 0.5))
    return rims, instrument(rims.surface(wearer, x), rims.frame(wearer, x, y), color, gloss=gloss, near=near)
