"""`makeup.obfuscation`: theatrical makeup that hides identity: greasepaint, painted contours, colors, and wrinkles."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fas_phantom.attacks.makeup import Coat, MakeUp, bare, lips, upper_lids
from fas_phantom.canvas import Field, blur, bump, noise, pair, soft
from fas_phantom.head import head
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.streams import stream
from fas_phantom.traits import BROW_HEIGHT, MOUTH

PAINTS = np.array(
    [[0.62, 0.6, 0.57], [0.5, 0.47, 0.36], [0.42, 0.33, 0.27], [0.33, 0.38, 0.3], [0.55, 0.4, 0.33]], np.float32
)
"""Greasepaint: white, sallow, ashen, greenish, and doll-like."""
ACCENTS = np.array(
    [[0.3, 0.02, 0.03], [0.03, 0.04, 0.22], [0.16, 0.03, 0.2], [0.02, 0.02, 0.02], [0.03, 0.16, 0.07]], np.float32
)


class Obfuscation(MakeUp):
    """The subject behind a painted face."""

    layers: ClassVar[tuple[str, ...]] = ("base", "contour", "wrinkles", "colours")

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "paint": float(random.integers(len(PAINTS))),
            "accent": float(random.integers(len(ACCENTS))),
            "strokes": float(random.integers(1 << 31)),
            "base": float(random.uniform(0.5, 0.8)),
            "contour": float(random.uniform(0.4, 0.75)),
            "wrinkles": float(random.uniform(0.35, 0.75)),
            "colours": float(random.uniform(0.5, 0.85)),
            "smile": float(random.uniform(0.0, 0.016)),
        }

    def opacity(self) -> float:
        return 0.6 * self.clip.trait("base")

    def coats(self) -> dict[str, Coat]:
        clip, face, (x, y) = self.clip, head(self.clip.subject), grid()
        # Greasepaint is thin, so it looks darker on dark skin.
        paint = PAINTS[int(clip.trait("paint"))] * np.float32((float(face.who.skin.mean()) / 0.5) ** 0.4)
        accent = ACCENTS[int(clip.trait("accent"))]
        streaks = 1 + 0.08 * noise(stream("greasepaint", int(clip.trait("strokes"))), x.shape, (24, 9), 2)
        form = np.clip(blur(face.color.mean(2), 1.5) / face.who.skin.mean(), 0.5, 1.1)
        brows = pair(x, y, 0.031, BROW_HEIGHT * face.who.length, 0.021, 0.005)
        skin = np.maximum(bare(face), 0.85 * brows)
        return {
            "base": (paint * (form * streaks)[..., None], clip.trait("base") * skin),
            "contour": (paint * np.array([0.25, 0.2, 0.19], np.float32), clip.trait("contour") * hollows(x, y)),
            "wrinkles": (
                paint * np.array([0.2, 0.13, 0.11], np.float32),
                clip.trait("wrinkles") * furrows(x, y, clip.trait("strokes") % 97 / 97),
            ),
            "colours": (
                accent,
                clip.trait("colours") * np.maximum(upper_lids(face, x, y), self._mouth(x, y)) + 0.8 * arched(x, y),
            ),
        }

    def _mouth(self, x: Field, y: Field) -> Field:
        """The lips, and a painted smile beyond their corners."""
        who, longer = head(self.clip.subject).who, self.clip.trait("smile")
        beyond = np.abs(x) - 0.024 * who.mouth_width * who.width
        level = y - MOUTH * who.length + 0.55 * np.clip(beyond, 0, None)
        wings = soft(0.0028 * (1 - beyond / max(longer, 1e-3)) - np.abs(level), 0.0009) * soft(
            np.minimum(beyond + 0.004, longer - beyond), 0.001
        )
        return np.maximum(lips(who, x, y), wings)


def hollows(x: Field, y: Field) -> Field:
    """Painted shadow under the cheekbones, at the temples, beside the nose, and in the eye sockets."""
    cheek = bump(np.abs(x) - 0.045, y - 0.052 + 0.55 * (np.abs(x) - 0.045), 0, 0, 0.014, 0.006)
    nose = pair(x, y, 0.0115, 0.02, 0.0022, 0.016)
    sockets = pair(x, y, 0.031, 0.012, 0.016, 0.005) + 0.6 * pair(x, y, 0.016, -0.006, 0.005, 0.007)
    return np.clip(cheek + pair(x, y, 0.062, -0.03, 0.008, 0.015) + nose + 0.75 * sockets, 0, 1)


def furrows(x: Field, y: Field, turn: float) -> Field:
    """Painted wrinkles: on the forehead, between the brows, from nose to mouth, at the eyes, and below the mouth."""
    wave = 0.002 * np.sin(x * 75 + 6 * turn)
    brow = sum(bump(x * 0.55, y + wave, 0, level, 0.025, 0.0009) for level in (-0.062, -0.052, -0.043))
    frown = pair(x, y, 0.0055, -0.02, 0.0008, 0.007)
    fold = np.exp(-(((np.abs(x) - 0.018 - 0.55 * np.clip(y - 0.036, 0, None)) / 0.0012) ** 2)) * soft(
        np.minimum(y - 0.036, 0.074 - y), 0.004
    )
    feet = sum(pair(x, y + lean * (np.abs(x) - 0.055), 0.058, 0.003, 0.006, 0.0008) for lean in (-0.5, 0.0, 0.5))
    down = np.exp(-(((np.abs(x) - 0.027 - 0.15 * (y - 0.075)) / 0.001) ** 2)) * soft(
        np.minimum(y - 0.073, 0.092 - y), 0.003
    )
    return np.clip(brow + frown + fold + feet + down, 0, 1)


def arched(x: Field, y: Field) -> Field:
    """Thin brows painted high above the subject's own."""
    along = (np.abs(x) - 0.013) / 0.042
    line = BROW_HEIGHT - 0.008 - 0.008 * np.sin(np.clip(along, 0, 1) * 2.4)
    return soft(0.0014 - np.abs(y - line), 0.0009) * soft(np.minimum(along, 1 - along) * 0.042, 0.003)
