"""`replay.phone`: a video on a handheld phone: fine pixels, deep blacks, sharp reflections, a camera hole, fingers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from fas_phantom.attacks.live import Stage
from fas_phantom.attacks.replay import ScreenReplay
from fas_phantom.canvas import Field, mix, soft
from fas_phantom.light import tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import Sheet
from fas_phantom.sites import Site
from fas_phantom.thermal import drawn
from fas_phantom.traits import traits

ROUND = 0.022
"""Radius of the body's corners, in meters at the scale of the depicted face."""
SKIN_INFRARED = 0.58


class PhoneReplay(ScreenReplay):
    """A recording of the subject on a phone in the presenter's hand; lengths are at the scale of the depicted face."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "body": float(random.uniform(0.094, 0.104)),
            "format": float(random.uniform(1.55, 1.75)),
            "mosaic": float(random.uniform(0.6, 1.1)),
            "glare": 0.5 * float(random.uniform(*site.display_glare)),
            "black": float(random.uniform(0.0, 0.015)),
            "contrast": float(random.uniform(1.2, 1.35)),
            "gamut": float(random.uniform(1.15, 1.35)),
            "bands": float(random.uniform(2.0, 5.0)),
            "pulse": float(random.uniform(0.78, 0.94)),
            "rim": float(random.uniform(0.005, 0.009)),
            "grip": float(random.uniform(0.01, 0.06)),
            "hand": float(random.choice([-1, 1])),
        }

    @property
    def sheet(self) -> Sheet:
        """The body of the phone, at the position and tilt of the clip's sheet."""
        placed, wide = super().sheet, self.clip.trait("body")
        return replace(
            placed,
            half_width=wide,
            half_height=wide * self.clip.trait("format"),
            shift_x=0.4 * placed.shift_x,
            shift_y=0.5 * placed.shift_y,
        )

    def stages(self) -> Mapping[str, Stage]:
        return {**super().stages(), "hand": self.hand}

    def inside(self, moment: Moment) -> Field:
        x, y = self._from_center(moment)
        down = np.abs(y) - np.float32(self.sheet.half_height - ROUND)
        across = np.abs(x) - np.float32(self.sheet.half_width - ROUND)
        corner = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0)
        return np.float32(ROUND) - corner

    def bezel(self, image: Field, moment: Moment) -> Field:
        """The black rim, the metal edge of the body, the hole of the front camera, and the scene behind the phone."""
        inside, (x, y) = self.inside(moment), self._from_center(moment)
        rim = self.clip.trait("rim")
        lens = np.float32(0.0045) - np.hypot(x, y + np.float32(self.sheet.half_height - rim - 0.011))
        dark = np.maximum(soft(np.float32(rim) - inside, 0.0008), soft(lens, 0.0008))
        framed = mix(image, np.float32(0.006) * np.ones_like(image), dark)
        metal = np.float32(0.22) * tint(self.clip.capture.light_warmth)
        return self.on_backdrop(
            mix(framed, metal * np.ones_like(image), soft(np.float32(0.0022) - inside, 0.0008)), moment
        )

    def hand(self, image: Field, moment: Moment) -> Field:
        """Fingertips around one edge of the phone, the thumb around the other."""
        cover, height = self._fingers(moment)
        skin = (
            traits(self.clip.other or self.clip.subject).skin * tint(self.clip.capture.light_warmth) * np.float32(0.8)
        )
        return mix(image, skin * (np.float32(0.35) + np.float32(0.65) * height)[..., None], cover)

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        behind, (cover, height) = super().depth(meters, moment), self._fingers(moment)
        return np.where(
            cover > 0.5, np.float32(self.clip.capture.distance) - self.lift(moment) - np.float32(0.012) * height, behind
        )

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        cover, height = self._fingers(moment)
        skin = np.float32(SKIN_INFRARED) * (np.float32(0.3) + np.float32(0.7) * height)
        return mix(super().infrared(light, moment, picture, surroundings), skin, cover)

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        cover, height = self._fingers(moment)
        return mix(super().thermal(celsius, moment, room), drawn(self.clip, "fingers", 29.0, 33.5) + height, cover)

    def _from_center(self, moment: Moment) -> tuple[Field, Field]:
        return moment.hit.plane_x - np.float32(self.sheet.shift_x), moment.hit.plane_y - np.float32(self.sheet.shift_y)

    def _fingers(self, moment: Moment) -> tuple[Field, Field]:
        """Coverage, and height in [0, 1] across each finger; the four fingertips are thinner than the thumb."""
        x, y = self._from_center(moment)
        edge, side, grip = self.sheet.half_width, self.clip.trait("hand"), self.clip.trait("grip")
        tips = [(side, grip + 0.027 * number, 0.0125, 0.009) for number in range(4)] + [
            (-side, grip - 0.012, 0.0155, 0.013)
        ]
        height = np.zeros_like(x)
        for sign, level, wide, reach in tips:
            out = np.float32(sign) * x - np.float32(edge - reach)
            along = np.maximum(-out, 0) + np.maximum(out - np.float32(0.012), 0)
            distance = np.hypot(along, y - np.float32(level) - np.float32(0.25) * out) / np.float32(wide)
            height = np.maximum(height, np.sqrt(np.clip(1 - distance * distance, 0, 1)))
        return soft(height - np.float32(0.25), 0.2), height
