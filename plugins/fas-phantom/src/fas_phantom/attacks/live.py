"""A live person in front of the camera, and the interface that every attack overrides in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from fas_phantom.canvas import Field
from fas_phantom.head import Head, head
from fas_phantom.moments import Moment
from fas_phantom.motion import Tracks
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.sites import Site
from fas_phantom.view import FACE_HEIGHT, Pose

Stage: TypeAlias = Callable[[Field, Moment], Field]
"""A step from the linear RGB of the live scene to that of the attack."""
Spectacles: TypeAlias = Literal["before", "behind", "pictured", "hidden"]


class Live:
    """Nothing between person and camera."""

    still: ClassVar[bool] = False
    """True where the depicted face cannot turn, blink or speak."""
    mouth_moves: ClassVar[bool] = True
    spectacles: ClassVar[Spectacles] = "before"
    """Where ordinary spectacles of the depicted person are: before what the stages do to the face, behind it (redrawn with
    the face), in the picture that a medium shows and nowhere else, or not to be seen."""

    def __init__(self, clip: ClipParameters) -> None:
        self.clip = clip
        self._found: dict[str, Field] = {}

    def always(self, name: str, make: Callable[[], Field]) -> Field:
        """What `make` gives, made once a clip: it must be the same in every frame."""
        if name not in self._found:
            self._found[name] = make()
        return self._found[name]

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        """Numbers of one attack at a site."""
        return {}

    def body(self) -> Person:
        """Whose neck and shoulders are seen."""
        return self.clip.subject

    def head(self) -> Head:
        """The head as depth and infrared see it."""
        return head(self.clip.subject)

    def color(self) -> Head:
        """The head as the RGB camera sees it."""
        return self.head()

    def pose(self, tracks: Tracks, index: int) -> Pose:
        """Pose of one frame."""
        capture, size = self.clip.capture, self.clip.size
        scale = capture.face * size / FACE_HEIGHT * tracks.scale[index]
        x, y = (capture.x * size + tracks.x[index] * scale, capture.y * size + tracks.y[index] * scale)
        alive = not self.still
        return Pose(
            yaw=float(tracks.yaw[index] if alive else capture.yaw),
            pitch=float(tracks.pitch[index] if alive else capture.pitch),
            roll=float(tracks.roll[index]),
            x=float(x),
            y=float(y),
            scale=float(scale),
            lids=float(tracks.lids[index]) * alive,
            mouth=float(tracks.mouth[index]) * (alive and self.mouth_moves),
            tilt=self.tilt(tracks, index),
        )

    def placed(self, points: np.ndarray, pose: Pose) -> np.ndarray:
        """Pixels (N, 2) at which points of the face are seen that `pose` alone would put at `points`."""
        return points

    def acted(self, pose: Pose, index: int) -> Pose:
        """Pose of a frame as the RGB camera sees it: a forgery may move mouth and lids."""
        return pose

    def seen(self, moment: Moment) -> Moment:
        """The moment as the RGB camera sees it."""
        return moment

    def tilt(self, tracks: Tracks, index: int) -> tuple[float, float]:
        """Turning of a flat medium that carries the picture, in degrees."""
        return 0.0, 0.0

    def depicted(self) -> int:
        """The picture of the pool behind the depicted person."""
        return self.clip.capture.background

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        """The pulse (H, W) seen in this frame, where that of the live person is `wave` (H, W)."""
        return wave

    def moved(self, moment: Moment) -> tuple[Field, Field]:
        """Coordinates at which the head's colour is looked up."""
        return moment.hit.u, moment.hit.v

    def stages(self) -> Mapping[str, Stage]:
        """Steps after the live scene, in order; each can be left out, to see what it does."""
        return {}

    def shaped(self, image: Field, moment: Moment) -> Field:
        """The live counterpart's light (H, W, 3) in the shape in which the attack shows it."""
        return image

    def hidden(self, moment: Moment) -> Field:
        """Coverage (H, W) by what replaces the face in RGB; what only changes or adds to it counts nothing."""
        return np.zeros_like(moment.hit.u)

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        """Depth in metres, from that of the live scene."""
        return meters()

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        """Near-infrared light (H, W), from that of the live scene, the depicted luminance, and what is around."""
        return light()

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        """Degrees Celsius (H, W), from those of the live scene and of the room alone."""
        return celsius()
