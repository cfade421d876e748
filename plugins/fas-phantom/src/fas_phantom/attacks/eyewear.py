"""Worn in front of the eyes: `partial.funny_eye`, `partial.paper_glasses`, and `glasses`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.live import Stage
from fas_phantom.attacks.rims import Rims, reflected
from fas_phantom.attacks.worn import Instrument, Worn, instrument, near_infrared
from fas_phantom.canvas import Field, blur, mix, soft
from fas_phantom.head import Head
from fas_phantom.moments import Moment
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.traits import EYE_SPACING


class Frame(Worn):
    """Two rims, a bridge, and two arms at some distance from the eyes."""

    conducts: ClassVar[tuple[float, float]] = (0.15, 0.5)

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "lens_width": float(random.uniform(0.0235, 0.0265)),
            "lens_height": float(random.uniform(0.0165, 0.021)),
            "rim": float(random.uniform(0.0014, 0.0032)),
            "corner": float(random.uniform(2.0, 3.5)),
            "wing": 0.0,
            "red": float(random.uniform(0.004, 0.06)),
            "green": float(random.uniform(0.004, 0.03)),
            "blue": float(random.uniform(0.004, 0.04)),
            "gloss": float(random.uniform(0.04, 0.16)),
            "near": float(random.uniform(0.05, 0.6)),
            "off": float(random.uniform(0.010, 0.014)),
            "design": float(random.integers(1 << 31)),
        }

    @property
    def rims(self) -> Rims:
        """The shape of the glasses."""
        return Rims(*(self.clip.trait(name) for name in Rims._fields))

    def instrument(self) -> Instrument:
        return self._maps

    @cached_property
    def _maps(self) -> Instrument:
        (x, y), wearer = grid(), self.head()
        cover, color = self.paint(wearer, x, y)
        return instrument(
            self.rims.surface(wearer, x), cover, color, gloss=self.clip.trait("gloss"), near=self.near(wearer, x, y)
        )

    def near(self, wearer: Head, x: Field, y: Field) -> Field | float:
        """Near-infrared reflectance."""
        return self.clip.trait("near")

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        """Coverage, and color (H, W, 3)."""
        plain = np.array([self.clip.trait(name) for name in ("red", "green", "blue")], np.float32)
        return self.rims.frame(wearer, x, y), np.broadcast_to(plain, (*x.shape, 3))


class Glasses(Frame):
    """Disguise glasses: thick bright plastic frames, and lenses that dim the eyes in RGB but transmit near infrared."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "rim": float(random.uniform(0.0038, 0.006)),
            "lens_width": float(random.uniform(0.0265, 0.029)),
            "lens_height": float(random.uniform(0.02, 0.0255)),
            "corner": float(random.uniform(1.7, 4.5)),
            "wing": float(random.uniform(0.0, 0.45)),
            "gloss": float(random.uniform(0.15, 0.3)),
            "near": float(random.uniform(0.4, 0.85)),
            "hue": float(random.uniform(0, 1)),
            "white": float(random.uniform(0.0, 0.25)),
            "tint": float(random.uniform(0.28, 0.5)),
        }

    def stages(self) -> Mapping[str, Stage]:
        return {"occluder": self.occluder, "specular": self.specular, "lenses": self.lenses}

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        rims, trait = self.rims, self.clip.trait
        frame, glass = rims.frame(wearer, x, y), soft(rims.lens(wearer.who, x, y), 0.0007)
        hue = 2 * np.pi * (trait("hue") + np.array([0, 1 / 3, 2 / 3]))
        plastic = np.clip(0.02 + 0.3 * (1 + np.cos(hue)) ** 2 / 4 + trait("white"), 0, 0.8).astype(np.float32)
        smoke = np.array([0.022, 0.02, 0.02], np.float32) + 0.06 * plastic
        tinted = np.float32(min(trait("tint") * self.clip.trace**0.4, 0.95)) * glass
        return np.maximum(frame, tinted), mix(np.broadcast_to(smoke, (*x.shape, 3)), plastic, frame)

    def lenses(self, image: Field, moment: Moment) -> Field:
        """Reflections of the lamp and the room in the tinted plastic."""
        return image + np.float32(self.clip.trace**0.5) * reflected(moment, *self._glare(moment), self.clip.size)

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        layer, (glare, _) = self.layer(moment), self._glare(moment)
        opaque = layer.look(self._frame)
        return mix(light(), near_infrared(layer, self.clip), opaque) + np.float32(0.25) * glare

    @cached_property
    def _frame(self) -> Field:
        return self.rims.frame(self.head(), *grid())

    def _glare(self, moment: Moment) -> tuple[Field, Field]:
        return self.rims.glare(self.head().who, self.layer(moment).hit, self.clip.capture)


