"""Low-pass filter and band split of images (Liu and Liu, PhySTD, Eq. 5 and 9)."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

Shrink: TypeAlias = Literal["area", "bilinear"]
"""How a low-pass filter shrinks an image: "area" averages all pixels of a cell; "bilinear" reads 2 x 2 of them, as STDN does."""


class Bands(NamedTuple):
    """Coarse, middle, and fine parts of an image (B, C, N, N); they sum to the image."""

    b: Tensor
    c: Tensor
    t: Tensor


def lowpass(image: Tensor, cells: int, shrink: Shrink = "area") -> Tensor:
    """(B, C, N, N) shrunk to `cells` x `cells`, then interpolated back bilinearly between the cell centers; float32.

    Plain bilinear shrinking reads only 2 x 2 of every 8 x 8 pixels, which causes aliasing.
    """
    whole, size = image.float(), (cells, cells)
    small = (
        adaptive_avg_pool2d(whole, size)
        if shrink == "area"
        else interpolate(whole, size=size, mode="bilinear", align_corners=False)
    )
    return interpolate(small, size=image.shape[-2:], mode="bilinear", align_corners=False)


def split(image: Tensor, shrink: Shrink = "area") -> Bands:
    """Eq. 9: I_B = lowpass(I, N/8), I_C = lowpass(I, N/2) - I_B, I_T = I - lowpass(I, N/2); the three sum to I."""
    size = image.shape[-1]
    coarse, middle = lowpass(image, size // 8, shrink), lowpass(image, size // 2, shrink)
    return Bands(coarse, middle - coarse, image.float() - middle)
