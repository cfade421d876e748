"""Projection: from each pixel of the frame, through an optional flat medium, onto the height field of the head.

Projection is weak perspective. View coordinates are meters in the plane through the pivot of the head that faces the
camera: x right, y down, z toward the camera. A fixed-point iteration along the line of sight intersects the height
field.
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
"""Distance from hairline to chin of the average face, in meters."""


class Pose(NamedTuple):
    """Pose in one frame: angles in degrees, `x` and `y` of the pivot in pixels, and `scale` in pixels per meter.

    `tilt` (about the vertical and the horizontal, in degrees) rotates a flat medium that shows the whole picture.
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

    `plane_x`, `plane_y`: on the view plane or medium, in meters from the pivot; `x`, `y`: on the frontal plane of the
    head; `u`, `v`: pixels of its maps; `gap`: the open mouth in [0, 1]; `lift`: meters toward the camera from the pivot
    plane.
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
"""Rows and columns of a window, or one number for both."""


def plane(pose: Pose, size: Extent) -> tuple[Field, Field]:
    """View coordinates (x, y) of all pixel centers on the (tilted) picture plane, in meters."""
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
    """Return a row of the frame above which every pixel is less than `level` meters below the pivot."""
    edge = np.array([0.5, size - 0.5])
    roll, (across, down) = np.deg2rad(pose.roll), np.deg2rad(pose.tilt)
    x, rows = (edge - pose.x) / pose.scale, (np.arange(size) + 0.5 - pose.y) / pose.scale
    y = (np.cos(roll) * rows[:, None] - np.sin(roll) * x) / np.cos(down)
    # The keystone of a tilted plane, also for x: a generous bound for all tilts that occur.
    lowest = y.max(1) + 0.5 * abs(np.sin(across)) * np.abs(y).max(1)
    return int(np.searchsorted(np.maximum.accumulate(lowest), level))


def _turn(pose: Pose) -> tuple[float, float, float, float]:
    yaw, pitch = np.deg2rad(pose.yaw), np.deg2rad(pose.pitch)
    return float(np.cos(yaw)), float(np.sin(yaw)), float(np.cos(pitch)), float(np.sin(pitch))


def meet(head: Head, pose: Pose, size: Extent) -> Hit:
    """Follow the line of sight of every pixel to the head: two steps at half resolution, one at full resolution.

    A window that is not square must have even numbers of rows and columns; `pose` is then relative to its corner.
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
    """Map pixels (u, v) of the relief that are visible at points of the view plane, and its height there.

    `z` is a first guess of the height. With x = (plane_x - s_y z) / c_y and y = (plane_y + s_p (c_y z - s_y x)) / c_p,
    rotated by yaw y and pitch p, both are affine in plane and height.
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
    """Undo the drop of the jaw: return the closed-mouth position of pixels below the lips, and the gap between lips."""
    line, wide = MOUTH * head.who.length, 0.021 * head.who.mouth_width * head.who.width
    below = y - np.float32(line)
    arch = np.sqrt(np.clip(1 - (x / np.float32(wide)) ** 2, 0, 1))
    drop = np.float32(opening) * np.maximum(arch, np.exp(-((x / np.float32(0.04)) ** 2)) * np.clip(below / 0.02, 0, 1))
    gap = np.clip(np.minimum(below, np.float32(opening) * arch - below) * 800, 0, 1)
    return np.where(below > 0, np.float32(line) + np.maximum(below - drop, 0), y), gap


def project(head: Head, pose: Pose, points: np.ndarray) -> np.ndarray:
    """Pixels (N, 2) of points (N, 3) in the head's frame (x, y, relief in meters), mouth and lids as in the pose."""
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
    """Top, left, and (even) rows and columns of the window in which a box may be visible in a picture without tilt.

    The box is the minimum and maximum (x, y, z) in the head's frame. `margin` is in pixels; the window may exceed the
    frame by one row or column.
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
