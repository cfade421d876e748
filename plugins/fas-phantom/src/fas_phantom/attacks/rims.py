"""The shape of a pair of glasses (lenses, rims, bridge, arms), and the reflections in the lenses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fas_phantom.canvas import Field, blur, sample, soft
from fas_phantom.head import Head
from fas_phantom.light import direction
from fas_phantom.moments import Moment
from fas_phantom.parameters import Capture
from fas_phantom.relief import outline
from fas_phantom.traits import EYE_SPACING, Traits
from fas_phantom.view import Hit


class Rims(NamedTuple):
    """In meters: half the size of a lens, width of the rim, and distance from the bridge of the nose (`off`).

    `corner` is the exponent of the lens's superellipse (2: round; higher: squarer); `wing` is how far its outer end
    sweeps up.
    """

    lens_width: float
    lens_height: float
    rim: float
    corner: float
    wing: float
    off: float

    def lens(self, who: Traits, x: Field, y: Field) -> Field:
        """Meters from the edge of the lenses; negative outside."""
        across = np.abs(x) - EYE_SPACING * who.eye_spacing * who.width
        # The lens sits slightly below the pupil, as in real glasses.
        down = y - 0.002 + self.wing * np.clip(across, 0, None)
        reach = (np.abs(across / self.lens_width) ** self.corner + np.abs(down / self.lens_height) ** self.corner) ** (
            1 / self.corner
        )
        return ((1 - reach) * self.lens_height).astype(np.float32)

    def frame(self, wearer: Head, x: Field, y: Field) -> Field:
        """Coverage of rims, bridge, and arms."""
        lens, rim = self.lens(wearer.who, x, y), self.rim
        half = outline(wearer.who, y[:, 0])[:, None]
        center = EYE_SPACING * wearer.who.eye_spacing * wearer.who.width
        bridge = np.minimum(
            np.float32(rim * 0.8) - np.abs(y + 0.003 - 12 * x * x), np.float32(center - self.lens_width) - np.abs(x)
        )
        side = np.minimum(np.abs(x) - np.float32(center + 0.9 * self.lens_width), half - np.abs(x))
        level = 0.006 + 0.8 * self.wing * self.lens_width
        arms = np.minimum(np.float32(rim * 0.9) - np.abs(y + np.float32(level)), side)
        # Hair at the temples covers the arms.
        arms = soft(arms, 0.0007) * soft(blur(wearer.matter[..., 1], 1.0) - 0.3, 0.15)
        return np.maximum(soft(np.maximum(np.float32(rim) - np.abs(lens + np.float32(rim)), bridge), 0.0007), arms)

    def surface(self, wearer: Head, x: Field) -> Field:
        """A surface: nearly a plane across the eyes, bent back at the arms, resting on the bridge of the nose."""
        bridge = float(sample(wearer.relief, *(np.full((1, 1), value, np.float32) for value in (128.0, 168.0)))[0, 0])
        front = np.float32(bridge + self.off) - np.float32(2.5) * np.clip(np.abs(x) - 0.02, 0, None) ** 1.6
        return np.maximum(front, blur(wearer.relief, 3) + np.float32(0.002))

    def glare(self, who: Traits, hit: Hit, capture: Capture) -> tuple[Field, Field]:
        """A slanted streak on each lens that follows the lamp, and the coverage of the lenses."""
        lamp, glass = direction(capture), soft(self.lens(who, hit.x, hit.y) - np.float32(0.5 * self.rim), 0.001)
        across = np.abs(hit.x) - np.float32(EYE_SPACING * who.eye_spacing * who.width)
        along = np.sign(hit.x) * across + np.float32(0.6) * hit.y - np.float32(0.012) * lamp[0]
        streak = np.exp(-((along / np.float32(0.0035)) ** 2)) * np.exp(
            -(((hit.y + np.float32(0.006)) / np.float32(0.008)) ** 2)
        )
        return np.float32(0.5) * streak * glass, glass


def reflected(moment: Moment, glare: Field, glass: Field, size: int) -> Field:
    """Light (H, W, 3) of lamp and room that the lenses reflect."""
    room = blur(moment.backdrop[::-1, ::-1], 2.0 * size / 128)
    return np.float32(0.9) * glare[..., None] + np.float32(0.07) * glass[..., None] * room
