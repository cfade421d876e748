"""`mask.transparent`: a clear rigid shell over the subject's face. It only adds light: highlights and a bright rim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from fas_phantom.attacks.live import Stage
from fas_phantom.attacks.worn import Instrument, Worn, instrument
from fas_phantom.canvas import Field, blur, noise, power, soft, tinted
from fas_phantom.head import head
from fas_phantom.light import tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters
from fas_phantom.relief import grid, outline
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.traits import EYE_SPACING

LOST = np.float32(99.0)
"""Meters beyond the range of the depth camera: where the shell reflects its light, the sensor measures nothing."""


class TransparentMask(Worn):
    """The subject behind clear plastic."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "gloss": float(random.uniform(0.7, 1.2)),
            "rim": float(random.uniform(0.05, 0.14)),
            "room": float(random.uniform(0.05, 0.14)),
            "thickness": float(random.uniform(0.004, 0.008)),
            "model": float(random.integers(1 << 31)),
        }

    def instrument(self) -> Instrument:
        return shell(self.clip)

    def stages(self) -> Mapping[str, Stage]:
        return {"specular": self.specular, "reflection": self.reflection, "rim": self.rim}

    def specular(self, image: Field, moment: Moment) -> Field:
        """Small hard highlights: plastic is much smoother than skin."""
        shine = self._shine(moment) * np.float32(self.clip.trait("gloss") * self.clip.trace)
        return image + tinted(shine, tint(self.clip.capture.light_warmth))

    def reflection(self, image: Field, moment: Moment) -> Field:
        """The room, reflected in the steep parts of the shell (Fresnel)."""
        layer = self.layer(moment)
        fresnel = np.float32(0.04) + np.float32(0.96) * (1 - np.clip(layer.light.facing, 0, 1)) ** 3
        room = self.always(
            "room", lambda: blur(moment.backdrop[:, ::-1], 4.0 * self.clip.size / 128) + np.float32(0.25)
        )
        strength = np.float32(4 * self.clip.trait("room") * self.clip.trace) * layer.cover * fresnel
        return image + strength[..., None] * room

    def rim(self, image: Field, moment: Moment) -> Field:
        """Light that leaves the shell at its cut edges."""
        layer = self.layer(moment)
        return (
            image + (np.float32(self.clip.trait("rim") * self.clip.trace) * layer.near * layer.light.diffuse)[..., None]
        )

    def hidden(self, moment: Moment) -> Field:
        return np.zeros_like(moment.hit.u)

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        layer = self.layer(moment)
        return np.where(layer.cover * power(layer.light.facing, 250) > 0.85, LOST, meters())

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        layer = self.layer(moment)
        lamp = power(layer.light.facing, 60) * np.float32(0.55 * self.clip.trait("gloss"))
        return light() + layer.cover * lamp + np.float32(self.clip.trait("rim")) * layer.near

    def _shine(self, moment: Moment) -> Field:
        layer = self.layer(moment)
        return layer.cover * np.clip(layer.light.gleam, 0, 1) ** 2


@lru_cache(maxsize=8)
def shell(clip: ClipParameters) -> Instrument:
    """Return the maps of the shell: the smoothed face, slightly buckled by molding.

    Its edges, at the border and around the eyes, are in `matter`.
    """
    wearer = head(clip.subject)
    who, (x, y) = wearer.who, grid()
    half = outline(who, y[:, 0])[:, None] - np.float32(0.005)
    rim = np.minimum(half - np.abs(x), np.minimum(y + 0.076 * who.length, 0.112 * who.length - y))
    rim = np.minimum(rim, 0.055 - np.hypot(np.clip(np.abs(x) - 0.012, 0, None), np.clip(-y - 0.026, 0, None)))
    eyes = np.hypot((np.abs(x) - EYE_SPACING * who.eye_spacing * who.width) / 0.0165, y / 0.009)
    inside = np.minimum(rim, (eyes - 1) * 0.009)
    buckled = np.float32(0.0005) * noise(stream("shell", int(clip.trait("model"))), x.shape, (24, 24), 2)
    surface = blur(wearer.relief, 4) + np.float32(clip.trait("thickness")) + buckled
    edge = soft(0.0012 - np.abs(inside), 0.0009)
    return instrument(surface, soft(inside, 0.0009), np.zeros((*x.shape, 3), np.float32), gloss=0.0, near=edge)
