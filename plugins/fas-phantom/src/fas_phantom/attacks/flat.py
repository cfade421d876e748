"""A flat medium, print or display, that shows the whole picture of the live scene."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.behind import Behind
from fas_phantom.attacks.live import Live
from fas_phantom.canvas import Field, mix, soft
from fas_phantom.moments import Moment
from fas_phantom.motion import Tracks
from fas_phantom.parameters import Sheet


class FlatMedium(Live):
    """A rectangle held up to the camera, tilted, and slightly bent if it is limp: the sheet of the clip's capture."""

    spectacles = "pictured"

    limp: ClassVar[bool] = False

    @cached_property
    def behind(self) -> Behind:
        """The person who holds the medium."""
        return Behind(self.clip)

    @property
    def sheet(self) -> Sheet:
        """Position, size, and tilt of the medium."""
        return self.clip.capture.sheet

    def tilt(self, tracks: Tracks, index: int) -> tuple[float, float]:
        capture = self.clip.capture
        across = self.sheet.tilt_x + 0.5 * (tracks.yaw[index] - capture.yaw)
        down = self.sheet.tilt_y + 0.5 * (tracks.pitch[index] - capture.pitch)
        return float(np.clip(across, -20, 20)), float(np.clip(down, -20, 20))

    def depicted(self) -> int:
        return self.sheet.background

    def inside(self, moment: Moment) -> Field:
        """Meters from the border of the medium; negative outside."""
        x, y = moment.hit.plane_x - np.float32(self.sheet.shift_x), moment.hit.plane_y - np.float32(self.sheet.shift_y)
        return np.minimum(np.float32(self.sheet.half_width) - np.abs(x), np.float32(self.sheet.half_height) - np.abs(y))

    def cover(self, moment: Moment) -> Field:
        """Coverage of the medium in [0, 1]."""
        return soft(self.inside(moment), 0.6 / moment.pose.scale)

    def lift(self, moment: Moment) -> Field:
        """Surface of the medium in meters toward the camera."""
        x, y = moment.hit.plane_x, moment.hit.plane_y
        across, down = np.tan(np.deg2rad(moment.pose.tilt)).astype(np.float32)
        bent = x * np.float32(np.cos(self.sheet.bend_angle)) + y * np.float32(np.sin(self.sheet.bend_angle))
        return (
            across * x
            + down * y
            + np.float32(self.sheet.bend * self.limp * self.clip.haze) * bent * bent
            + np.float32(0.05)
        )

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        return np.where(
            self.cover(moment) > 0.5,
            np.float32(self.clip.capture.distance) - self.lift(moment),
            self.behind.depth(moment),
        )

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        return mix(
            self.behind.infrared(surroundings, moment), self.surface_infrared(moment, picture), self.cover(moment)
        )

    def surface_infrared(self, moment: Moment, picture: Callable[[], Field]) -> Field:
        """Near-infrared light from the medium itself."""
        raise NotImplementedError

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        return mix(self.behind.thermal(room, moment), self.surface_thermal(moment), self.cover(moment))

    def surface_thermal(self, moment: Moment) -> Field:
        """Degrees Celsius of the medium itself."""
        raise NotImplementedError

    def on_backdrop(self, image: Field, moment: Moment) -> Field:
        """The medium in front of its surroundings."""
        return mix(self.behind.rgb(moment), image, self.cover(moment))
