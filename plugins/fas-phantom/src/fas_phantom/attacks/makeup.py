"""Pigment on the subject's face, visible in RGB and not in depth.

`makeup.cosmetic`: foundation, lipstick, eye shadow with liner, and blush.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar, TypeAlias

import numpy as np

from fas_phantom.attacks.live import Live, Stage
from fas_phantom.canvas import Field, blur, bounded, mix, pair, sample, soft
from fas_phantom.head import Head, head
from fas_phantom.moments import Moment
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.traits import EYE_SPACING, MOUTH, Traits

LIPSTICKS = np.array([[0.42, 0.02, 0.035], [0.5, 0.06, 0.14], [0.22, 0.012, 0.04], [0.55, 0.13, 0.12]], np.float32)
SHADOWS = np.array(
    [[0.10, 0.05, 0.14], [0.05, 0.10, 0.20], [0.09, 0.045, 0.03], [0.06, 0.06, 0.065], [0.05, 0.15, 0.12]], np.float32
)


Coat: TypeAlias = tuple[Field, Field]
"""Pigment as linear reflectance (3,) or (H, W, 3), and its coverage of the face (H, W)."""


class MakeUp(Live):
    """The subject, made up in layers; each layer is a stage."""

    layers: ClassVar[tuple[str, ...]]

    def coats(self) -> dict[str, Coat]:
        """The layers in order."""
        raise NotImplementedError

    def opacity(self) -> float:
        """Share of the pulse that makeup hides on the covered skin."""
        raise NotImplementedError

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return wave * (1 - self.opacity())

    def stages(self) -> Mapping[str, Stage]:
        def layer(name: str) -> Stage:
            return lambda image, moment: image * sample(self._gains[name], moment.hit.u, moment.hit.v)

        return {name: layer(name) for name in self.layers}

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        """A coat of powder or grease is nearly as warm as the skin beneath it."""
        coat = sample(bare(head(self.clip.subject)), moment.hit.u, moment.hit.v)
        return celsius() - np.float32(0.3 * self.opacity()) * coat

    @cached_property
    def _gains(self) -> dict[str, Field]:
        """Gain (H, W, 3) of each layer relative to the skin and the layers beneath it."""
        face, share = head(self.clip.subject), min(self.clip.trace, 1.4)
        color, gains, inside = face.color, {}, bounded(face.cover)
        for name, (pigment, cover) in self.coats().items():
            weight = np.clip(np.float32(share) * cover * inside, 0, 0.95).astype(np.float32)
            coated = mix(color, np.broadcast_to(pigment, color.shape), weight)
            gains[name] = np.ascontiguousarray(coated / np.maximum(color, 0.003), np.float32)
            color = coated
        return gains


class Cosmetics(MakeUp):
    """The subject in makeup for an evening out."""

    layers: ClassVar[tuple[str, ...]] = ("foundation", "blush", "shadow", "liner", "lipstick")

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "lipstick": float(random.integers(len(LIPSTICKS))),
            "shadow": float(random.integers(len(SHADOWS))),
            "lips": float(random.uniform(0.6, 0.9)),
            "lids": float(random.uniform(0.45, 0.75)),
            "liner": float(random.uniform(0.5, 0.9)),
            "blush": float(random.uniform(0.25, 0.6)),
            "foundation": float(random.uniform(0.4, 0.8)),
            "lighter": float(random.uniform(0.0, 0.12)),
        }

    def opacity(self) -> float:
        return 0.4 * self.clip.trait("foundation")

    def coats(self) -> dict[str, Coat]:
        clip, face, (x, y) = self.clip, head(self.clip.subject), grid()
        who, lipstick = face.who, LIPSTICKS[int(clip.trait("lipstick"))]
        even = blur(face.color, 3.5) * np.float32(1 + clip.trait("lighter") * min(clip.trace, 1.4))
        return {
            "foundation": (even, clip.trait("foundation") * bare(face)),
            "blush": (
                who.skin * np.array([1.05, 0.5, 0.55], np.float32),
                clip.trait("blush") * pair(x, y, 0.047, 0.028, 0.014, 0.009),
            ),
            "shadow": (SHADOWS[int(clip.trait("shadow"))], clip.trait("lids") * upper_lids(face, x, y)),
            "liner": (np.full(3, 0.008, np.float32), clip.trait("liner") * liner(who, x, y)),
            "lipstick": (lipstick * (0.45 + 0.55 * who.skin.max()), clip.trait("lips") * lips(who, x, y)),
        }


def bare(face: Head) -> Field:
    """Coverage of the skin that foundation goes on: no hair, brows, eyes, or lips."""
    skin = soft(face.matter[..., 1] - 0.55, 0.15) * soft(np.abs(face.lids[..., 3] - 0.5) - 0.9, 0.2)
    return blur(skin * (1 - lips(face.who, *grid())), 1.0)


def lips(who: Traits, x: Field, y: Field) -> Field:
    """Coverage of the lips."""
    wide, level = 0.0262 * who.mouth_width * who.width, y - MOUTH * who.length
    arch = np.clip(1 - (x / wide) ** 2, 0, 1)
    return soft(np.minimum(level + 0.008 * who.lips * arch**0.8, 0.0102 * who.lips * arch**0.7 - level), 0.0013) * soft(
        wide - np.abs(x), 0.0015
    )


def upper_lids(face: Head, x: Field, y: Field) -> Field:
    """Coverage of the upper lid up to just below the brow, fading upward and outward."""
    who = face.who
    across = (np.abs(x) - (EYE_SPACING * who.eye_spacing * who.width + 0.003)) / 0.019
    above = np.exp(-((np.clip(-y - 0.005, 0, None) / 0.006) ** 2)) * soft(-y - 0.0015 - 0.002 * across, 0.002)
    open_eye = soft(np.minimum(face.lids[..., 3], 1 - face.lids[..., 3]) + 0.05, 0.15)
    return above * soft(1 - np.abs(across), 0.25) * (1 - open_eye)


def liner(who: Traits, x: Field, y: Field) -> Field:
    """Coverage of a dark line along the upper lashes, beyond the corner of the eye, and of a thinner one below."""
    across = (np.abs(x) - EYE_SPACING * who.eye_spacing * who.width) / (0.0158 * who.eyes)
    arch = np.clip(1 - across**2, 0, 1)
    wing = np.clip(across - 0.85, 0, None)
    upper = y + 0.0012 * across + 0.0066 * who.eyes * arch**0.75 + 0.006 * wing
    lower = y + 0.0012 * across - 0.0046 * who.eyes * arch**0.9
    line = soft(0.0013 - np.abs(upper), 0.0008) * soft(np.minimum(1.3 - across, across + 0.95), 0.08)
    return np.maximum(line, 0.6 * soft(0.0006 - np.abs(lower), 0.0007) * soft(1 - np.abs(across), 0.1))
