"""The surroundings of a flat medium: neck and shoulders of the person who holds it up, and the scene behind."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from fas_phantom.canvas import Field, mix
from fas_phantom.light import tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters
from fas_phantom.scenery import Body, body
from fas_phantom.thermal import clothed
from fas_phantom.view import plane


class Behind:
    """The presenter of a flat medium, lit, dressed, and placed like a live person, so the margin reveals nothing."""

    def __init__(self, clip: ClipParameters) -> None:
        self.clip = clip

    @cached_property
    def torso(self) -> Body:
        """Neck and shoulders, in clothes that differ from those in the picture."""
        return body(self.clip.other or self.clip.subject, self.clip.capture.clothing + 1)

    def rgb(self, moment: Moment) -> Field:
        """Linear light (H, W, 3)."""
        torso, below = self.torso.color_at(moment.pose, *self._plane(moment))
        return mix(moment.backdrop, torso * (np.float32(0.85) * tint(self.clip.capture.light_warmth)), below)

    def depth(self, moment: Moment) -> Field:
        """Meters (H, W) from the camera."""
        relief, _, below = self._matter(moment)
        return np.where(
            below > 0.5, np.float32(self.clip.capture.distance) - relief, np.float32(self.clip.capture.background_depth)
        )

    def infrared(self, around: Field, moment: Moment) -> Field:
        """Near-infrared light (H, W), given that of the scene behind, `around`."""
        _, near, below = self._matter(moment)
        return mix(around, near * np.float32(0.85), below)

    def thermal(self, room: Field, moment: Moment) -> Field:
        """Degrees Celsius (H, W), given those of the scene behind, `room`."""
        return mix(room, *clothed(self.clip, self.torso, moment.pose, *self._plane(moment)))

    def _plane(self, moment: Moment) -> tuple[Field, Field]:
        """View coordinates without the medium's tilt."""
        return moment.once("level", lambda: plane(moment.pose._replace(tilt=(0.0, 0.0)), self.clip.size))

    def _matter(self, moment: Moment) -> tuple[Field, Field, Field]:
        return moment.once("behind", lambda: self.torso.matter_at(moment.pose, *self._plane(moment)))
