"""Scaling of maps to 0 to 255 and to the input of an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

FLAT = 1e-6
"""Largest range that counts as rounding; one gray level of one pixel in the largest faces is at least 1e-6."""


def filled_range(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """255 (x - min) / (max - min) over some axes; 0 if values differ only by rounding."""
    low, high = values.min(axis=axes, keepdims=True), values.max(axis=axes, keepdims=True)
    varying = np.broadcast_to(high - low > FLAT, values.shape)
    return 255 * np.divide(values - low, high - low, out=np.zeros_like(values), where=varying)


def scaled_map(value: Tensor, valid: Tensor, size: int | None) -> dict[str, Tensor]:
    """Main output (N, C, H, W) and port `valid` (N, 1, 1, W), both resized to a side of `size`, or not resized."""
    from torch.nn.functional import interpolate

    mask = valid.float()[:, None, None]
    if size is None:
        return {"": value, "valid": mask}
    image = interpolate(value, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    return {"": image, "valid": interpolate(mask, size=(1, size), mode="area")}
