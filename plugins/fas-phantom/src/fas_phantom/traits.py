"""The traits of a person, drawn from the person's seed. Lengths are in meters or relative to the average adult."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fas_phantom.parameters import Person
from fas_phantom.streams import stream

EYE_SPACING, BROW_HEIGHT = 0.0325, -0.0215
SUBNASALE, MOUTH, CHIN, CROWN = 0.046, 0.0685, 0.115, -0.118
"""Heights on the midline of the average face, downward from the line of the eyes."""

SKIN_TONES = np.array(
    [
        [0.82, 0.58, 0.47],
        [0.74, 0.50, 0.375],
        [0.62, 0.39, 0.27],
        [0.46, 0.27, 0.17],
        [0.29, 0.16, 0.095],
        [0.165, 0.088, 0.055],
    ],
    np.float32,
)
"""Linear reflectance of Fitzpatrick types 1 to 6."""
HAIR_TONES = np.array(
    [[0.42, 0.30, 0.15], [0.20, 0.11, 0.05], [0.09, 0.045, 0.022], [0.03, 0.02, 0.014], [0.35, 0.34, 0.33]], np.float32
)
IRIS_TONES = np.array([[0.13, 0.22, 0.34], [0.13, 0.20, 0.13], [0.15, 0.08, 0.035], [0.07, 0.035, 0.018]], np.float32)
HAIR_BY_TONE = (
    (0.45, 0.25, 0.1, 0.1, 0.1),
    (0.25, 0.35, 0.2, 0.1, 0.1),
    (0.05, 0.25, 0.4, 0.2, 0.1),
    (0, 0.05, 0.35, 0.5, 0.1),
    (0, 0, 0.2, 0.7, 0.1),
    (0, 0, 0.1, 0.8, 0.1),
)
IRIS_BY_TONE = (
    (0.5, 0.3, 0.2, 0),
    (0.4, 0.3, 0.3, 0),
    (0.1, 0.2, 0.5, 0.2),
    (0, 0.05, 0.45, 0.5),
    (0, 0, 0.2, 0.8),
    (0, 0, 0.1, 0.9),
)


class Traits(NamedTuple):
    """One person. Plain numbers are factors of the average; colors are linear RGB (3,) float32."""

    width: float
    length: float
    jaw: float
    cheeks: float
    eyes: float
    eye_spacing: float
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_width: float
    lips: float
    chin: float
    brow: float
    brow_tilt: float
    hairline: float
    hair_volume: float
    hair_length: int
    beard: float
    beard_style: int
    freckles: float
    grain: float
    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray


@lru_cache(maxsize=1024)
def traits(person: Person) -> Traits:
    """Return the traits of a person, a function of seed and tone.

    `hair_length`: 0 bald, 1 short, 2 medium, 3 long. `beard` is its density. `beard_style`: 0 full, 1 mustache, 2 chin,
    3 both.
    """
    random = stream("traits", person.seed)

    def factor(deviation: float) -> float:
        return float(np.clip(random.normal(1, deviation), 1 - 2 * deviation, 1 + 2 * deviation))

    row = person.tone - 1
    skin = (
        SKIN_TONES[row]
        * np.float32(random.uniform(0.9, 1.1))
        * (1 + np.float32(random.normal(0, 0.03)) * np.array([-1, 0.3, 0.7], np.float32))
    )
    length = int(random.choice(4, p=(0.1, 0.42, 0.22, 0.26)))
    beard = float(random.uniform(0.25, 0.9)) if length < 3 and random.random() < 0.35 else 0.0
    style = int(stream("beard", person.seed).choice(4, p=(0.55, 0.15, 0.12, 0.18)))
    return Traits(
        width=factor(0.045),
        length=factor(0.04),
        jaw=factor(0.07),
        cheeks=factor(0.3),
        eyes=factor(0.07),
        eye_spacing=factor(0.04),
        nose_length=factor(0.06),
        nose_width=factor(0.12),
        nose_height=factor(0.12),
        mouth_width=factor(0.07),
        lips=factor(0.2),
        chin=factor(0.3),
        brow=factor(0.25),
        brow_tilt=float(random.normal(0, 0.1)),
        hairline=factor(0.06),
        hair_volume=factor(0.3),
        hair_length=length,
        beard=beard,
        beard_style=style,
        freckles=float(random.uniform(0, 1) ** 3),
        grain=factor(0.3),
        skin=skin.astype(np.float32),
        hair=HAIR_TONES[random.choice(5, p=HAIR_BY_TONE[row])] * np.float32(random.uniform(0.8, 1.25)),
        iris=IRIS_TONES[random.choice(4, p=IRIS_BY_TONE[row])] * np.float32(random.uniform(0.8, 1.2)),
    )
