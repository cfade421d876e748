"""Low-pass and band split of images (Liu and Liu, PhySTD, Eq. 5 and 9)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate


class Bands(NamedTuple):
    """Parts of an image (B, C, N, N) whose sum it is: coarse, middle, fine."""

    b: Tensor
    c: Tensor
    t: Tensor


def lowpass(image: Tensor, cells: int) -> Tensor:
    """(B, C, N, N) averaged to `cells` x `cells`, then interpolated back bilinearly between the cells' centres, float32.

    Plain bilinear shrinking would read 2 x 2 of every 8 x 8 pixels and alias.
    """
    small = adaptive_avg_pool2d(image.float(), cells)
    return interpolate(small, size=image.shape[-2:], mode="bilinear", align_corners=False)


def split(image: Tensor) -> Bands:
    """Eq. 9: I_B = lowpass(I, N/8), I_C = lowpass(I, N/2) - I_B, I_T = I - lowpass(I, N/2); the three sum to I."""
    size = image.shape[-1]
    coarse, middle = lowpass(image, size // 8), lowpass(image, size // 2)
    return Bands(coarse, middle - coarse, image.float() - middle)
