"""Paper cut from a photograph and worn: `mask.paper` (with eye holes), `partial.eye_paper`, `partial.mouth_paper`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.live import Spectacles, Stage
from fas_phantom.attacks.prints import draw_ink, inked, resolved, screened
from fas_phantom.attacks.worn import Instrument, Worn, instrument
from fas_phantom.canvas import Field, blur, mix, noise, soft
from fas_phantom.head import Head, head
from fas_phantom.light import normals
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import PITCH, grid, outline
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.traits import BROW_HEIGHT, CHIN, EYE_SPACING, MOUTH, SUBNASALE

WHITE = np.float32(0.82)
"""Reflectance of the bare paper at a cut edge."""


class PaperMask(Worn):
    """A cut-out photograph of the subject's face with eye holes, creased to fit the wearer's nose and cheeks."""

    creased: ClassVar[float] = 0.99
    """How closely the paper follows the relief beneath it, from 0 (bent only) to 1."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **draw_ink(random, site),
            "halftone": float(random.uniform(0.25, 0.5)),
            "black": float(random.uniform(0.03, 0.1)),
            "curve": float(random.uniform(3.0, 4.5)),
            "off": float(random.uniform(0.002, 0.0045)),
            "margin": float(random.uniform(0.003, 0.007)),
            "snip": float(random.integers(1 << 31)),
            "offset": float(random.uniform(-0.004, 0.004)),
        }

    def stages(self) -> Mapping[str, Stage]:
        return {"occluder": self.occluder, "tone": self.tone, "halftone": self.halftone, "specular": self.specular}

    def tone(self, image: Field, moment: Moment) -> Field:
        """The photograph as the printer reproduced it."""
        layer = self.layer(moment)
        gain = layer.look(self.instrument().tone)
        return image * (1 + layer.cover[..., None] * (gain - 1))

    def halftone(self, image: Field, moment: Moment) -> Field:
        """The printer's halftone screens, fixed to the paper."""
        layer = self.layer(moment)
        return mix(image, screened(self.clip, image, layer.hit.x, layer.hit.y, moment.pose.scale), layer.cover)

    def inside(self, face: Head, x: Field, y: Field) -> Field:
        """Meters from the border of the cut paper; negative outside."""
        half = outline(face.who, y[:, 0])[:, None] - np.float32(self.clip.trait("margin"))
        rim = np.minimum(half - np.abs(x), np.minimum(y + 0.08 * face.who.length, (CHIN - 0.001) * face.who.length - y))
        corner = 0.056 - np.hypot(np.clip(np.abs(x) - 0.012, 0, None), np.clip(-y - 0.03, 0, None))
        eyes = np.hypot(
            (np.abs(x) - EYE_SPACING * face.who.eye_spacing * face.who.width) / 0.0165, (y - 0.0005) / 0.0085
        )
        return np.minimum(np.minimum(rim, corner), (eyes - 1) * 0.0085)

    def printed(self) -> Head:
        """The head in the photograph."""
        return head(self.clip.subject)

    def instrument(self) -> Instrument:
        return self._maps

    @cached_property
    def _maps(self) -> Instrument:
        return sheet(self)


class _Patch(PaperMask):
    """A piece of a stranger's photograph on the subject's own face."""

    creased: ClassVar[float] = 0.0

    def printed(self) -> Head:
        return head(Person("printed", int(self.clip.trait("snip")), self.clip.subject.tone))


class EyePaper(_Patch):
    """A strip with a stranger's eyes and brows, over those of the wearer."""

    def inside(self, face: Head, x: Field, y: Field) -> Field:
        center, high = 0.5 * (BROW_HEIGHT * 1.65 + 0.018), 0.5 * (0.018 - BROW_HEIGHT * 1.65)
        return _cornered(x, y - np.float32(center), 0.06 * face.who.width, high, 0.004)


class MouthPaper(_Patch):
    """A piece with a stranger's mouth and chin, over those of the wearer; it hides the motion of the mouth beneath."""

    spectacles: ClassVar[Spectacles] = "before"
    mouth_moves: ClassVar[bool] = False

    def inside(self, face: Head, x: Field, y: Field) -> Field:
        top, bottom = SUBNASALE + 0.004, MOUTH + 0.024
        return _cornered(x, y - np.float32(0.5 * (top + bottom)), 0.041 * face.who.width, 0.5 * (bottom - top), 0.004)


def _cornered(x: Field, y: Field, half_width: float, half_height: float, corner: float) -> Field:
    """Meters inside a rectangle with clipped corners; negative outside."""
    across, down = np.float32(half_width) - np.abs(x), np.float32(half_height) - np.abs(y)
    return np.minimum(np.minimum(across, down), (across + down - np.float32(corner)) * np.float32(0.7071))


def sheet(worn: PaperMask) -> Instrument:
    """Return the maps of the cut paper: bent around the head in one direction, with its picture and white edge."""
    clip, face, wearer = worn.clip, worn.printed(), worn.head()
    x, y = grid()
    snips = noise(stream("snips", int(clip.trait("snip"))), x.shape, (26, 26), 2) * np.float32(0.0007)
    inside = worn.inside(face, x, y) + snips
    cover = soft(inside, 0.0008)
    edge = soft(0.0016 - inside, 0.0009)
    bent, pressed = _bent(wearer, clip, cover > 0.5, x, y), blur(wearer.relief, 3.6) + np.float32(clip.trait("off"))
    surface = bent + np.float32(worn.creased) * (pressed - bent)
    picture = face.color * (np.float32(1.2) * _baked(face))[..., None]
    color = mix(picture, np.broadcast_to(WHITE, picture.shape), edge)
    tone = mix(inked(clip, resolved(clip, picture, 1.5)) / np.maximum(picture, 0.004), np.ones_like(picture), edge)
    gray = np.clip(picture.mean(2) / face.who.skin.mean(), 0, 1)
    near = clip.trait("paper_infrared") * (1 - clip.trait("ink_infrared") * (1 - np.sqrt(gray)) * (1 - edge))
    return instrument(surface, cover, color, gloss=2.0 * clip.trait("sheen"), near=near, tone=tone)


def _bent(wearer: Head, clip: ClipParameters, cover: np.ndarray, x: Field, y: Field) -> Field:
    """A parabolic cylinder that rests on what protrudes most beneath it; the tip of the nose pushes it out slightly."""
    bend = -np.float32(clip.trait("curve")) * x * x
    rest = blur(wearer.relief, 9) - bend
    slope = np.polyfit(y[cover], rest[cover], 1)
    level = np.float32(slope[0]) * y
    top = np.quantile((rest - level)[cover], 0.9)
    return (bend + level + np.float32(top + clip.trait("off"))).astype(np.float32)


def _baked(face: Head) -> Field:
    """The light under which the photograph was taken, softly from above: printing does not change it."""
    _, ny, nz = normals(face.relief, 1 / PITCH)
    return (np.float32(0.25) + np.float32(0.75) * nz - np.float32(0.25) * ny).astype(np.float32)
