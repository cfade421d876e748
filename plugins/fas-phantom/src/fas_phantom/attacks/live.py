"""A live person in front of the camera: the interface that every attack partly overrides."""

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
    """A live person, with nothing between them and the camera."""

    still: ClassVar[bool] = False
    """True if the depicted face cannot turn, blink, or speak."""
    mouth_moves: ClassVar[bool] = True
    spectacles: ClassVar[Spectacles] = "before"
    """Where the depicted person's ordinary glasses are: in front of the stages' changes to the face, behind them
    (redrawn with the face), only in the picture that a medium shows, or hidden."""

    def __init__(self, clip: ClipParameters) -> None:
        self.clip = clip
        self._cache: dict[str, Field] = {}

    def always(self, name: str, make: Callable[[], Field]) -> Field:
        """Return the result of `make`, computed once per clip: it must be the same in every frame."""
        if name not in self._cache:
            self._cache[name] = make()
        return self._cache[name]

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        """Draw the parameters of one attack at a site."""
        return {}

    def body(self) -> Person:
        """The person whose neck and shoulders are visible."""
        return self.clip.subject

    def head(self) -> Head:
        """The head as the depth and infrared cameras see it."""
        return head(self.clip.subject)

    def color(self) -> Head:
        """The head as the RGB camera sees it."""
        return self.head()

    def pose(self, tracks: Tracks, index: int) -> Pose:
        """Pose in one frame."""
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
        """Map `points` (N, 2), pixels that follow from `pose` alone, to where the face's points actually appear."""
        return points

    def acted(self, pose: Pose, index: int) -> Pose:
        """Pose in a frame as the RGB camera sees it: a forgery may move mouth and lids."""
        return pose

    def seen(self, moment: Moment) -> Moment:
        """The moment as the RGB camera sees it."""
        return moment

    def tilt(self, tracks: Tracks, index: int) -> tuple[float, float]:
        """Rotation, in degrees, of the flat medium that shows the picture."""
        return 0.0, 0.0

    def depicted(self) -> int:
        """Index of the background picture behind the depicted person."""
        return self.clip.capture.background

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        """The pulse (H, W) visible in this frame, given that of the live person, `wave` (H, W)."""
        return wave

    def moved(self, moment: Moment) -> tuple[Field, Field]:
        """Coordinates at which the color of the head is sampled."""
        return moment.hit.u, moment.hit.v

    def stages(self) -> Mapping[str, Stage]:
        """Steps after the live scene, in order; each can be left out to show its effect."""
        return {}

    def shaped(self, image: Field, moment: Moment) -> Field:
        """The live counterpart's light (H, W, 3), warped as the attack shows it."""
        return image

    def hidden(self, moment: Moment) -> Field:
        """Coverage (H, W) by what replaces the face in RGB; what only alters or adds to the face does not count."""
        return np.zeros_like(moment.hit.u)

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        """Depth in meters, given that of the live scene."""
        return meters()

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        """Near-infrared light (H, W), given that of the live scene, the depicted luminance, and the surroundings."""
        return light()

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        """Degrees Celsius (H, W), given those of the live scene and of the empty room."""
        return celsius()
