"""Light on the head: one direction, an ambient sky, a highlight; and the lamp of the infrared camera."""

from __future__ import annotations

import cv2
import numpy as np

from fas_phantom.canvas import Field
from fas_phantom.parameters import Capture


def normals(lift: Field, scale: float) -> tuple[Field, Field, Field]:
    """Unit normals (x, y, z) of a relief in metres at `scale` pixels per metre."""
    gain = scale / 8
    dx = cv2.Sobel(lift, cv2.CV_32F, 1, 0, scale=gain)
    dy = cv2.Sobel(lift, cv2.CV_32F, 0, 1, scale=gain)
    nz = 1 / np.sqrt(1 + dx * dx + dy * dy)
    return -dx * nz, -dy * nz, nz


def direction(capture: Capture) -> np.ndarray:
    """Unit vector to the lamp."""
    azimuth, elevation = np.deg2rad(capture.azimuth), np.deg2rad(capture.elevation)
    return np.array([np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], np.float32)


def tint(warmth: float) -> np.ndarray:
    """Linear RGB gains of a warmth: positive is redder, 0 is white."""
    return np.array([1 + warmth, 1, 1 - 1.3 * warmth], np.float32)


def irradiance(capture: Capture, normal: tuple[Field, Field, Field]) -> tuple[Field, Field]:
    """(diffuse, highlight): diffuse is near 1 on a forehead under frontal light; highlight is to be multiplied by gloss."""
    nx, ny, nz = normal
    lamp = direction(capture)
    facing = nx * lamp[0] + ny * lamp[1] + nz * lamp[2]
    rim = np.clip(np.float32(2.2) * nz, 0, 1)
    wrapped = np.clip((facing + np.float32(0.18)) / np.float32(1.18), 0, None) * rim
    diffuse = np.float32(capture.ambient) * (np.float32(0.8) - np.float32(0.2) * ny) * (np.float32(0.35) + np.float32(0.65) * nz)
    half = lamp + np.array([0, 0, 1], np.float32)
    half /= np.sqrt((half * half).sum())
    gleam = np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1) * rim
    gleam *= gleam
    gleam *= gleam
    gleam *= gleam
    return diffuse + np.float32(1.15 * (1 - capture.ambient)) * wrapped, gleam * gleam * np.float32(1 - 0.5 * capture.ambient)