class FunnyEyes(Frame):
    """Toy glasses with staring eyes printed on opaque lenses."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "lens_width": float(random.uniform(0.026, 0.029)),
            "lens_height": float(random.uniform(0.024, 0.028)),
            "corner": 2.0,
            "rim": float(random.uniform(0.0022, 0.0036)),
            "near": float(random.uniform(0.6, 0.85)),
            "iris_size": float(random.uniform(0.008, 0.0125)),
            "hue": float(random.uniform(0, 1)),
            "squint_x": float(random.uniform(-0.006, 0.006)),
            "squint_y": float(random.uniform(-0.004, 0.006)),
        }

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        frame, color = super().paint(wearer, x, y)
        trait, center = self.clip.trait, EYE_SPACING * wearer.who.eye_spacing * wearer.who.width
        lens = self.rims.lens(wearer.who, x, y)
        radius = np.hypot(
            np.abs(x) - np.float32(center) + np.float32(trait("squint_x")), y - np.float32(0.002 + trait("squint_y"))
        )
        hue = 2 * np.pi * (trait("hue") + np.array([0, 1 / 3, 2 / 3]))
        rays = (1 - 0.35 * np.cos(np.arctan2(y, np.abs(x) - center) * 24)).astype(np.float32)
        iris = (0.22 + 0.2 * np.cos(hue)).astype(np.float32) * rays[..., None]
        eye = mix(np.full_like(color, 0.72), iris, soft(np.float32(trait("iris_size")) - radius, 0.0006))
        eye = mix(eye, 0.008, soft(np.float32(0.45 * trait("iris_size")) - radius, 0.0006))
        eye = mix(eye, 0.01, soft(0.0008 - np.abs(radius - trait("iris_size")), 0.0005))
        return np.maximum(frame, soft(lens, 0.0007)), mix(eye, color, frame)


class PaperGlasses(Frame):
    """Glasses cut from printed paper: wide, flat, and matte, with a coarse bright pattern; the lenses are cut out."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "rim": float(random.uniform(0.0042, 0.0058)),
            "lens_height": float(random.uniform(0.019, 0.022)),
            "gloss": float(random.uniform(0.0, 0.03)),
            "near": float(random.uniform(0.7, 0.9)),
            "off": float(random.uniform(0.004, 0.008)),
            "hue": float(random.uniform(0, 1)),
            "stripes": float(random.uniform(250, 600)),
            "slant": float(random.uniform(0, 3.1)),
        }

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        frame, trait = self.rims.frame(wearer, x, y), self.clip.trait
        hue = 2 * np.pi * (trait("hue") + np.array([0, 1 / 3, 2 / 3]))
        first, second = (
            (0.33 + 0.27 * np.cos(hue)).astype(np.float32),
            (0.33 + 0.27 * np.cos(hue + 2.4)).astype(np.float32),
        )
        stripe = soft(
            np.sin(trait("stripes") * (x * np.cos(trait("slant")) + y * np.sin(trait("slant")))).astype(np.float32), 0.3
        )
        colored = mix(np.broadcast_to(first, (*x.shape, 3)), second, stripe)
        edge = 1 - soft(blur(frame, 1.0) - np.float32(0.72), 0.12)
        return frame, mix(colored, 0.82, edge)
