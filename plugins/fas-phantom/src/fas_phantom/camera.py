"""The cameras: RGB from linear light to sensor bytes, depth in millimeters with holes, and near infrared."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from fas_phantom.canvas import Field, blur, gaussian, host, laplacian, noise, power, resized
from fas_phantom.light import tint
from fas_phantom.parameters import ClipParameters
from fas_phantom.streams import stream
from fas_phantom.traits import traits

FAR = 10_000
"""Range of the depth camera, in millimeters."""


def exposure(clip: ClipParameters) -> float:
    """Gain from linear light to the range of the sensor; metering compensates for most of skin tone and low light."""
    skin = float(traits(clip.subject).skin @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    return clip.capture.exposure * clip.capture.illumination**0.35 * 0.36 / (skin**0.62 * 0.38**0.38)


def develop(clip: ClipParameters, linear: Field) -> Field:
    """Display-referred RGB in [0, 1] after focus, gain, white balance, and gamma; before noise and coding."""
    capture = clip.capture
    gains = tint(capture.warmth) * np.array([1, 1 + capture.tint, 1], np.float32) * np.float32(exposure(clip))
    focused = blur(linear, capture.defocus * clip.size / 128)
    return power(np.clip(focused * gains, 0, 1), 1 / capture.gamma)


def record_rgb(clip: ClipParameters, display: Field, index: int) -> np.ndarray:
    """(H, W, 3) uint8 from the sensor, before the codec: noise has variance a I + b and is stronger in low light."""
    random = stream("noise", clip.seed, clip.id, "rgb", index)
    photons = np.float32(clip.capture.noise_gain**2 / clip.capture.illumination)
    deviation = np.sqrt(photons * display + np.float32(clip.capture.noise_floor**2))
    noisy = display + deviation * gaussian(random, display.shape)
    return quantized(noisy)


def quantized(image: Field) -> np.ndarray:
    """Convert [0, 1] to interleaved uint8."""
    return host(np.clip(image * np.float32(255) + np.float32(0.5), 0, 255), np.uint8)


def record_depth(clip: ClipParameters, meters: Field, index: int) -> np.ndarray:
    """(H, W) uint16 millimeters, 0 where the sensor has no value: at depth edges and in patches.

    The error is fine noise, coarse noise that changes from frame to frame, and a constant part (multipath, as in
    time-of-flight cameras).
    """
    random, capture, size = stream("noise", clip.seed, clip.id, "depth", index), clip.capture, clip.size
    fine = gaussian(random, (size, size))
    coarse = resized(gaussian(random, (size // 4, size // 4)), (size, size))
    error = np.float32(capture.depth_noise) * (np.float32(0.6) * fine + np.float32(0.9) * coarse)
    error += np.float32(capture.depth_error) * _multipath(clip.seed, clip.id, size, 0.33 * capture.face * size)
    noisy = meters * np.float32(1000) + np.float32(4 * clip.haze) * meters * meters * error
    edge = np.abs(laplacian(meters))
    patches = _patches(clip.seed, clip.id, size) + np.float32(0.3) * coarse
    lost = (edge > 0.05) | (patches > np.float32(3.2 - 2.0 * capture.depth_holes)) | (noisy > FAR)
    return host(np.where(lost, np.float32(0), np.clip(noisy + np.float32(0.5), 1, FAR)), np.uint16)


@lru_cache(maxsize=4)
def _patches(seed: int, name: str, size: int) -> Field:
    """Smooth noise: where the sensor tends to lose depth throughout a clip."""
    still = stream("holes", seed, name).standard_normal((size // 8, size // 8), np.float32)
    return cv2.resize(still, (size, size), interpolation=cv2.INTER_CUBIC)


@lru_cache(maxsize=4)
def _multipath(seed: int, name: str, size: int, cell: float) -> Field:
    """(H, W) of mean 0 and deviation near 1: the constant depth error of a clip, in hills a third of a face wide."""
    return noise(stream("multipath", seed, name), (size, size), (cell, cell), 2)


def record_infrared(clip: ClipParameters, light: Field, index: int) -> np.ndarray:
    """(H, W) uint8 from near-infrared light, with gain, focus, and noise."""
    capture = clip.capture
    random = stream("noise", clip.seed, clip.id, "infrared", index)
    focused = blur(light, 0.5 * clip.size / 128) * np.float32(capture.infrared_exposure)
    return quantized(np.sqrt(np.clip(focused, 0, 1)) + np.float32(0.012) * gaussian(random, light.shape))
