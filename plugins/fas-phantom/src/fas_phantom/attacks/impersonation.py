"""`makeup.impersonation`: makeup with the tone, contour, brows, and lips of someone else on the subject's face."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fas_phantom.attacks.makeup import Coat, MakeUp, bare, lips
from fas_phantom.canvas import Field, blur, mix, sample, soft
from fas_phantom.head import Head, head, pixels
from fas_phantom.light import normals
from fas_phantom.parameters import Person
from fas_phantom.relief import PITCH, grid
from fas_phantom.sites import Site
from fas_phantom.traits import BROW_HEIGHT


class Impersonation(MakeUp):
    """The subject made up as someone who is not in the dataset and is at most one Fitzpatrick type away."""

    layers: ClassVar[tuple[str, ...]] = ("tone", "contour", "brows", "lips")

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            "target": float(random.integers(1 << 31)),
            "step": float(random.choice([-1, 1])),
            "tone": float(random.uniform(0.55, 0.85)),
            "contour": float(random.uniform(0.6, 1.0)),
            "brows": float(random.uniform(0.75, 0.95)),
            "lips": float(random.uniform(0.7, 0.95)),
        }

    def opacity(self) -> float:
        return 0.5 * self.clip.trait("tone")

    def target(self) -> Head:
        """The impersonated person."""
        tone = int(np.clip(self.clip.subject.tone + self.clip.trait("step"), 1, 6))
        return head(Person("target", int(self.clip.trait("target")), tone))

    def coats(self) -> dict[str, Coat]:
        clip, face, other, (x, y) = self.clip, head(self.clip.subject), self.target(), grid()
        aim = sample(other.color, *pixels(*aligned(face, other, x, y)))
        even = blur(face.color, 3.0) * (other.who.skin / face.who.skin)
        form = np.clip(relative_shade(face, other, x, y), 0.45, 1.6)
        own_brow, their_brow = brows(face, face, x, y), brows(face, other, x, y)
        powder = mix(even, aim, their_brow)
        return {
            "tone": (even, clip.trait("tone") * np.maximum(bare(face), 0.9 * own_brow)),
            "contour": (
                even * form[..., None],
                clip.trait("contour") * bare(face) * np.clip(2.5 * np.abs(form - 1), 0, 1),
            ),
            "brows": (powder, clip.trait("brows") * np.maximum(own_brow, their_brow)),
            "lips": (painted_lips(face, other), clip.trait("lips") * target_lips(face, other, x, y)),
        }


def aligned(face: Head, other: Head, x: Field, y: Field) -> tuple[Field, Field]:
    """Map each point of this face to the other face: eyes to eyes, mouth to mouth."""
    mine, theirs = face.who, other.who
    across = theirs.eye_spacing * theirs.width / (mine.eye_spacing * mine.width)
    return x * np.float32(across), y * np.float32(theirs.length / mine.length)


def relative_shade(face: Head, other: Head, x: Field, y: Field) -> Field:
    """Return the gain that makes this relief look like the other one under light from above."""

    def shade(shown: Head) -> Field:
        _, ny, nz = normals(blur(shown.relief, 2.0), 1 / PITCH)
        return (np.float32(0.25) + np.float32(0.75) * nz - np.float32(0.25) * ny).astype(np.float32)

    theirs = sample(shade(other), *pixels(*aligned(face, other, x, y)))
    return ((theirs / np.maximum(shade(face), 0.2)) ** np.float32(1.6)).astype(np.float32)


def brows(face: Head, whose: Head, x: Field, y: Field) -> Field:
    """Coverage of another person's brows as they lie on this face."""
    who, place = whose.who, aligned(face, whose, x, y)
    along = (np.abs(place[0]) / who.width - 0.012) / 0.04
    rise = 0.0055 * np.sin(np.clip(along, 0, 1) * 2.2) * (1 + who.brow_tilt) - who.brow_tilt * 0.004 * along
    center = (BROW_HEIGHT - 0.001) * who.length - rise
    thick = 0.0046 * who.brow * np.clip(1.25 - along * 0.75, 0.2, 1.2)
    return soft(thick - np.abs(place[1] - center), 0.0014) * soft(np.minimum(along, 1.02 - along) * 0.04, 0.003)


def target_lips(face: Head, other: Head, x: Field, y: Field) -> Field:
    """Coverage of the other person's lips, and of the subject's own lips beyond them."""
    return np.maximum(lips(other.who, *aligned(face, other, x, y)), lips(face.who, x, y))


def painted_lips(face: Head, other: Head) -> Field:
    """The color of the other person's lips inside their shape, and of powder around them."""
    x, y = grid()
    red = other.who.skin * np.array([0.78, 0.36, 0.38], np.float32) + np.array([0.03, 0.0, 0.006], np.float32)
    return mix(np.broadcast_to(other.who.skin, (*x.shape, 3)), red, lips(other.who, *aligned(face, other, x, y)))
