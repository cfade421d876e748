"""Where each pixel looks: from the frame through an optional flat medium onto the head's height field.

Projection is weak perspective. View coordinates are metres in the plane through the head's pivot that faces the camera,
x right, y down, z towards the camera. The height field is met by a fixed-point iteration along the line of sight.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from fas_phantom.canvas import Field, here, resized, sample
from fas_phantom.head import Head, meters, pixels
from fas_phantom.relief import PITCH
from fas_phantom.traits import MOUTH

PIVOT_Y, PIVOT_Z = 0.03, -0.01
FACE_HEIGHT = 0.19
"""Metres from hairline to chin of the average face."""


class Pose(NamedTuple):
    """Pose of one frame: angles in degrees, `x`, `y` pixels of the pivot, `scale` pixels per metre.

    `tilt` (about the vertical and the horizontal, degrees) turns a flat medium that carries the whole picture.
    """

    yaw: float
    pitch: float
    roll: float
    x: float
    y: float
    scale: float
    lids: float = 0.0
    mouth: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)


class Hit(NamedTuple):
    """Where the pixels of one frame meet the head, fields (H, W) float32.

    `plane_x`, `plane_y`: view plane or medium in metres about the pivot; `x`, `y`: the head's own frontal plane;
    `u`, `v`: pixels of its maps; `gap`: the open mouth in [0, 1]; `lift`: metres towards the camera from the pivot plane.
    """

    plane_x: Field
    plane_y: Field
    x: Field
    y: Field
    u: Field
    v: Field
    gap: Field | None
    lift: Field


Extent: TypeAlias = int | tuple[int, int]
"""Rows and columns of a window, or both at once."""


def plane(pose: Pose, size: Extent) -> tuple[Field, Field]:
    """View coordinates (x, y) of all pixel centres on the (tilted) picture plane, in metres."""
    rows, columns = (size, size) if isinstance(size, int) else size
    roll, (across, down) = np.deg2rad(pose.roll), np.deg2rad(pose.tilt)
    scale = np.float32(pose.scale)
    dx, dy = (
        ((here(_centers(columns)) - np.float32(pose.x)) / scale)[None],
        ((here(_centers(rows)) - np.float32(pose.y)) / scale)[:, None],
    )
    c, s = np.float32(np.cos(roll)), np.float32(np.sin(roll))
    x, y = c * dx + s * dy, c * dy - s * dx
    if across or down:
        x, y = x / np.float32(np.cos(across)), y / np.float32(np.cos(down))
        x, y = x * (1 + np.float32(1.2 * np.sin(across)) * x), y * (1 + np.float32(1.2 * np.sin(across)) * x)
    return x, y


@lru_cache(maxsize=8)
def _centers(size: int) -> Field:
    return np.arange(size, dtype=np.float32) + np.float32(0.5)


def first_row(pose: Pose, size: int, level: float) -> int:
    """A row of the frame above which nothing lies lower than `level` metres below the pivot."""
    edge = np.array([0.5, size - 0.5])
    roll, (across, down) = np.deg2rad(pose.roll), np.deg2rad(pose.tilt)
    x, rows = (edge - pose.x) / pose.scale, (np.arange(size) + 0.5 - pose.y) / pose.scale
    y = (np.cos(roll) * rows[:, None] - np.sin(roll) * x) / np.cos(down)
    # A tilted plane's keystone and what it does to x: ample for the tilts that occur.
    lowest = y.max(1) + 0.5 * abs(np.sin(across)) * np.abs(y).max(1)
    return int(np.searchsorted(np.maximum.accumulate(lowest), level))


def _turn(pose: Pose) -> tuple[float, float, float, float]:
    yaw, pitch = np.deg2rad(pose.yaw), np.deg2rad(pose.pitch)
    return float(np.cos(yaw)), float(np.sin(yaw)), float(np.cos(pitch)), float(np.sin(pitch))


def meet(head: Head, pose: Pose, size: Extent) -> Hit:
    """Follow every pixel's line of sight to the head: two steps at half the resolution, one at the full.

    A window that is not square has even numbers of rows and columns; `pose` is then relative to its corner.
    """
    rows, columns = (size, size) if isinstance(size, int) else size
    half = ((rows + 1) // 2, (columns + 1) // 2)
    share = half[1] / columns
    coarse = pose._replace(x=pose.x * share, y=pose.y * share, scale=pose.scale * share)
    across, down = plane(coarse, half)
    *_, z = _follow(head.relief, pose, across, down, np.full_like(across, 0.08), 2)
    plane_x, plane_y = plane(pose, size)
    u, v, z = _follow(head.relief, pose, plane_x, plane_y, resized(z, (rows, columns)), 1)
    x, y = meters(u, v)
    cy, sy, cp, sp = (np.float32(value) for value in _turn(pose))
    lift = sp * (y - np.float32(PIVOT_Y)) + cp * (cy * (z - np.float32(PIVOT_Z)) - sy * x)
    if pose.mouth < 2e-4:
        return Hit(plane_x, plane_y, x, y, u, v, None, lift)
    shut, gap = _open_mouth(head, x, y, pose.mouth)
    return Hit(plane_x, plane_y, x, shut, u, pixels(x, shut)[1], gap, lift)


def _follow(
    relief: Field, pose: Pose, plane_x: Field, plane_y: Field, z: Field, steps: int
) -> tuple[Field, Field, Field]:
    """Pixels (u, v) of the relief's map that are seen at points of the view plane, and its height there, from a first guess of the height.

    With x = (plane_x - s_y z) / c_y and y = (plane_y + s_p (c_y z - s_y x)) / c_p, turned by yaw y and pitch p, both are
    affine in plane and height.
    """
    cy, sy, cp, sp = _turn(pose)
    across, down = np.float32(-sy / (cy * PITCH)), np.float32(sp / (cp * cy * PITCH))
    u0, v0 = pixels(
        plane_x / np.float32(cy),
        plane_y / np.float32(cp) - np.float32(sp * sy / (cp * cy)) * plane_x + np.float32(PIVOT_Y),
    )
    u0, v0 = u0 - across * np.float32(PIVOT_Z), v0 - down * np.float32(PIVOT_Z)
    for _ in range(steps):
        u, v = u0 + across * z, v0 + down * z
        z = sample(relief, u, v)
    return u, v, z


def _open_mouth(head: Head, x: Field, y: Field, opening: float) -> tuple[Field, Field]:
    """Undo the jaw's drop: where the pixels below the lips were with the mouth shut, and the gap between the lips."""
    line, wide = MOUTH * head.who.length, 0.021 * head.who.mouth_width * head.who.width
    below = y - np.float32(line)
    arch = np.sqrt(np.clip(1 - (x / np.float32(wide)) ** 2, 0, 1))
    drop = np.float32(opening) * np.maximum(arch, np.exp(-((x / np.float32(0.04)) ** 2)) * np.clip(below / 0.02, 0, 1))
    gap = np.clip(np.minimum(below, np.float32(opening) * arch - below) * 800, 0, 1)
    return np.where(below > 0, np.float32(line) + np.maximum(below - drop, 0), y), gap


