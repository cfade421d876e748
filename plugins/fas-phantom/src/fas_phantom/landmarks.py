"""Landmarks of a head, exact and as detected: the 140 vertices of a mesh; the first 68 are the iBUG points."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.signal import lfilter

from fas_phantom.head import Head, head, pixels
from fas_phantom.parameters import Layout, Person
from fas_phantom.relief import outline
from fas_phantom.streams import stream
from fas_phantom.traits import BROW_HEIGHT, CHIN, EYE_SPACING, MOUTH, SUBNASALE, Traits
from fas_phantom.view import Pose, project

UPPER_LIDS, LOWER_LIDS = ((37, 38), (43, 44)), ((41, 40), (47, 46))
BELOW_MOUTH = (*range(5, 12), 55, 56, 57, 58, 59, 65, 66, 67, 74, 75, 107, 139)

COUNTS: dict[Layout, int] = {"68": 68, "mesh140": 140}
"""Number of landmarks by layout; the first 68 are the same."""


@lru_cache(maxsize=64)
def frontal(person: Person) -> np.ndarray:
    """(140, 3) landmarks of a person with open eyes and closed mouth, in meters in the head's frame (`mesh140`)."""
    maps = head(person)
    flat = np.concatenate(
        [_jaw(maps.who), _brows(maps.who), _nose(maps.who), _eyes(maps.who), _mouth(maps.who), mesh(maps.who)]
    ).astype(np.float32)
    u, v = pixels(flat[:, 0], flat[:, 1])
    relief = map_coordinates(maps.relief, [v, u], order=1, mode="nearest")
    return np.column_stack([flat, relief])


def _jaw(who: Traits) -> np.ndarray:
    y = np.array([0.0, 0.022, 0.043, 0.063, 0.081, 0.096, 0.107, 0.1125, CHIN - 0.0005]) * who.length
    x = outline(who, y) * 0.985
    left = np.column_stack([-x, y])
    left[8, 0] = 0
    return np.concatenate([left, (left[:8] * [-1, 1])[::-1]])


def _brows(who: Traits) -> np.ndarray:
    along = np.array([1.0, 0.78, 0.52, 0.28, 0.04])
    x = (0.012 + 0.04 * along) * who.width
    y = (
        (BROW_HEIGHT - 0.001) * who.length
        - 0.0055 * np.sin(along * 2.2) * (1 + who.brow_tilt)
        + who.brow_tilt * 0.004 * along
    )
    left = np.column_stack([-x, y])
    return np.concatenate([left, (left * [-1, 1])[::-1]])


def _nose(who: Traits) -> np.ndarray:
    tip = (SUBNASALE * who.nose_length - 0.006) * who.length
    bridge = [(0, level * tip) for level in (0.0, 0.33, 0.67, 1.0)]
    wide = 0.0155 * who.nose_width * who.width
    base = [
        (share * wide, tip + drop)
        for share, drop in ((-1, 0.004), (-0.5, 0.0065), (0, 0.0075), (0.5, 0.0065), (1, 0.004))
    ]
    return np.array(bridge + base)


def _eyes(who: Traits) -> np.ndarray:
    across = np.array([1.0, 0.4, -0.4, -1.0, -0.4, 0.4])
    arch = 1 - across**2
    shape = np.where(np.arange(6) < 4, -0.0064 * arch**0.75, 0.0044 * arch**0.9) * who.eyes - 0.0012 * across
    x = EYE_SPACING * who.eye_spacing * who.width + 0.0148 * who.eyes * across
    left = np.column_stack([-x, shape])
    return np.concatenate([left, (left * [-1, 1])[[3, 2, 1, 0, 5, 4]]])


def _mouth(who: Traits) -> np.ndarray:
    wide, line = 0.0255 * who.mouth_width * who.width, MOUTH * who.length
    across = np.array([-1, -0.6, -0.22, 0, 0.22, 0.6, 1, 0.6, 0.22, 0, -0.22, -0.6])
    arch = 1 - across**2
    rise = np.where(np.arange(12) < 7, -0.0072 * who.lips * arch**0.8, 0.009 * who.lips * arch**0.7)
    rise[3] += 0.0016
    inner = np.array([(-0.85, 0), (-0.3, 0), (0, 0), (0.3, 0), (0.85, 0), (0.3, 0), (0, 0), (-0.3, 0)])
    return np.concatenate([np.column_stack([across * wide, line + rise * who.length]), inner * [wide, 0] + [0, line]])


