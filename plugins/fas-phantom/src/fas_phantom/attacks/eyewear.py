"""Worn before the eyes: `partial.funny_eye`, `partial.paper_glasses` and `glasses`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.live import Moment, Stage
from fas_phantom.attacks.worn import Instrument, Worn, instrument
from fas_phantom.canvas import Field, blur, mix, sample, soft
from fas_phantom.head import Head
from fas_phantom.light import direction
from fas_phantom.relief import grid, outline
from fas_phantom.sites import Site
from fas_phantom.traits import EYE_SPACING


class Frame(Worn):
    """Two rims, a bridge and two arms at some distance from the eyes."""

    conducts: ClassVar[tuple[float, float]] = (0.15, 0.5)

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "lens_width": float(random.uniform(0.0235, 0.0265)), "lens_height": float(random.uniform(0.0165, 0.021)),
            "rim": float(random.uniform(0.0014, 0.0032)), "corner": float(random.uniform(2.0, 3.5)),
            "red": float(random.uniform(0.004, 0.06)), "green": float(random.uniform(0.004, 0.03)), "blue": float(random.uniform(0.004, 0.04)),
            "gloss": float(random.uniform(0.04, 0.16)), "near": float(random.uniform(0.05, 0.6)), "off": float(random.uniform(0.010, 0.014)),
            "design": float(random.integers(1 << 31)),
        }

    def instrument(self) -> Instrument:
        return self._maps

    @cached_property
    def _maps(self) -> Instrument:
        return spectacles(self)

    def lens(self, wearer: Head, x: Field, y: Field) -> Field:
        """Metres inside of the lenses, negative outside."""
        centre = EYE_SPACING * wearer.who.eye_spacing * wearer.who.width
        wide, high, power = self.clip.trait("lens_width"), self.clip.trait("lens_height"), self.clip.trait("corner")
        # The lens hangs a little below the pupil's height, as spectacles do.
        reach = (np.abs((np.abs(x) - centre) / wide) ** power + np.abs((y - 0.002) / high) ** power) ** (1 / power)
        return ((1 - reach) * high).astype(np.float32)

    def frame(self, wearer: Head, x: Field, y: Field) -> Field:
        """Coverage of rims, bridge and arms."""
        lens, rim = self.lens(wearer, x, y), self.clip.trait("rim")
        half = outline(wearer.who, y[:, 0])[:, None]
        centre = EYE_SPACING * wearer.who.eye_spacing * wearer.who.width
        bridge = np.minimum(np.float32(rim * 0.8) - np.abs(y + 0.003 - 12 * x * x), np.float32(centre - self.clip.trait("lens_width")) - np.abs(x))
        side = np.minimum(np.abs(x) - np.float32(centre + 0.9 * self.clip.trait("lens_width")), half - np.abs(x))
        arms = np.minimum(np.float32(rim * 0.9) - np.abs(y + 0.006), side)
        # Hair at the temples lies over the arms.
        arms = soft(arms, 0.0007) * soft(blur(wearer.matter[..., 1], 1.0) - 0.3, 0.15)
        return np.maximum(soft(np.maximum(np.float32(rim) - np.abs(lens + np.float32(rim)), bridge), 0.0007), arms)

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        """Coverage, and colour (H, W, 3)."""
        plain = np.array([self.clip.trait(name) for name in ("red", "green", "blue")], np.float32)
        return self.frame(wearer, x, y), np.broadcast_to(plain, (*x.shape, 3))

    def gloss(self) -> float:
        """Gloss of the material."""
        return self.clip.trait("gloss")


class Glasses(Frame):
    """Spectacles: a dark frame, and lenses that only add the lamp's reflection."""

    def stages(self) -> Mapping[str, Stage]:
        return {"occluder": self.occluder, "specular": self.specular, "lenses": self.lenses}

    def lenses(self, image: Field, moment: Moment) -> Field:
        """Reflections of the lamp and the room in the glass."""
        glare, glass = self._glare(moment)
        room = self.always("room", lambda: blur(moment.backdrop[::-1, ::-1], 2.0 * self.clip.size / 128))
        return image + (np.float32(0.9 * self.clip.trace) * glare)[..., None] + np.float32(0.07 * self.clip.trace) * glass[..., None] * room

    def infrared(self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field) -> Field:
        glare, _ = self._glare(moment)
        return super().infrared(light, moment, picture, surroundings) + np.float32(0.25) * glare

    def _glare(self, moment: Moment) -> tuple[Field, Field]:
        """A slanting streak on each lens that follows the lamp, and the lenses' coverage."""
        hit, lamp, wearer = self.layer(moment).hit, direction(self.clip.capture), self.head()
        glass = soft(self.lens(wearer, hit.x, hit.y) - np.float32(self.clip.trait("rim")), 0.001)
        across = np.abs(hit.x) - np.float32(EYE_SPACING * wearer.who.eye_spacing * wearer.who.width)
        along = np.sign(hit.x) * across + np.float32(0.6) * hit.y - np.float32(0.012) * lamp[0]
        streak = np.exp(-((along / np.float32(0.0035)) ** 2)) * np.exp(-(((hit.y + np.float32(0.006)) / np.float32(0.008)) ** 2))
        return np.float32(0.5) * streak * glass, glass


