"""The head as a height field over the frontal plane: skull, brows, eye sockets, nose, lips, chin, hair."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from fas_phantom.canvas import Field, blur, bump, mix, noise, pair, soft
from fas_phantom.streams import stream
from fas_phantom.traits import BROW_HEIGHT, CHIN, CROWN, EYE_SPACING, MOUTH, SUBNASALE, Traits

PITCH = 0.001
"""Distance between the points of the field, in meters."""
LEFT, TOP, COLUMNS, ROWS = -0.128, -0.168, 257, 325
EDGE = 0.0012
RIM = 0.45
"""Depth at the outline as a share of that at the midline."""

_OUTLINE = PchipInterpolator(
    [CROWN, -0.1165, -0.111, -0.099, -0.075, -0.045, -0.01, 0.02, 0.05, 0.075, 0.095, 0.107, 0.1135, CHIN],
    [0, 0.016, 0.033, 0.051, 0.066, 0.0735, 0.0745, 0.0725, 0.066, 0.0565, 0.042, 0.0275, 0.013, 0],
    extrapolate=False,
)
_PROFILE = PchipInterpolator(
    [CROWN, -0.112, -0.1, -0.08, -0.055, -0.025, 0.0, 0.03, 0.06, 0.09, 0.105, CHIN],
    [0.03, 0.045, 0.06, 0.078, 0.090, 0.096, 0.092, 0.092, 0.092, 0.088, 0.08, 0.062],
    extrapolate=False,
)


class Surface(NamedTuple):
    """Fields (ROWS, COLUMNS) float32.

    `z` is the relief in meters toward the camera, `features` the part of it that belongs to the features of the bare
    face; `head` and `hair` are coverages in [0, 1].
    """

    z: Field
    features: Field
    head: Field
    hair: Field


@lru_cache(maxsize=1)
def grid() -> tuple[Field, Field]:
    """(x, y) of every point of the field in meters: x to the right of the image, y down, 0 between the eyes."""
    x = LEFT + PITCH * np.arange(COLUMNS, dtype=np.float32)
    y = TOP + PITCH * np.arange(ROWS, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(x, (ROWS, COLUMNS))), np.ascontiguousarray(
        np.broadcast_to(y[:, None], (ROWS, COLUMNS))
    )


def outline(who: Traits, y: np.ndarray) -> np.ndarray:
    """Half-width of the head in meters at heights y; negative beyond crown and chin."""
    level = np.asarray(y, np.float64) / who.length
    half = np.nan_to_num(_OUTLINE(level), nan=-0.01) * who.width
    jaw = 1 + (who.jaw - 1) * np.clip((level - 0.02) / 0.05, 0, 1)
    return (half * jaw).astype(np.float32)


def surface(who: Traits, seed: int) -> Surface:
    """Return the relief of a person, with hair."""
    x, y = grid()
    half = outline(who, y[:, 0])[:, None]
    profile = _PROFILE(np.clip(y[:, :1].astype(np.float64) / who.length, CROWN, CHIN)).astype(np.float32)
    across = np.clip(np.abs(x) / np.maximum(half, 1e-3), 0, 1)
    skull = profile * (RIM + (1 - RIM) * np.sqrt(1 - across**2.5))
    ears = _ears(who, x, y)
    head = np.maximum(soft(half - np.abs(x), EDGE), ears)
    features = _features(who, x, y) * soft(half - np.abs(x) - 0.004, 0.008)
    hair, volume = _hair(who, x, y, half, stream("hair", seed))
    wide = np.maximum(half, np.where(y < 0.02, 0, 0.05 * who.width)) + 0.022
    shell = np.sqrt(np.clip(1 - np.abs(x / wide) ** 2.2, 0, 1)) * np.clip(profile, 0.04, 0.085)
    combed = blur(np.maximum(skull * 0.97, shell * 0.9), 5) + volume * 0.5
    z = mix(skull + features, combed, blur(hair, 5))
    return Surface(z.astype(np.float32), features, np.maximum(head, hair), hair)


def _ears(who: Traits, x: Field, y: Field) -> Field:
    center = 0.0735 * who.width
    inside = 1 - np.sqrt(
        ((np.abs(x) - center) / 0.0105) ** 2 + ((y - 0.016 - 0.25 * (center - np.abs(x))) / 0.029) ** 2
    )
    return soft(inside * 0.01, EDGE)


def _features(who: Traits, x: Field, y: Field) -> Field:
    """Relief of the face above the skull, in meters."""
    x, y = x / who.width, y / who.length
    eye = EYE_SPACING * who.eye_spacing
    socket = -0.0105 * pair(x, y, eye - 0.002, -0.003, 0.014, 0.0085) + 0.0052 * pair(x, y, eye, 0.0005, 0.0095, 0.0062)
    brow = 0.0042 * pair(x, y, 0.026, BROW_HEIGHT, 0.017, 0.0055)
    cheek = 0.0045 * who.cheeks * pair(x, y, 0.046, 0.026, 0.017, 0.014) - 0.003 * pair(
        x, y, 0.045, 0.062, 0.014, 0.018
    )
    fold = -0.0015 * pair(x, y, 0.026, 0.053, 0.004, 0.012)
    lips = 0.0048 * who.lips * bump(x, y, 0, MOUTH - 0.0055, 0.017, 0.0035) + 0.006 * who.lips * bump(
        x, y, 0, MOUTH + 0.006, 0.0155, 0.0042
    )
    lips = (
        lips
        + 0.005 * bump(x, y, 0, MOUTH, 0.026, 0.014)
        - 0.002 * bump(x, y, 0, MOUTH, 0.014 * who.mouth_width, 0.0011)
    )
    chin = -0.0035 * bump(x, y, 0, 0.0855, 0.02, 0.004) + 0.006 * who.chin * bump(x, y, 0, 0.1, 0.016, 0.009)
    philtrum = -0.0014 * bump(x, y, 0, 0.055, 0.0028, 0.005)
    return socket + brow + cheek + fold + lips + chin + philtrum + _nose(who, x, y)


def _nose(who: Traits, x: Field, y: Field) -> Field:
    """A ridge that rises from the nasion to the tip and falls off steeply below it, and two wings."""
    tip = SUBNASALE * who.nose_length - 0.006
    along = np.clip((y + 0.008) / (tip + 0.008), 0, 1)
    below = np.exp(-0.5 * (np.clip(y - tip, 0, None) / 0.0042) ** 2)
    wide = (0.0052 + 0.0052 * along**2) * who.nose_width
    ridge = 0.0235 * who.nose_height * along**1.25 * below * np.exp(-0.5 * (x / wide) ** 2) * soft(y + 0.01, 0.012)
    tip_ball = 0.004 * bump(x, y, 0, tip - 0.001, 0.008 * who.nose_width, 0.006)
    wings = 0.0088 * pair(x, y, 0.0135 * who.nose_width, tip + 0.0015, 0.0048, 0.0052)
    return ridge + tip_ball + wings


def _hair(who: Traits, x: Field, y: Field, half: Field, random: np.random.Generator) -> tuple[Field, float]:
    """Coverage of the hair (outside the face opening, inside an enlarged outline), and its thickness in meters."""
    if who.hair_length == 0:
        return np.zeros_like(x), 0.0
    volume = 0.011 * who.hair_volume * (0.7, 1.0, 1.35)[who.hair_length - 1]
    strands = noise(random, x.shape, (14, 5), 2) * 0.0022
    crown = np.sqrt(
        ((x / (0.0745 * who.width + volume)) ** 2 + ((y + 0.035) / (0.083 * who.length + volume * 1.3)) ** 2).clip(1e-6)
    )
    inside = (1 - crown) * 0.08
    end = (0.012, 0.062, 0.2)[who.hair_length - 1]
    fall = np.minimum(0.0745 * who.width + volume + 0.006 * np.sin(np.clip(y, 0, 0.15) * 30) - np.abs(x), end - y)
    inside = np.where(y < -0.035, inside, fall) + strands * 0.6
    parting = random.uniform(-0.02, 0.02)
    top = 0.081 * who.length * who.hairline - 0.006 * np.cos((x - parting) * 70)
    wide = (0.0695, 0.066, 0.0615)[who.hair_length - 1] * who.width
    arch = 1 - np.sqrt(np.abs(x / wide) ** 2.6 + np.abs(y / top) ** 2.6)
    opening = np.where(y < 0, arch, 1 - np.abs(x) / wide) * 0.07
    return soft(inside, 0.002) * soft(-(opening + strands), 0.0025), volume
