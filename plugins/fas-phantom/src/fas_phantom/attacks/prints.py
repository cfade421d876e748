"""`print.flat`: a photograph on paper: ink gamut, raised blacks, halftone, paper sheen; a plane; no pulse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.flat import FlatMedium
from fas_phantom.attacks.live import Stage
from fas_phantom.camera import exposure
from fas_phantom.canvas import Field, blur, bump, luminance, noise
from fas_phantom.light import direction, tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.thermal import drawn

SCREEN_ANGLES = (15.0, 75.0, 0.0, 45.0)
"""Angles, in degrees, of the screens of cyan, magenta, yellow, and black, as in offset printing."""
REPLACEMENT = 0.6
"""Share of the gray common to the three colors that is printed in black."""


class FlatPrint(FlatMedium):
    """A flat photograph of the subject."""

    still: ClassVar[bool] = True
    limp: ClassVar[bool] = True

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return draw_ink(random, site)

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return 0.0

    def stages(self) -> Mapping[str, Stage]:
        return {"tone": self.tone, "halftone": self.halftone, "sheen": self.sheen, "sheet": self.on_backdrop}

    def tone(self, image: Field, moment: Moment) -> Field:
        """The picture as the printer can reproduce it."""
        return inked(self.clip, image)

    def halftone(self, image: Field, moment: Moment) -> Field:
        """The raster, which moves with the paper: its resolution, and its dots."""
        sharpened = resolved(self.clip, image, 1.1 * self.clip.size / 128)
        return screened(self.clip, sharpened, moment.hit.plane_x, moment.hit.plane_y, moment.pose.scale)

    def sheen(self, image: Field, moment: Moment) -> Field:
        """Light falls off over the sheet; smooth paper reflects some of it."""
        lamp = direction(self.clip.capture)
        x, y = moment.hit.plane_x, moment.hit.plane_y
        fall = 1 + np.float32(0.2) * (x * lamp[0] + y * lamp[1])
        spot = np.exp(
            -((x - np.float32(0.08) * lamp[0]) ** 2 + (y - np.float32(0.1) * lamp[1]) ** 2) / np.float32(0.006)
        )
        return (
            image * fall[..., None]
            + (np.float32(self.clip.trait("sheen") * self.clip.trace / exposure(self.clip)) * spot)[..., None]
        )

    def surface_infrared(self, moment: Moment, picture: Callable[[], Field]) -> Field:
        grain = noise(stream("paper", self.clip.seed, self.clip.id), moment.hit.plane_x.shape, (40, 40))
        ink = np.float32(self.clip.trait("ink_infrared")) * (
            1 - np.sqrt(np.clip(picture() * np.float32(exposure(self.clip)), 0, 1))
        )
        return np.float32(self.clip.trait("paper_infrared")) * (1 - ink) * (1 + np.float32(0.02) * grain)

    def surface_thermal(self, moment: Moment) -> Field:
        """Paper is about as warm as the room, and slightly warmer where it was held."""
        x, y = (np.abs(moment.hit.plane_x - self.sheet.shift_x), moment.hit.plane_y - self.sheet.shift_y)
        held = bump(
            x, y, self.sheet.half_width, drawn(self.clip, "grip", 0.0, 0.8) * self.sheet.half_height, 0.016, 0.022
        )
        return (
            self.clip.capture.room + drawn(self.clip, "paper", -0.2, 0.8) + drawn(self.clip, "hands", 1.0, 4.0) * held
        ).astype(np.float32)


def draw_ink(random: np.random.Generator, site: Site) -> dict[str, float]:
    """Draw the parameters of a site's printer and its paper."""
    return {
        "sharpness": float(random.uniform(*site.printer_sharpness)),
        "gamut": float(random.uniform(*site.printer_gamut)),
        "screen": float(random.uniform(*site.printer_screen)),
        "paper_warmth": float(random.uniform(*site.paper_warmth)),
        "black": float(random.uniform(0.03, 0.09)),
        "white": float(random.uniform(0.91, 0.98)),
        "halftone": float(random.uniform(0.35, 0.75)),
        "sheen": float(random.uniform(0.0, 0.025)),
        "ink_infrared": float(random.uniform(*site.ink_infrared)),
        "paper_infrared": float(random.uniform(0.72, 0.92)),
    }


def inked(clip: ClipParameters, image: Field) -> Field:
    """Return linear RGB as inks on paper can reproduce it: gamut, black, and white."""
    gain, trace = np.float32(exposure(clip)), clip.trace
    shown = np.sqrt(np.clip(image * gain, 0, 1))
    gray = luminance(shown)[..., None]
    shown = gray + (shown - gray) * np.float32(1 - min((1 - clip.trait("gamut")) * trace, 0.9))
    black, white = clip.trait("black") * trace, 1 - (1 - clip.trait("white")) * trace
    shown = np.float32(black) + np.float32(white - black) * np.clip(shown, 0, 1)
    return shown * shown * (tint(clip.trait("paper_warmth") * trace) / gain)


def screened(clip: ClipParameters, image: Field, x: Field, y: Field, scale: float) -> Field:
    """Apply the dots of four inks to linear RGB.

    The dots are the first harmonic of round-dot screens at `SCREEN_ANGLES`, with amplitude 4 a (1 - a) at coverage a.
    Inks multiply (Demichel), so the mean over a dot is that of the picture. (x, y) are meters on the paper, and `scale`
    is in pixels per meter.
    """
    gain = np.float32(exposure(clip))
    shown = np.clip(image * gain, 0, 1)
    black = np.float32(REPLACEMENT) * (1 - shown.max(2))
    covers = (*np.moveaxis(1 - shown / np.maximum(1 - black, np.float32(0.02))[..., None], 2, 0), black)
    frequency = 2 * np.pi / (clip.trait("screen") * clip.size / 128) * scale
    strength = np.float32(0.3 * clip.trait("halftone") * clip.trace)
    bare = []
    for cover, angle in zip(covers, np.deg2rad(SCREEN_ANGLES)):
        c, s = np.float32(frequency * np.cos(angle)), np.float32(frequency * np.sin(angle))
        bare.append(1 - cover - strength * cover * (1 - cover) * (np.cos(c * x + s * y) + np.cos(c * y - s * x)))
    return np.clip(np.stack(bare[:3]).transpose(1, 2, 0) * bare[3][..., None], 0, None) / gain


def resolved(clip: ClipParameters, image: Field, sigma: float) -> Field:
    """Linear RGB after the printer driver's unsharp mask or, for negative sharpness, ink spread; sigma in pixels."""
    gain, strength = np.float32(exposure(clip)), np.float32(max(clip.trait("sharpness") * clip.trace, -1.0))
    even = np.sqrt(np.clip(image * gain, 0, 1))
    even = np.clip(even + strength * (even - blur(even, sigma)), 0, 1)
    return even * even / gain
