"""What is true of a rendered record, exactly. For scoring only: a model is never given it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fas_phantom.landmarks import boxes
from fas_phantom.motion import beat_times, tracks
from fas_phantom.parameters import ClipParameters
from fas_phantom.render import Scene
from fas_phantom.sources import Rendered, exact_points
from fascore import FascoreError, Record


@dataclass(frozen=True)
class Truth:
    """Truth of one clip. Images are display-referred RGB in [0, 1], after gamma and white balance, before noise and coding."""

    clip: ClipParameters

    @cached_property
    def landmarks(self) -> np.ndarray:
        """(F, 68, 2) float64 pixels, iBUG order."""
        return self.mesh[:, :68]

    @cached_property
    def mesh(self) -> np.ndarray:
        """(F, 140, 2) float64 pixels, layout `mesh140`, whose first 68 are the landmarks."""
        return exact_points(self.clip)

    @property
    def boxes(self) -> np.ndarray:
        """(F, 4) float64: x1, y1, x2, y2 round the landmarks."""
        return boxes(self.landmarks)

    @property
    def heart_rate(self) -> float:
        """Mean rate of the depicted person's heart, beats a minute; for attacks too, whose pixels need not show it."""
        return self.clip.pulse.heart_rate

    @property
    def beats(self) -> np.ndarray:
        """Seconds of the beats, from before the clip to after it."""
        return beat_times(self.clip.pulse, self.clip.seed, self.clip.id, float(self.waveform.shape[0] / self.clip.capture.rate))

    @property
    def waveform(self) -> np.ndarray:
        """(F,) float64: blood volume pulse of the depicted person."""
        return tracks(self.clip).beat

    def shown(self, index: int, *, without: frozenset[str] = frozenset()) -> np.ndarray:
        """(H, W, 3) float32: frame `index` as the camera saw it, stages of the attack in `without` left out."""
        return Scene(self.clip, without=without).display(index)

    def live(self, index: int) -> np.ndarray:
        """(H, W, 3) float32: the depicted person without the attack, under its pose, light and camera."""
        return Scene(self.clip, live=True).display(index)

    def trace(self, index: int) -> np.ndarray:
        """(H, W, 3) float32: what the attack added, `shown - live`; 0 for a bona fide clip."""
        return np.asarray(self.shown(index) - self.live(index))

    def stages(self) -> tuple[str, ...]:
        """Names of the attack's stages, in order."""
        return tuple(Scene(self.clip).attack.stages())


def truth(record: Record) -> Truth:
    """The truth of a record of `phantom`. Raises FascoreError for any other record."""
    source = record.channels.get("rgb")
    if not isinstance(source, Rendered):
        raise FascoreError(f"record '{record.id}' was not rendered by phantom: nobody knows its truth; give a record of the dataset 'phantom'")
    return Truth(source.clip)
