"""The surroundings of the head: a pool of backgrounds for all sites and labels, and neck and shoulders."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from fas_phantom.canvas import Field, beneath, blur, mix, noise, planar, sample, soft
from fas_phantom.parameters import Person
from fas_phantom.streams import stream
from fas_phantom.traits import traits
from fas_phantom.view import PIVOT_Y, Pose, first_row

POOL, GRID = 24, 96
"""Number of backgrounds, and the size in pixels at which they are stored, since they are out of focus."""

BODY_PITCH, BODY_LEFT, BODY_TOP = 0.004, -0.42, 0.045


class Body(NamedTuple):
    """Neck and shoulders.

    `color` (H, W, 4) holds linear RGB and coverage; `matter` (H, W, 3) relief in meters, near infrared, and coverage;
    `dress` (H, W, 2) coverage by clothes, and coverage.
    """

    color: Field
    matter: Field
    dress: Field

    def color_at(self, pose: Pose, x: Field, y: Field) -> tuple[Field, Field]:
        """(H, W, 3) color and (H, W) coverage at points of the view plane."""
        texel = _look_up(self.color, pose, x, y)
        return texel[..., :3], texel[..., 3]

    def matter_at(self, pose: Pose, x: Field, y: Field) -> tuple[Field, Field, Field]:
        """(H, W) relief, near infrared, and coverage at points of the view plane."""
        texel = _look_up(self.matter, pose, x, y)
        return texel[..., 0], texel[..., 1], texel[..., 2]

    def dress_at(self, pose: Pose, x: Field, y: Field) -> tuple[Field, Field]:
        """(H, W) coverage by clothes, and coverage, at points of the view plane."""
        texel = _look_up(self.dress, pose, x, y)
        return texel[..., 0], texel[..., 1]


@lru_cache(maxsize=POOL)
def backdrop(index: int) -> Field:
    """One picture of the pool, (GRID, GRID, 3) linear RGB: a lit wall, furniture, and possibly a window."""
    random = stream("background", index)
    y, x = np.mgrid[0:GRID, 0:GRID].astype(np.float32) / GRID
    wall = random.uniform(0.12, 0.5) * (1 + random.normal(0, 0.12, 3))
    shade = (
        1
        + random.normal(0, 0.35) * (x - 0.5)
        + random.normal(0, 0.35) * (y - 0.5)
        + 0.06 * noise(random, (GRID, GRID), (40, 40), 3)
    )
    picture = (wall * np.clip(shade, 0.2, 2)[..., None]).astype(np.float32)
    for _ in range(int(random.integers(2, 9))):
        cx, cy, w, h = (
            random.uniform(0, 1),
            random.uniform(0.1, 1.1),
            random.uniform(0.03, 0.25),
            random.uniform(0.05, 0.4),
        )
        inside = soft(np.minimum(w - np.abs(x - cx), h - np.abs(y - cy)), 0.008)
        color = random.uniform(0.02, 0.55) * np.clip(1 + random.normal(0, 0.3, 3), 0.3, 1.8)
        picture = mix(picture, (color * np.ones((GRID, GRID, 1))).astype(np.float32), inside * random.uniform(0.6, 1))
    if random.random() < 0.25:
        cx, w = random.uniform(0, 1), random.uniform(0.1, 0.25)
        picture = picture + soft(np.minimum(w - np.abs(x - cx), 0.35 - np.abs(y - 0.3)), 0.01)[..., None] * np.float32(
            random.uniform(0.4, 0.9)
        )
    return np.ascontiguousarray(blur(picture, random.uniform(0.6, 2.0)), dtype=np.float32)


def backdrop_frame(index: int, gain: float, size: int, shift: tuple[float, float]) -> Field:
    """A background over the whole frame (size, size, 3), shifted by shares of the frame."""
    picture = backdrop(index % POOL)
    scale = GRID / size * 0.86
    move = np.array([[scale, 0, GRID * (0.07 + shift[0])], [0, scale, GRID * (0.07 + shift[1])]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return planar(
        cv2.warpAffine(picture, move, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE) * np.float32(gain)
    )


@lru_cache(maxsize=64)
def body(person: Person, clothing: int) -> Body:
    """Return neck and shoulders of a person in the clothes of one session."""
    who, random = traits(person), stream("clothes", clothing)
    x = np.broadcast_to(BODY_LEFT + BODY_PITCH * np.arange(211, dtype=np.float32), (120, 211))
    y = np.broadcast_to((BODY_TOP + BODY_PITCH * np.arange(120, dtype=np.float32))[:, None], (120, 211))
    neck = (0.052 if who.hair_length < 3 else 0.046) * who.width * who.jaw
    throat = soft(neck + 0.3 * np.clip(y - 0.13, 0, 0.05) - np.abs(x), 0.003)
    line = (
        0.150
        + 0.28 * np.clip(np.abs(x) - 0.06, 0, None)
        + 2.2 * np.clip(np.abs(x) - 0.17, 0, None) ** 1.5
        - 0.02 * soft(0.08 - np.abs(x), 0.02)
    )
    chest = soft(y - line, 0.004)
    collar = soft(y - (0.175 + random.uniform(-0.02, 0.035) - 4.5 * x**2 * random.uniform(0.5, 2)), 0.003)
    color = _cloth(random, x, y)
    shadow = 0.42 + 0.58 * soft(y - 0.15 - 0.6 * np.abs(x), 0.045)
    skin = (who.skin * np.array([0.97, 0.93, 0.92], np.float32) * shadow[..., None]).astype(np.float32)
    cover = np.maximum(throat * soft(y - 0.055, 0.004), chest)
    z = mix(0.035 - 0.25 * x**2 / neck * 0.4, 0.03 - 0.9 * x**2, chest)
    near = mix(np.full_like(x, 0.52) * shadow, float(random.uniform(0.15, 0.75)), collar * chest)
    shown = mix(skin, color, collar * chest)
    return Body(
        *(np.dstack(maps).astype(np.float32) for maps in ([shown, cover], [z, near, cover], [collar * chest, cover]))
    )


def _cloth(random: np.random.Generator, x: Field, y: Field) -> Field:
    base = random.uniform(0.02, 0.6) * np.clip(1 + random.normal(0, 0.45, 3), 0.15, 2)
    folds = 1 + 0.18 * noise(random, x.shape, (30, 12), 2)
    stripes = 1 + (random.random() < 0.3) * 0.5 * np.sign(
        np.sin((y if random.random() < 0.5 else x) * random.uniform(150, 400))
    )
    return np.clip(base * (folds * stripes)[..., None], 0.01, 0.9).astype(np.float32)


def _look_up(maps: Field, pose: Pose, x: Field, y: Field) -> Field:
    """Sample maps of a Body at points of the view plane; shoulders follow the head's position, not its rotation."""
    lean, first = (
        np.float32(0.02 * np.sin(np.deg2rad(pose.yaw)) - BODY_LEFT),
        first_row(pose, len(x), BODY_TOP - PIVOT_Y),
    )
    u, v = (
        (x[first:] + lean) / np.float32(BODY_PITCH),
        (y[first:] + np.float32(PIVOT_Y - BODY_TOP)) / np.float32(BODY_PITCH),
    )
    return beneath(sample(maps, u, v), first)
