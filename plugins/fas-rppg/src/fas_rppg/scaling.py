"""How maps are scaled: to 0 to 255, and to an encoder's input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

FLAT = 1e-6
"""A range that is rounding only; one gray level of one pixel among the largest faces is 1e-6 or more."""


def filled_range(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """255 (x - min) / (max - min) over some axes; 0 where they differ by rounding only."""
    low, high = values.min(axis=axes, keepdims=True), values.max(axis=axes, keepdims=True)
    there = np.broadcast_to(high - low > FLAT, values.shape)
    return 255 * np.divide(values - low, high - low, out=np.zeros_like(values), where=there)


def scaled_map(value: Tensor, valid: Tensor, size: int | None) -> dict[str, Tensor]:
    """Main output (N, C, H, W) and port `valid` (N, 1, 1, W), both resized to a side of `size`, or as they are."""
    from torch.nn.functional import interpolate

    mask = valid.float()[:, None, None]
    if size is None:
        return {"": value, "valid": mask}
    image = interpolate(value, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    return {"": image, "valid": interpolate(mask, size=(1, size), mode="area")}