class FunnyEyes(Frame):
    """Toy glasses with staring eyes printed on closed lenses."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site), "lens_width": float(random.uniform(0.026, 0.029)), "lens_height": float(random.uniform(0.024, 0.028)),
            "corner": 2.0, "rim": float(random.uniform(0.0022, 0.0036)), "near": float(random.uniform(0.6, 0.85)),
            "iris_size": float(random.uniform(0.008, 0.0125)), "hue": float(random.uniform(0, 1)),
            "squint_x": float(random.uniform(-0.006, 0.006)), "squint_y": float(random.uniform(-0.004, 0.006)),
        }

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        frame, colour = super().paint(wearer, x, y)
        trait, centre = self.clip.trait, EYE_SPACING * wearer.who.eye_spacing * wearer.who.width
        lens = self.lens(wearer, x, y)
        radius = np.hypot(np.abs(x) - np.float32(centre) + np.float32(trait("squint_x")), y - np.float32(0.002 + trait("squint_y")))
        hue = 2 * np.pi * (trait("hue") + np.array([0, 1 / 3, 2 / 3]))
        rays = (1 - 0.35 * np.cos(np.arctan2(y, np.abs(x) - centre) * 24)).astype(np.float32)
        iris = (0.22 + 0.2 * np.cos(hue)).astype(np.float32) * rays[..., None]
        eye = mix(np.full_like(colour, 0.72), iris, soft(np.float32(trait("iris_size")) - radius, 0.0006))
        eye = mix(eye, 0.008, soft(np.float32(0.45 * trait("iris_size")) - radius, 0.0006))
        eye = mix(eye, 0.01, soft(0.0008 - np.abs(radius - trait("iris_size")), 0.0005))
        return np.maximum(frame, soft(lens, 0.0007)), mix(eye, colour, frame)


class PaperGlasses(Frame):
    """Spectacles cut from printed paper: wide, flat and matt, with a coarse bright pattern; the lenses are cut out."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site), "rim": float(random.uniform(0.0042, 0.0058)), "lens_height": float(random.uniform(0.019, 0.022)),
            "gloss": float(random.uniform(0.0, 0.03)), "near": float(random.uniform(0.7, 0.9)), "off": float(random.uniform(0.004, 0.008)),
            "hue": float(random.uniform(0, 1)), "stripes": float(random.uniform(250, 600)), "slant": float(random.uniform(0, 3.1)),
        }

    def paint(self, wearer: Head, x: Field, y: Field) -> tuple[Field, Field]:
        frame, trait = self.frame(wearer, x, y), self.clip.trait
        hue = 2 * np.pi * (trait("hue") + np.array([0, 1 / 3, 2 / 3]))
        one, other = (0.33 + 0.27 * np.cos(hue)).astype(np.float32), (0.33 + 0.27 * np.cos(hue + 2.4)).astype(np.float32)
        stripe = soft(np.sin(trait("stripes") * (x * np.cos(trait("slant")) + y * np.sin(trait("slant")))).astype(np.float32), 0.3)
        coloured = mix(np.broadcast_to(one, (*x.shape, 3)), other, stripe)
        edge = 1 - soft(blur(frame, 1.0) - np.float32(0.72), 0.12)
        return frame, mix(coloured, 0.82, edge)


def spectacles(worn: Frame) -> Instrument:
    """The maps of a pair: nearly a plane across the eyes, bent back at the arms, lying on the bridge of the nose."""
    clip, wearer = worn.clip, worn.head()
    x, y = grid()
    cover, colour = worn.paint(wearer, x, y)
    nose = float(sample(wearer.relief, *(np.full((1, 1), value, np.float32) for value in (128.0, 168.0)))[0, 0])
    surface = np.float32(nose + clip.trait("off")) - np.float32(2.5) * np.clip(np.abs(x) - 0.02, 0, None) ** 1.6
    surface = np.maximum(surface, blur(wearer.relief, 3) + np.float32(0.002))
    return instrument(surface, cover, colour, gloss=worn.gloss(), near=clip.trait("near"))
