"""`mask.silicone`: a soft, lifelike mask of the subject over the whole head of another person; it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from fas_phantom.attacks.live import Live, Stage
from fas_phantom.canvas import Field, blur, bounded, mix, noise, sample, soft, tinted
from fas_phantom.head import Head, head
from fas_phantom.light import tint
from fas_phantom.moments import Moment
from fas_phantom.motion import Tracks
from fas_phantom.parameters import ClipParameters
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.thermal import warmed
from fas_phantom.view import Pose


class SiliconeMask(Live):
    """The subject's head in silicone: softened relief, pigment instead of blood, a waxy gloss."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "smoothing": float(random.uniform(0.7, 1.6)),
            "relief": float(random.uniform(1.2, 2.4)),
            "gloss": float(random.uniform(0.03, 0.08)),
            "pigment_red": float(random.normal(0.015, 0.025)),
            "pigment_blue": float(random.normal(0, 0.025)),
            "mottle": float(random.uniform(0.0, 0.03)),
            "stiffness": float(random.uniform(0.4, 0.8)),
            "near": float(random.uniform(0.45, 0.68)),
            "model": float(random.integers(1 << 31)),
        }

    def head(self) -> Head:
        return cast(self.clip)[0]

    def pose(self, tracks: Tracks, index: int) -> Pose:
        pose = super().pose(tracks, index)
        return pose._replace(mouth=pose.mouth * (1 - self.clip.trait("stiffness")))

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return 0.05 * wave

    def stages(self) -> Mapping[str, Stage]:
        return {"tone": self.tone, "specular": self.specular}

    def tone(self, image: Field, moment: Moment) -> Field:
        """Pigment, without the fine structure and the blood of skin."""
        return image * sample(cast(self.clip)[1], moment.hit.u, moment.hit.v)

    def specular(self, image: Field, moment: Moment) -> Field:
        """The waxy gloss of silicone."""
        bare = sample(cast(self.clip)[2], moment.hit.u, moment.hit.v)
        shine = np.float32(self.clip.trait("gloss") * self.clip.trace) * bare * moment.light.gleam
        return image + tinted(shine, tint(self.clip.capture.light_warmth))

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        skin, bare = celsius(), sample(cast(self.clip)[2], moment.hit.u, moment.hit.v)
        return mix(skin, warmed(self.clip, skin, 0.0, (0.5, 0.8)), bare)


@lru_cache(maxsize=8)
def cast(clip: ClipParameters) -> tuple[Head, Field, Field]:
    """Return the mask's maps in the subject's colors, the gain (H, W, 3) of its pigment, and all but hair and eyes."""
    face, trace = head(clip.subject), clip.trace
    hair = np.clip(1 - face.matter[..., 1] / 0.4, 0, 1)
    eye = soft(np.minimum(face.lids[..., 3] + 0.25, 1.25 - face.lids[..., 3]), 0.2)
    bare = ((1 - blur(hair, 1.0)) * (1 - eye) * bounded(face.cover)).astype(np.float32)
    smooth = blur(face.color, clip.trait("smoothing") * trace**0.5)
    paint = 1 + np.float32(trace) * np.array([clip.trait("pigment_red"), 0, clip.trait("pigment_blue")], np.float32)
    mottle = 1 + np.float32(trace * clip.trait("mottle")) * noise(
        stream("silicone", int(clip.trait("model"))), bare.shape, (9, 9), 2
    )
    gain = mix(np.ones_like(smooth), smooth / np.maximum(face.color, 0.003) * paint * mottle[..., None], bare)
    relief = mix(face.relief, blur(face.relief, clip.trait("relief")) + np.float32(0.002), blur(bare, 2.0))
    near = mix(face.matter[..., 2], blur(face.matter[..., 2], 3.0) * np.float32(clip.trait("near") / 0.62), bare)
    matter = np.dstack([face.matter[..., 0], face.matter[..., 1], near])
    shown = face._replace(
        relief=np.ascontiguousarray(relief, np.float32), matter=np.ascontiguousarray(matter, np.float32)
    )
    return shown, np.ascontiguousarray(np.clip(gain, 0.3, 3), np.float32), bare
