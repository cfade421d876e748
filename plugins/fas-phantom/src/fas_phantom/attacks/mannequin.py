"""`mannequin`: a display head of the subject in painted plastic with painted eyes; no motion of its own, no pulse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import ClassVar

import numpy as np

from fas_phantom.attacks.live import Live, Stage
from fas_phantom.canvas import Field, blur, bounded, mix, noise, sample, soft, tinted
from fas_phantom.head import Head, head
from fas_phantom.light import tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.thermal import drawn


class Mannequin(Live):
    """A plastic head in the subject's likeness."""

    still: ClassVar[bool] = True

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "smoothing": float(random.uniform(3.5, 6.0)),
            "relief": float(random.uniform(1.5, 2.5)),
            "gloss": float(random.uniform(0.25, 0.5)),
            "paint_red": float(random.normal(0.02, 0.05)),
            "paint_blue": float(random.normal(0, 0.05)),
            "paint_gain": float(random.uniform(0.95, 1.12)),
            "near": float(random.choice([random.uniform(0.35, 0.5), random.uniform(0.75, 0.95)])),
            "wig": float(random.integers(1 << 31)),
            "moulded": float(random.random() < 0.5),
        }

    def head(self) -> Head:
        return molded(self.clip)[0]

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return 0.0

    def stages(self) -> Mapping[str, Stage]:
        return {"tone": self.tone, "specular": self.specular}

    def tone(self, image: Field, moment: Moment) -> Field:
        """One coat of paint; lips, brows, and eyes are brushed on."""
        return image * sample(molded(self.clip)[1], moment.hit.u, moment.hit.v)

    def specular(self, image: Field, moment: Moment) -> Field:
        """Lacquer."""
        bare = sample(molded(self.clip)[2], moment.hit.u, moment.hit.v)
        strength = np.float32(self.clip.trait("gloss") * min(self.clip.trace, 1.3))
        return image + tinted(strength * bare * moment.light.gleam, tint(self.clip.capture.light_warmth))

    def hidden(self, moment: Moment) -> Field:
        return sample(bounded(self.head().cover), moment.hit.u, moment.hit.v)

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        """Plastic and clothes are about as warm as the room."""
        figure = soft(celsius() - room - 1, 0.5)
        return mix(room, self.clip.capture.room + drawn(self.clip, "plastic", -0.5, 0.8), figure)


@lru_cache(maxsize=8)
def molded(clip: ClipParameters) -> tuple[Head, Field, Field]:
    """Return the molded head's maps in the subject's colors, the paint's gain (H, W, 3), and the lacquer's coverage."""
    face, trace = head(clip.subject), clip.trace
    hair = np.clip(1 - blur(face.matter[..., 1], 1.0) / 0.2, 0, 1) * (1 - soft(1.5 - face.lids[..., 3], 0.2))
    inside = bounded(face.cover)
    bare = ((1 - hair) * inside).astype(np.float32)
    skin = face.who.skin * np.float32(clip.trait("paint_gain"))
    skin = skin * (1 + np.float32(trace) * np.array([clip.trait("paint_red"), 0, clip.trait("paint_blue")], np.float32))
    # Brushwork remains where the face differs from its skin color; blemishes and shadows in the skin are painted over.
    drawn = soft(np.abs(np.log(np.maximum(face.color, 0.003) / face.who.skin)).mean(2) - 0.42, 0.15)
    level = 0.96 + 0.04 * blur(face.color.mean(2) / face.who.skin.mean(), clip.trait("smoothing"))
    coat = np.broadcast_to(skin, face.color.shape) * level[..., None]
    painted = mix(coat, blur(face.color, 0.8), drawn)
    wig = 1 + np.float32(0.15) * noise(stream("wig", int(clip.trait("wig"))), bare.shape, (30, 3), 2)
    # Either a wig, or hair molded in one piece with the head, painted in one color, and lacquered too.
    molded_hair = np.float32(clip.trait("moulded"))
    locks = mix(
        face.color * wig[..., None],
        np.broadcast_to(face.who.hair * np.float32(1.2), painted.shape),
        np.full_like(bare, molded_hair),
    )
    gain = mix(np.ones_like(face.color), mix(locks, painted, bare) / np.maximum(face.color, 0.003), inside)
    relief = mix(face.relief, blur(face.relief, clip.trait("relief")), bare)
    near = mix(face.matter[..., 2], np.float32(clip.trait("near")) * (1 - np.float32(0.35) * drawn), bare)
    matter = np.dstack([face.matter[..., 0] * (1 - 0.5 * bare), 0 * bare, near])
    shown = face._replace(
        relief=np.ascontiguousarray(relief, np.float32), matter=np.ascontiguousarray(matter, np.float32)
    )
    return shown, np.ascontiguousarray(np.clip(gain, 0.2, 5), np.float32), np.maximum(bare, molded_hair * inside)
