"""The head of a person as maps over the frontal plane: relief, color, near infrared, gloss, pulse, lids."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fas_phantom.canvas import Field, blur, bump, mix, noise, pair, soft
from fas_phantom.parameters import Person
from fas_phantom.relief import LEFT, PITCH, TOP, Surface, grid, surface
from fas_phantom.streams import stream
from fas_phantom.traits import BROW_HEIGHT, EYE_SPACING, MOUTH, SUBNASALE, Traits, traits

LASHES = np.array([0.02, 0.015, 0.012], np.float32)
SCLERA = np.array([0.47, 0.42, 0.40], np.float32)


class Head(NamedTuple):
    """Maps of one head, float32, with the layout of `relief.grid`.

    `relief` (H, W) is in meters, `cover` (H, W) in [0, 1], and `color` (H, W, 3) linear reflectance. `matter` (H, W, 3)
    holds gloss, pulse amplitude (1 on average over the skin), and near-infrared reflectance. `lids` (H, W, 4) holds the
    color of the closed eye, and the position of a point in the aperture (0 upper lid, 1 lower lid, 2 outside).
    """

    who: Traits
    relief: Field
    cover: Field
    color: Field
    matter: Field
    lids: Field


@lru_cache(maxsize=24)
def head(person: Person) -> Head:
    """Return the head of a person; the last 24 stay in memory."""
    who = traits(person)
    x, y = grid()
    shape = surface(who, person.seed)
    random = stream("skin", person.seed)
    skin = _skin(who, x, y, random)
    lids, aperture = _aperture(who, x, y)
    color = _bearded(who, mix(skin, _lips(who), _lip_mask(who, x, y)), x, y, random)
    closed = mix(color, LASHES, _shut_line(who, x, y))
    color = mix(mix(color, _eyes(who, x, y, lids), aperture), LASHES, _lashes(who, x, y))
    brows = _brows(who, x, y, random)
    color, closed = mix(color, who.hair * 0.8, brows), mix(closed, who.hair * 0.8, brows)
    streaks = 1 + 0.28 * noise(random, x.shape, (60, 3.5), 2) + 0.1 * noise(random, x.shape, (20, 20))
    color = mix(color, (who.hair * np.clip(streaks, 0.3, 2)[..., None]).astype(np.float32), shape.hair)
    shade = _cavities(shape, x, y)[..., None]
    return Head(
        who,
        shape.z,
        shape.head.astype(np.float32),
        (color * shade).astype(np.float32),
        _matter(who, shape, x, y, aperture, brows, shade[..., 0], _vessels(x, y, stream("vessels", person.seed))),
        np.dstack([closed * shade, lids]).astype(np.float32),
    )


def _skin(who: Traits, x: Field, y: Field, random: np.random.Generator) -> Field:
    """Skin reflectance: blood in cheeks, nose, and ears, melanin around the eyes, freckles, and grain."""
    blood = (
        pair(x, y, 0.043, 0.035, 0.02, 0.018)
        + 0.7 * bump(x, y, 0, 0.036, 0.014, 0.012)
        + 0.5 * soft(np.abs(x) - 0.07, 0.006)
    )
    melanin = (
        0.8 * pair(x, y, 0.032, 0.012, 0.017, 0.008)
        + 0.35 * pair(x, y, 0.032, -0.008, 0.016, 0.006)
        - 0.25 * bump(x, y, 0, -0.05, 0.04, 0.02)
    )
    melanin = melanin + 0.22 * noise(random, x.shape, (28, 28), 3)
    spots = np.clip(blur(random.standard_normal(x.shape, np.float32), 1.3) * 4.6 - 2.2, 0, 1) * bump(
        x, y, 0, 0.02, 0.045, 0.02
    )
    grain = 1 + 0.028 * who.grain * noise(random, x.shape, (5, 5), 3)
    red = np.array([-0.02, -0.2, -0.17], np.float32) * (0.6 + 0.5 * who.skin[0])
    brown = np.array([-0.16, -0.22, -0.24], np.float32)
    tone = 1 + blood[..., None] * red + (melanin + who.freckles * 1.2 * spots)[..., None] * brown
    return (who.skin * np.clip(tone, 0.3, 1.3) * grain[..., None]).astype(np.float32)


def _lips(who: Traits) -> np.ndarray:
    return (who.skin * np.array([0.74, 0.44, 0.46], np.float32) + np.array([0.02, 0.0, 0.004], np.float32)).astype(
        np.float32
    )


def _lip_mask(who: Traits, x: Field, y: Field) -> Field:
    wide, level = 0.0255 * who.mouth_width * who.width, y / who.length - MOUTH
    arch = np.clip(1 - (x / wide) ** 2, 0, 1)
    upper = 0.0075 * who.lips * arch**0.8 - 0.0018 * bump(x, y * 0, 0, 0, 0.004, 1)
    lower = 0.0095 * who.lips * arch**0.7
    return soft(np.minimum(level + upper, lower - level), 0.0016) * soft(wide - np.abs(x), 0.003) * 0.85


def beard(who: Traits, x: Field, y: Field) -> Field:
    """Coverage by the beard: full (jaw and upper lip), upper lip, chin, or upper lip and chin."""
    if who.beard == 0:
        return np.zeros_like(x)
    jaw = soft(y - 0.05 - 0.35 * np.clip(0.052 - np.abs(x), -0.02, 0.02), 0.012)
    upper = soft(0.006 - np.abs(y - 0.0555 - 4 * x * x), 0.005) * soft(0.03 - np.abs(x), 0.006)
    chin = soft(0.021 - np.hypot(0.85 * x, 0.8 * (y - 0.1 * who.length)), 0.005)
    lips = soft(0.0095 - np.hypot(x * 0.34, y - MOUTH * who.length), 0.0025)
    shape = (jaw + upper, 1.15 * upper, 1.15 * chin, 1.15 * (upper + chin))[who.beard_style]
    return np.clip(shape, 0, 1) * (1 - lips) * np.float32(who.beard)


def _bearded(who: Traits, skin: Field, x: Field, y: Field, random: np.random.Generator) -> Field:
    if who.beard == 0:
        return skin
    stubble = np.clip(0.75 + 0.35 * noise(random, x.shape, (3, 2.2), 2), 0, 1.1)
    return mix(skin, who.hair * 0.9, beard(who, x, y) * stubble)


def _aperture(who: Traits, x: Field, y: Field) -> tuple[Field, Field]:
    """Position of each point in the aperture of the eye, from lid to lid, and the soft mask of the aperture."""
    across = (np.abs(x) - EYE_SPACING * who.eye_spacing * who.width) / (0.0148 * who.eyes)
    arch = np.clip(1 - across**2, 0, 1)
    level = y + 0.0012 * across
    upper, lower = 0.0064 * who.eyes * arch**0.75, 0.0044 * who.eyes * arch**0.9
    inside = soft(np.minimum(level + upper, lower - level), 0.0009) * soft(1.02 - np.abs(across), 0.05)
    open_from, open_to = np.maximum(upper, 0.0015), np.maximum(lower, 0.001)
    depth = (level + open_from) / (open_from + open_to)
    return np.where((np.abs(across) < 1.15) & (depth > -0.35), np.minimum(depth, 2), 2).astype(np.float32), inside


def _eyes(who: Traits, x: Field, y: Field, lids: Field) -> Field:
    """Eyeball: sclera, iris, pupil, a catchlight, and the shadow of the upper lid."""
    spacing = EYE_SPACING * who.eye_spacing * who.width
    radius = np.hypot(np.abs(x) - spacing, y + 0.0008)
    iris = soft(0.0062 - radius, 0.0007)
    ring = 0.55 + 0.45 * soft(0.0052 - radius, 0.0009)
    white = SCLERA * np.float32(0.55 + 0.55 * float(who.skin.max()))  # darker, browner eyes go with darker skin
    corner = 0.55 * white * np.array([1.05, 0.9, 0.85], np.float32)
    ball = mix(np.broadcast_to(white, (*x.shape, 3)).astype(np.float32), corner, soft(radius - 0.0105, 0.003))
    ball = mix(ball, (who.iris * ring[..., None]).astype(np.float32), iris)
    ball = mix(ball, 0.004, soft(0.0027 - radius, 0.0006))
    light = soft(0.0012 - np.hypot(x - np.sign(x) * spacing + 0.0016, y + 0.003), 0.0005)
    return mix(ball, 2.0 * float(white.max()), light) * (0.55 + 0.45 * np.clip(lids * 3, 0, 1))[..., None]


def _lashes(who: Traits, x: Field, y: Field) -> Field:
    across = (np.abs(x) - EYE_SPACING * who.eye_spacing * who.width) / (0.0158 * who.eyes)
    upper = y + 0.0012 * across + 0.0064 * who.eyes * np.clip(1 - across**2, 0, 1) ** 0.75
    line = soft(0.0012 - np.abs(upper + 0.0003), 0.0009) * 0.85
    crease = soft(0.0007 - np.abs(upper + 0.0042), 0.0009) * 0.25
    return (line + crease) * soft(1 - np.abs(across), 0.08)


def _shut_line(who: Traits, x: Field, y: Field) -> Field:
    """The lash line of a closed eye, on the lower lid."""
    across = (np.abs(x) - EYE_SPACING * who.eye_spacing * who.width) / (0.0158 * who.eyes)
    lower = y + 0.0012 * across - 0.0034 * who.eyes * np.clip(1 - across**2, 0, 1) ** 0.9
    return soft(0.0009 - np.abs(lower), 0.0008) * soft(1 - np.abs(across), 0.08) * 0.8


def _brows(who: Traits, x: Field, y: Field, random: np.random.Generator) -> Field:
    across = np.abs(x) / who.width
    along = (across - 0.012) / 0.04
    center = (
        (BROW_HEIGHT - 0.001) * who.length
        - 0.0055 * np.sin(np.clip(along, 0, 1) * 2.2) * (1 + who.brow_tilt)
        + who.brow_tilt * 0.004 * along
    )
    thick = 0.0036 * who.brow * np.clip(1.25 - along * 0.75, 0.2, 1.2)
    hairs = np.clip(0.9 + 0.16 * noise(random, x.shape, (2, 3)), 0.55, 1)
    return soft(thick - np.abs(y - center), 0.0018) * soft(np.minimum(along, 1.02 - along) * 0.04, 0.003) * hairs * 0.9


def _cavities(shape: Surface, x: Field, y: Field) -> Field:
    """Ambient occlusion: cavities, nostrils, the line of the mouth, and the region under the chin are darker."""
    relief = shape.features
    cavity = (
        1 + 22 * np.clip(relief - blur(relief, 9), -0.02, 0.005) + 10 * np.clip(relief - blur(relief, 22), -0.03, 0.01)
    )
    nostrils = 0.75 * pair(x, y, 0.0075, SUBNASALE - 0.0015, 0.0032, 0.0019)
    mouth = 0.6 * bump(x, y, 0, MOUTH, 0.016, 0.0011) + 0.3 * pair(x, y, 0.025, MOUTH + 0.0005, 0.002, 0.0015)
    return np.clip(cavity, 0.35, 1.15) * np.clip(1 - nostrils - mouth, 0.08, 1)


@lru_cache(maxsize=24)
def transit(person: Person) -> Field:
    """Delay of the pulse at each point, in seconds after the earliest: up to about 60 ms, latest on the forehead."""
    random, (x, y) = stream("transit", person.seed), grid()
    forehead, chin, aside = random.uniform(0.02, 0.045), random.uniform(0.005, 0.025), random.uniform(-0.008, 0.008)
    level = forehead * soft(-y - 0.01, 0.04) + chin * soft(y - 0.07, 0.03) + aside * np.tanh(x / np.float32(0.03))
    late = level + np.float32(0.004) * noise(random, x.shape, (50, 50), 2)
    return np.ascontiguousarray(late - late.min(), np.float32)


def _vessels(x: Field, y: Field, random: np.random.Generator) -> Field:
    """Pulse amplitude by region: higher on forehead and cheeks, by an amount that differs between persons."""
    forehead, left, right, chin = (
        float(random.uniform(low, high)) for low, high in ((0.3, 0.6), (0.25, 0.5), (0.25, 0.5), (-0.15, 0.1))
    )
    strong = 0.75 + forehead * bump(x, y, 0, -0.05, 0.04, 0.022) + chin * bump(x, y, 0, 0.1, 0.03, 0.015)
    strong = strong + left * bump(x, y, -0.04, 0.035, 0.02, 0.02) + right * bump(x, y, 0.04, 0.035, 0.02, 0.02)
    return strong * (1 + np.float32(0.06) * noise(random, x.shape, (30, 30), 2))


def _matter(
    who: Traits, shape: Surface, x: Field, y: Field, aperture: Field, brows: Field, shade: Field, vessels: Field
) -> Field:
    zone = (
        bump(x, y, 0, -0.045, 0.03, 0.02)
        + bump(x, y, 0, 0.035, 0.008, 0.018)
        + 0.5 * pair(x, y, 0.04, 0.025, 0.012, 0.01)
    )
    gloss = mix(mix(0.04 + 0.05 * zone, 0.07, aperture), 0.05, shape.hair)
    grown = beard(who, x, y)
    skin = soft(shape.head - 0.5, 0.1) * (1 - aperture) * (1 - shape.hair) * (1 - 0.8 * brows) * (1 - 0.7 * grown)
    pulse = vessels * skin * (skin.sum() / (vessels * skin).sum())
    near_skin = 0.62 - 0.05 * pair(x, y, 0.032, 0.01, 0.016, 0.008)
    pupil = soft(0.0035 - np.hypot(np.abs(x) - EYE_SPACING * who.eye_spacing * who.width, y), 0.001)
    near = mix(mix(near_skin, 0.42, aperture), 0.06, pupil * aperture)
    near = mix(mix(near, 0.3, np.maximum(0.8 * brows, 0.5 * grown)), 0.2 + 0.5 * float(who.hair.mean()), shape.hair)
    return np.dstack([gloss, pulse, near * shade]).astype(np.float32)


def pixels(x: Field, y: Field) -> tuple[Field, Field]:
    """Convert points in meters to coordinates in the maps."""
    return (x - np.float32(LEFT)) / np.float32(PITCH), (y - np.float32(TOP)) / np.float32(PITCH)


def meters(u: Field, v: Field) -> tuple[Field, Field]:
    """Convert coordinates in the maps to points in meters."""
    return u * np.float32(PITCH) + np.float32(LEFT), v * np.float32(PITCH) + np.float32(TOP)
