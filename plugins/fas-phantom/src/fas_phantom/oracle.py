"""The exact truth of a rendered record. For scoring only: a model never receives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fas_phantom.landmarks import boxes
from fas_phantom.motion import beat_times
from fas_phantom.parameters import ClipParameters
from fas_phantom.regions import hull, regions
from fas_phantom.render import Scene
from fas_phantom.sources import Rendered, exact_points
from fas_phantom.traces import Bands, bands
from fascore import FascoreError, Record


@dataclass(frozen=True)
class Truth:
    """Truth of one clip. Images are display-referred sRGB in [0, 1], after gamma, before noise and coding.

    Let I be the picture shown, I_live the live counterpart, P the inpainted region, and T_A := I - I_live the trace.
    Then I = (1 - P) (I_live + T_A) + P T_P holds with T_P := I (Liu and Liu, Physics-Guided Spoof Trace
    Disentanglement, Eq. 3). Score inside `hull` only: outside the face, counterpart and attack are different scenes.
    """

    clip: ClipParameters

    @cached_property
    def scene(self) -> Scene:
        """The clip itself."""
        return Scene(self.clip)

    @cached_property
    def counterpart(self) -> Scene:
        """The clip without the attack."""
        return Scene(self.clip, live=True)

    @cached_property
    def bloodless(self) -> Scene:
        """The clip without a pulse."""
        return Scene(replace(self.clip, pulse=replace(self.clip.pulse, amplitude=0.0)))

    @property
    def landmarks(self) -> np.ndarray:
        """(F, 68, 2) float64 pixels, iBUG order."""
        return self.mesh[:, :68]

    @cached_property
    def mesh(self) -> np.ndarray:
        """(F, 140, 2) float64 pixels in the layout `mesh140`, whose first 68 are the landmarks."""
        return exact_points(self.clip)

    @property
    def boxes(self) -> np.ndarray:
        """(F, 4) float64: x1, y1, x2, y2 around the landmarks."""
        return boxes(self.landmarks)

    def hull(self, index: int) -> np.ndarray:
        """(H, W) bool: the face, as the convex hull of its vertices."""
        return hull(self.mesh[index], self.clip.size)

    def regions(self, index: int) -> dict[str, np.ndarray]:
        """(H, W) bool of forehead, eyes, nose, cheeks, mouth, and chin; left and right are those of the picture."""
        return regions(self.mesh[index], self.clip.size)

    @property
    def heart_rate(self) -> float:
        """Mean heart rate of the depicted person in beats per minute, even if an attack does not show it."""
        return self.clip.pulse.heart_rate

    @property
    def beats(self) -> np.ndarray:
        """Times of the beats in seconds, from before the clip to after it."""
        return beat_times(
            self.clip.pulse, self.clip.seed, self.clip.id, float(self.clip.frames / self.clip.capture.rate)
        )

    @property
    def waveform(self) -> np.ndarray:
        """(F,) float64: blood volume pulse of the depicted person at the point that it reaches first."""
        return self.scene.tracks.beat

    def pulsation(self, index: int) -> np.ndarray:
        """(H, W, 3) float32: what blood adds to the picture shown, as far as an attack transmits it."""
        return np.asarray(self.shown(index) - self.bloodless.display(index))

    def shown(self, index: int, *, without: frozenset[str] = frozenset()) -> np.ndarray:
        """(H, W, 3) float32: frame `index` as the camera saw it, leaving out the stages of the attack in `without`."""
        return (Scene(self.clip, without=without) if without else self.scene).display(index)

    def live(self, index: int) -> np.ndarray:
        """(H, W, 3) float32: the depicted person in the pose, light, and camera of the attack.

        For attacks that the subject wears, it is the subject without them; that of a curled print is curled too.
        """
        return self.counterpart.display(index)

    def trace(self, index: int) -> np.ndarray:
        """(H, W, 3) float32: T_A, the difference `shown - live`; 0 for a bona fide clip."""
        return np.asarray(self.shown(index) - self.live(index))

    def bands(self, index: int) -> Bands:
        """The trace in three bands, whose low-passed sum is the trace (Eq. 5)."""
        return bands(self.trace(index))

    def inpainting(self, index: int) -> np.ndarray:
        """(H, W) float32, 0 or 1: P, the region where something replaces the face.

        It is the coverage of the instrument for partial attacks, disguise glasses, rigid, half, and paper masks, and
        mannequins; the paper of a cut print (not its holes); and the region that a forgery redraws. It is 0 for all
        other attacks, which act on the live picture.
        """
        return (self.scene.hidden(index) > 0.5).astype(np.float32)

    def score(self, index: int) -> float:
        """Extent of the attack: the mean over the hull of P, and of |T_A| where P is 0; 0 for a bona fide clip."""
        changed = np.abs(self.trace(index)).mean(2)
        return float(np.where(self.inpainting(index) > 0, 1, changed)[self.hull(index)].mean())

    def metres(self, index: int) -> np.ndarray:
        """(H, W) float32: distance from the camera along its axis in meters, without noise and losses."""
        return self.scene.metres(index)

    def celsius(self, index: int) -> np.ndarray:
        """(H, W) float32: degrees Celsius, before the lens and noise of the thermal camera."""
        return self.scene.celsius(index)

    def stages(self) -> tuple[str, ...]:
        """Names of the attack's stages, in order."""
        return tuple(self.scene.attack.stages())


def truth(record: Record) -> Truth:
    """Return the truth of a record of `phantom`. Raises FascoreError for any other record."""
    source = record.channels.get("rgb")
    if not isinstance(source, Rendered):
        raise FascoreError(
            f"record '{record.id}' was not rendered by phantom, so its truth is unknown; pass a record of 'phantom'"
        )
    return Truth(source.clip)
