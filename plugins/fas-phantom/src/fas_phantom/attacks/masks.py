"""`mask.rigid`: a hard mask of the subject on another person: face relief, glossy paint, no pulse, a still mouth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.live import Live, Stage
from fas_phantom.canvas import Field, blur, bounded, mix, sample, soft, tinted
from fas_phantom.head import Head, head
from fas_phantom.light import glint, tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import grid, outline
from fas_phantom.sites import Site
from fas_phantom.thermal import warmed


class RigidMask(Live):
    """The subject's face on the wearer's head, with holes for the wearer's eyes."""

    spectacles = "hidden"
    mouth_moves: ClassVar[bool] = False

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "paint_red": float(random.normal(0, 0.05)),
            "paint_blue": float(random.normal(0, 0.05)),
            "paint_gain": float(random.uniform(0.92, 1.12)),
            "gloss": float(random.uniform(0.18, 0.5)),
            "smoothing": float(random.uniform(1.5, 3.2)),
            "thickness": float(random.uniform(0.002, 0.006)),
            "infrared": float(random.choice([random.uniform(0.3, 0.5), random.uniform(0.75, 0.95)])),
            "hole": float(random.uniform(0.003, 0.006)),
        }

    def body(self) -> Person:
        return self.clip.other or self.clip.subject

    def head(self) -> Head:
        return masked(self.clip)

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return 0.05 * wave

    def stages(self) -> Mapping[str, Stage]:
        return {"tone": self.tone, "occluder": self.occluder, "specular": self.specular}

    def tone(self, image: Field, moment: Moment) -> Field:
        """Paint without the fine structure of skin."""
        return image * sample(painted(self.clip), moment.hit.u, moment.hit.v)

    def occluder(self, image: Field, moment: Moment) -> Field:
        """The dark gap along the border and around the eye holes."""
        return mix(
            image,
            np.float32(0.03) * moment.light.diffuse[..., None],
            sample(gap(self.clip), moment.hit.u, moment.hit.v),
        )

    def specular(self, image: Field, moment: Moment) -> Field:
        """Highlights of hard plastic."""
        return image + tinted(self._gloss(moment) * moment.light.gleam, tint(self.clip.capture.light_warmth))

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        shade, ambient = moment.light, self.clip.capture.infrared_ambient
        return light() + self._gloss(moment) * (
            np.float32(0.8) * glint(shade.facing) + np.float32(0.3 * ambient) * shade.gleam
        )

    def _gloss(self, moment: Moment) -> Field:
        return sample(shape(self.clip), moment.hit.u, moment.hit.v) * np.float32(
            self.clip.trait("gloss") * min(self.clip.trace, 1.3)
        )

    def hidden(self, moment: Moment) -> Field:
        return sample(shape(self.clip), moment.hit.u, moment.hit.v)

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        skin, shell = celsius(), sample(shape(self.clip), moment.hit.u, moment.hit.v)
        return mix(skin, warmed(self.clip, skin, self.clip.trait("thickness"), (0.3, 0.65)), shell)


@lru_cache(maxsize=8)
def shape(clip: ClipParameters) -> Field:
    """Coverage of the mask over the maps of the head, excluding its eye holes."""
    cover, _, hole = _regions(clip, head(clip.subject), *grid())
    return bounded(cover * (1 - hole)).astype(np.float32)


@lru_cache(maxsize=8)
def gap(clip: ClipParameters) -> Field:
    """Coverage of the dark gaps over the maps of the head."""
    return bounded(_regions(clip, head(clip.subject), *grid())[1]).astype(np.float32)


@lru_cache(maxsize=8)
def painted(clip: ClipParameters) -> Field:
    """Gain (H, W, 3) of the mask's paint relative to the subject's skin."""
    face, trace = head(clip.subject), clip.trace
    paint = 1 + (np.array([clip.trait("paint_red"), 0, clip.trait("paint_blue")], np.float32)) * np.float32(trace)
    smooth = blur(face.color, clip.trait("smoothing") * trace**0.5) * paint * np.float32(clip.trait("paint_gain"))
    gain = mix(np.ones_like(smooth), smooth / np.maximum(face.color, 0.003), shape(clip))
    return np.ascontiguousarray(np.clip(gain, 0.2, 5), np.float32)


@lru_cache(maxsize=8)
def masked(clip: ClipParameters) -> Head:
    """Maps of the masked head in the subject's colors, without the gloss of the mask."""
    face, wearer = head(clip.subject), head(clip.other or clip.subject)
    cover, _, hole = _regions(clip, face, *grid())
    relief = mix(wearer.relief, blur(face.relief, 2.0) + np.float32(clip.trait("thickness")) * (1 - hole), cover)
    gloss = mix(wearer.matter[..., 0], 0.07 * hole, cover)
    pulse = wearer.matter[..., 1] * (1 - cover * (1 - hole))
    near = mix(
        wearer.matter[..., 2],
        mix(np.float32(clip.trait("infrared")) * _paint_infrared(face), face.matter[..., 2], hole),
        cover,
    )
    shown, matter = np.maximum(wearer.cover, cover), np.dstack([gloss, pulse, near])
    maps = (relief, shown, mix(wearer.color, face.color, cover), matter, face.lids)
    return Head(face.who, *(np.ascontiguousarray(field, np.float32) for field in maps))


def _regions(clip: ClipParameters, face: Head, x: Field, y: Field) -> tuple[Field, Field, Field]:
    """Coverage of the mask, of the dark rings around its eye holes and along its border, and of the holes."""
    half = outline(face.who, y[:, 0])[:, None]
    inside = np.minimum(half - 0.006 - np.abs(x), np.minimum(y + 0.074 * face.who.length, 0.1125 * face.who.length - y))
    corner = 0.05 - np.hypot(np.clip(np.abs(x) - 0.014, 0, None), np.clip(-y - 0.028, 0, None))
    inside = np.minimum(inside, corner + 0.006)
    aperture = soft(np.minimum(face.lids[..., 3] + 0.35, 1.35 - face.lids[..., 3]), 0.2)
    wide = soft(blur(aperture, clip.trait("hole") / 0.0018) - 0.22, 0.1)
    border = soft(0.0016 - np.abs(inside), 0.001) * 0.55
    return (
        soft(inside, 0.001),
        np.maximum(np.clip(wide - soft(aperture - 0.4, 0.2), 0, 1) * 0.85, border),
        soft(aperture - 0.3, 0.2),
    )


def _paint_infrared(face: Head) -> Field:
    """Faint shading of the painted surface in infrared, to which pigments are nearly transparent."""
    gray = face.color.mean(2) / np.float32(face.who.skin.mean())
    return (np.float32(0.8) + np.float32(0.2) * np.clip(blur(gray, 1.5), 0, 1.2)).astype(np.float32)