def project(head: Head, pose: Pose, points: np.ndarray) -> np.ndarray:
    """Pixels (N, 2) of points (N, 3) of the head's own frame (x, y, relief in metres), mouth and lids as in the pose."""
    x, y, z = points[:, 0], points[:, 1] - PIVOT_Y, points[:, 2] - PIVOT_Z
    cy, sy, cp, sp = _turn(pose)
    across, depth = cy * x + sy * z, cy * z - sy * x
    down = cp * y - sp * depth
    tilt_x, tilt_y = np.deg2rad(pose.tilt)
    if pose.tilt != (0.0, 0.0):
        keystone = 1.2 * np.sin(tilt_x)
        across, down = _unkeystone(across, down, keystone)
        across, down = across * np.cos(tilt_x), down * np.cos(tilt_y)
    c, s = np.cos(np.deg2rad(pose.roll)), np.sin(np.deg2rad(pose.roll))
    return np.stack(
        [pose.x + pose.scale * (c * across - s * down), pose.y + pose.scale * (s * across + c * down)], axis=1
    )


def window(pose: Pose, size: int, box: np.ndarray, margin: float) -> tuple[int, int, int, int]:
    """Top, left, rows and columns, both even, of what may show of a box ((x, y, z) from, to) of the head's own frame in a picture without tilt.

    `margin` is in pixels; the window may go beyond the frame's end by one row or column.
    """
    corners = np.stack(np.meshgrid(*box.T), axis=-1).reshape(-1, 3)
    cy, sy, cp, sp = _turn(pose)
    x, y, z = corners[:, 0], corners[:, 1] - PIVOT_Y, corners[:, 2] - PIVOT_Z
    across, down = cy * x + sy * z, cp * y - sp * (cy * z - sy * x)
    c, s = np.cos(np.deg2rad(pose.roll)), np.sin(np.deg2rad(pose.roll))
    seen = np.stack([pose.y + pose.scale * (s * across + c * down), pose.x + pose.scale * (c * across - s * down)])
    first = np.clip(np.floor(seen.min(1) - margin), 0, size - 2).astype(int)
    last = np.clip(np.ceil(seen.max(1) + margin), first + 2, size).astype(int)
    rows, columns = (last - first + 1) // 2 * 2
    return int(first[0]), int(first[1]), int(rows), int(columns)


def _unkeystone(x: np.ndarray, y: np.ndarray, k: float) -> tuple[np.ndarray, np.ndarray]:
    """Invert x' = x (1 + k x), y' = y (1 + k x) of `plane`."""
    before = x if abs(k) < 1e-9 else (np.sqrt(np.maximum(1 + 4 * k * x, 1e-6)) - 1) / (2 * k)
    return before, y / (1 + k * before)
