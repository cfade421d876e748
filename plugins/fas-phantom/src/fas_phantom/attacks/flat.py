"""A flat medium, print or display, that carries the whole picture of the live scene."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fas_phantom.attacks.live import Live, Moment
from fas_phantom.canvas import Field, mix, soft
from fas_phantom.motion import Tracks
from fas_phantom.scenery import POOL


class FlatMedium(Live):
    """A rectangle held in front of the camera, tilted and a little bent."""

    def tilt(self, tracks: Tracks, index: int) -> tuple[float, float]:
        capture = self.clip.capture
        across = self.clip.trait("tilt_x") + 0.5 * (tracks.yaw[index] - capture.yaw)
        down = self.clip.trait("tilt_y") + 0.5 * (tracks.pitch[index] - capture.pitch)
        return float(np.clip(across, -20, 20)), float(np.clip(down, -20, 20))

    def depicted(self) -> int:
        return int(self.clip.trait("background"))

    def inside(self, moment: Moment) -> Field:
        """Metres from the medium's border, negative outside."""
        x, y = moment.hit.plane_x - np.float32(self.clip.trait("shift_x")), moment.hit.plane_y - np.float32(self.clip.trait("shift_y"))
        return np.minimum(np.float32(self.clip.trait("half_width")) - np.abs(x), np.float32(self.clip.trait("half_height")) - np.abs(y))

    def cover(self, moment: Moment) -> Field:
        """Coverage of the medium in [0, 1]."""
        return soft(self.inside(moment), 0.6 / moment.pose.scale)

    def lift(self, moment: Moment) -> Field:
        """The medium's surface in metres towards the camera."""
        x, y = moment.hit.plane_x, moment.hit.plane_y
        across, down = np.tan(np.deg2rad(moment.pose.tilt)).astype(np.float32)
        bent = x * np.float32(np.cos(self.clip.trait("bend_angle"))) + y * np.float32(np.sin(self.clip.trait("bend_angle")))
        return across * x + down * y + np.float32(self.clip.trait("bend")) * bent * bent + np.float32(0.05)

    def depth(self, metres: Callable[[], Field], moment: Moment) -> Field:
        capture = self.clip.capture
        return np.where(self.cover(moment) > 0.5, np.float32(capture.distance) - self.lift(moment), np.float32(capture.background_depth))

    def infrared(self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field) -> Field:
        return mix(surroundings, self.surface_infrared(moment, picture), self.cover(moment))

    def surface_infrared(self, moment: Moment, picture: Callable[[], Field]) -> Field:
        """Near-infrared light from the medium itself."""
        raise NotImplementedError

    def on_backdrop(self, image: Field, moment: Moment) -> Field:
        """The medium with what is behind it."""
        return mix(moment.backdrop, image, self.cover(moment))


def draw_sheet(random: np.random.Generator, bend: float) -> dict[str, float]:
    """Place, size and bending of a sheet; half of them fill the frame."""
    wide = float(random.uniform(0.1, 0.16) if random.random() < 0.5 else random.uniform(0.2, 0.3))
    return {
        "background": float(random.integers(POOL)),
        "half_width": wide, "half_height": wide * float(random.uniform(1.25, 1.4)),
        "shift_x": float(random.uniform(-0.015, 0.015)), "shift_y": float(random.uniform(-0.01, 0.02)),
        "tilt_x": float(random.normal(0, 4)), "tilt_y": float(random.normal(0, 4)),
        "bend": float(random.normal(0, bend)), "bend_angle": float(random.uniform(-0.5, 0.5)),
    }
