"""`replay.screen`: a video on a display: display gamut, moire, flicker, reflections; a plane; dark in near infrared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fas_phantom.attacks.flat import FlatMedium
from fas_phantom.attacks.live import Stage
from fas_phantom.camera import exposure
from fas_phantom.canvas import Field, blur, bump, luminance
from fas_phantom.light import direction, tint
from fas_phantom.moments import Moment
from fas_phantom.sites import Site
from fas_phantom.thermal import drawn
from fas_phantom.view import FACE_HEIGHT

BAYER = (((-0.25, -0.25),), ((0.25, -0.25), (-0.25, 0.25)), ((0.25, 0.25),))
"""Offsets (right, down) of the red, the two green, and the blue photosites in a pixel of the picture."""
APERTURE = 0.5
"""Side of a photosite, in pixels of the picture."""
STRIPE, ROW = np.float32(0.3), np.float32(0.8)
"""Width of a sub-pixel stripe and height of a sub-pixel row, in pixels of the display; the rest is black matrix."""
CHROMA = np.float32(0.15)
"""Share of the moire's color that a camera keeps: cameras interpolate and denoise color far more than brightness."""


class ScreenReplay(FlatMedium):
    """A recording of the subject on a monitor."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "moire_x": float(random.uniform(0.15, 0.4) * random.choice([-1, 1])),
            "moire_y": float(random.uniform(0.15, 0.4) * random.choice([-1, 1])),
            "mosaic": float(random.uniform(0.24, 0.64) * site.display_pitch[1] / 0.2),
            "gamut": float(random.uniform(*site.display_gamut)),
            "warmth": float(random.uniform(*site.display_warmth)),
            "contrast": float(random.uniform(1.12, 1.32)),
            "black": float(random.uniform(0.02, 0.07)),
            "glare": float(random.uniform(*site.display_glare)),
            "glare_x": float(random.uniform(-0.08, 0.08)),
            "glare_y": float(random.uniform(-0.1, 0.02)),
            "flicker": float(random.uniform(0, 0.012)),
            "flicker_rate": float(random.uniform(5, 40)),
            "bands": float(random.uniform(0.5, 2.5)),
            "pulse": float(random.uniform(0.88, 0.98)),
            "infrared": float(np.exp(random.uniform(np.log(0.025), np.log(0.55)))),
            "infrared_glare": float(random.uniform(0.2, 1.0)),
        }

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return wave * self.clip.trait("pulse")

    def stages(self) -> Mapping[str, Stage]:
        return {
            "tone": self.tone,
            "moire": self.moire,
            "flicker": self.flicker,
            "glare": self.glare,
            "bezel": self.bezel,
        }

    def tone(self, image: Field, moment: Moment) -> Field:
        """The picture as the display can show it: contrast, gamut, white point, and light leaking through black."""
        clip, gain, trace = self.clip, np.float32(exposure(self.clip)), self.clip.trace
        shown = np.sqrt(np.clip(image * gain, 0, 1))
        shown = np.clip(
            np.float32(0.5) + (shown - np.float32(0.5)) * np.float32(1 + (clip.trait("contrast") - 1) * trace), 0, 1
        )
        gray = luminance(shown)[..., None]
        shown = gray + (shown - gray) * np.float32(1 - min((1 - clip.trait("gamut")) * trace, 0.9))
        return (shown * shown + np.float32(clip.trait("black") * trace)) * (tint(clip.trait("warmth") * trace) / gain)

    def moire(self, image: Field, moment: Moment) -> Field:
        """The display's red, green, and blue stripes, sampled by Bayer quads, one quad per pixel of the picture.

        The response of a photosite is exactly the overlap of its aperture with the stripes of its color; sampling
        creates the beat pattern.
        """
        pose, size, stripes = moment.pose, self.clip.size, np.arange(-1, 2) / 3
        nominal = self.clip.capture.face * size / FACE_HEIGHT
        across, down = (
            np.float32(nominal * (1 + self.clip.trait(name) * 128 / size)) for name in ("moire_x", "moire_y")
        )
        x, y = across * moment.hit.plane_x, down * moment.hit.plane_y
        c, s = np.cos(np.deg2rad(pose.roll)) / pose.scale, np.sin(np.deg2rad(pose.roll)) / pose.scale
        seen = np.empty_like(image)
        for channel, sites in enumerate(BAYER):
            shares = [
                _overlap(
                    x + across * np.float32(c * right + s * low) - np.float32(stripes[channel]),
                    STRIPE,
                    across / pose.scale,
                )
                * _overlap(y + down * np.float32(c * low - s * right), ROW, down / pose.scale)
                for right, low in sites
            ]
            seen[..., channel] = sum(shares) / np.float32(len(shares))
        gray = luminance(seen)[..., None]
        seen = gray + CHROMA * (seen - gray)
        return image * np.clip(1 + np.float32(0.3 * self.clip.trait("mosaic") * self.clip.trace) * (seen - 1), 0, None)

    def flicker(self, image: Field, moment: Moment) -> Field:
        """Bands that a rolling shutter makes of the display's refresh."""
        rows = (np.arange(image.shape[0], dtype=np.float32) / image.shape[0])[:, None, None]
        turn = np.float32(self.clip.trait("flicker_rate") * moment.time % 1)
        wave = np.cos(np.float32(2 * np.pi) * (np.float32(self.clip.trait("bands")) * rows + turn))
        return image * (1 + np.float32(self.clip.trait("flicker") * self.clip.trace) * wave)

    def glare(self, image: Field, moment: Moment) -> Field:
        """Reflections in the glass: the lamp and, dimly, the room."""
        strength = np.float32(0.34 * self.clip.trait("glare") * self.clip.trace / exposure(self.clip))
        room = self.always("room", lambda: blur(moment.backdrop[:, ::-1], 3.0 * self.clip.size / 128))
        return image + strength * (self._spot(moment)[..., None] + np.float32(0.35) * room)

    def bezel(self, image: Field, moment: Moment) -> Field:
        """The dark frame of the display, and the scene behind it."""
        rim = self.inside(moment) < np.float32(0.006)
        return self.on_backdrop(np.where(rim[..., None], np.float32(0.012), image), moment)

    def surface_infrared(self, moment: Moment, picture: Callable[[], Field]) -> Field:
        """Displays emit no near infrared, but matte ones scatter that of the lamp, and all reflect some."""
        glare = np.float32(self.clip.trait("infrared_glare") * self.clip.capture.infrared_ambient) * self._spot(moment)
        lamp = np.float32(0.35 * self.clip.trait("infrared_glare")) * np.exp(
            -(moment.hit.plane_x**2 + moment.hit.plane_y**2) / np.float32(0.0009)
        )
        return np.float32(min(self.clip.trait("infrared") * self.clip.haze, 0.6)) + glare + lamp

    def surface_thermal(self, moment: Moment) -> Field:
        """A lit display is warm, most of all near its electronics; its glass hides everything behind it."""
        x, y = moment.hit.plane_x - self.sheet.shift_x, moment.hit.plane_y - self.sheet.shift_y
        across, down = (
            drawn(self.clip, "across", -0.5, 0.5) * self.sheet.half_width,
            drawn(self.clip, "down", -0.7, 0.7) * self.sheet.half_height,
        )
        chip = drawn(self.clip, "chip", 1.0, 5.0) * bump(
            x, y, across, down, 0.5 * self.sheet.half_width, 0.35 * self.sheet.half_height
        )
        return (self.clip.capture.room + drawn(self.clip, "display", 3.0, 10.0) + chip - 6 * y).astype(np.float32)

    def _spot(self, moment: Moment) -> Field:
        lamp = direction(self.clip.capture)
        x = moment.hit.plane_x - np.float32(self.clip.trait("glare_x") + 0.05 * lamp[0])
        y = moment.hit.plane_y - np.float32(self.clip.trait("glare_y"))
        return np.exp(-(x * x / np.float32(0.0018) + y * y / np.float32(0.004)))


def _overlap(place: Field, width: np.float32, sampled: float | np.floating[Any]) -> Field:
    """Overlap of a photosite at `place` with a periodic bar of a width; `sampled` is the pitch of the picture's pixels.

    All lengths are in periods. The mean over a period is 1.
    """
    aperture, off = np.float32(APERTURE * sampled), np.abs(place - np.rint(place))
    return np.clip(np.float32(0.5) * (width + aperture) - off, 0, min(width, aperture)) / (width * aperture)