def mesh(who: Traits) -> np.ndarray:
    """(72, 2) additional vertices in meters: 8 on the midline, 32 on the left of the picture, and their mirror images.

    Midline: four on the forehead from the top (68 to 71), glabella 72, philtrum 73, below the lip 74, chin 75. Left:
    forehead in three rows from the inside out (76 to 84), temple (85, 86), above, in, and below the eye (87 to 93),
    side and wing of the nose (94 to 97), cheek in three rows from the inside out (98 to 106), chin (107).
    """
    middle = np.array([-0.070, -0.055, -0.040, -0.031, BROW_HEIGHT, 0.056, 0.0855, 0.1])
    rows = [
        (-0.070, (0.3, 0.6, 0.88)),
        (-0.055, (0.3, 0.6, 0.88)),
        (-0.040, (0.3, 0.6, 0.88)),
        (-0.022, (0.93,)),
        (-0.008, (0.95,)),
    ]
    cheek = [(0.022, (0.45, 0.65, 0.85)), (0.040, (0.45, 0.65, 0.85)), (0.058, (0.45, 0.65, 0.85))]
    across = np.array([0.8, 0.0, -0.8]) * 0.0148 * who.eyes
    eye = np.concatenate([np.column_stack([across, np.full(3, level)]) for level in (-0.011, 0.012)]) / who.length
    eye = np.insert(eye, 3, (0.0, -0.0008), axis=0) * [1, who.length] + [EYE_SPACING * who.eye_spacing * who.width, 0]
    nose = np.array([(0.009, 0.006), (0.0105, 0.017), (0.012, 0.027), (0.019, 0.036)]) * [
        who.width * who.nose_width,
        who.length,
    ]
    right = np.concatenate([_rows(who, rows), eye, nose, _rows(who, cheek), [(0.014 * who.width, 0.098 * who.length)]])
    return np.concatenate([np.column_stack([np.zeros(8), middle * who.length]), right * [-1, 1], right])


def _rows(who: Traits, rows: Sequence[tuple[float, Sequence[float]]]) -> np.ndarray:
    """Points (N, 2) at shares of the head's half width, by height in the average face."""
    return np.array(
        [
            (share * outline(who, np.array([level * who.length]))[0], level * who.length)
            for level, shares in rows
            for share in shares
        ]
    )


def exact(person: Person, pose: Pose) -> np.ndarray:
    """(140, 2) float64 pixels of the landmarks in one frame, including the motion of lids and jaw."""
    points = frontal(person).astype(np.float64)
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS):
        for top, bottom in zip(upper, lower):
            points[top] += min(pose.lids, 1.0) * (points[bottom] - points[top])
    who = head(person).who
    points[list(BELOW_MOUTH), 1] += pose.mouth * _drop(who, points[list(BELOW_MOUTH), 0], points[list(BELOW_MOUTH), 1])
    return project(head(person), pose, points)


def _drop(who: Traits, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Drop of points on the jaw as a share of the mouth's opening."""
    wide = 0.021 * who.mouth_width * who.width
    arch = np.sqrt(np.clip(1 - (x / wide) ** 2, 0, 1))
    return np.asarray(np.maximum(arch, np.exp(-((x / 0.04) ** 2)) * np.clip((y - MOUTH * who.length) / 0.02, 0, 1)))


def boxes(points: np.ndarray) -> np.ndarray:
    """(F, 4) boxes around landmarks (F, 68 or 140, 2), from above the brows to the chin."""
    points = points[:, :68]
    low, high = points.min(1), points.max(1)
    height = high[:, 1] - low[:, 1]
    low[:, 1] -= 0.22 * height
    return np.concatenate([low, high], axis=1)


def detected(points: np.ndarray, name: tuple[str | int, ...], share: float = 0.01) -> np.ndarray:
    """Landmarks (F, N, 2) with a detector's error: a share of the face size, correlated by 0.8 from frame to frame."""
    random = stream(*name, "detector")
    size = np.sqrt(np.ptp(points[:, :68, 0], axis=1) * np.ptp(points[:, :68, 1], axis=1))
    steps = random.standard_normal(points.shape)
    steps[1:] *= np.sqrt(1 - 0.8**2)
    return np.asarray(points + share * size[:, None, None] * lfilter([1.0], [1.0, -0.8], steps, axis=0))


__all__ = ["COUNTS", "Head", "Layout", "boxes", "detected", "exact", "frontal", "mesh"]
