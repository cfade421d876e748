"""Changes of color, sharpness, and compression: (N, 3, H, W) RGB in [0, 1], with one parameter per row."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import conv2d, pad

GRAY = (0.299, 0.587, 0.114)
"""Luma (ITU-R BT.601)."""
YIQ = ((0.299, 0.587, 0.114), (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135))
YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
"""JFIF, without the offset of 128."""

LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_TABLE = ((17, 18, 24, 47), (18, 21, 26, 66), (24, 26, 56, 99), (47, 66, 99, 99))
"""ITU-T T.81, annex K; chroma steps are 99 outside this corner."""


def luma(image: Tensor) -> Tensor:
    """(N, 1, H, W)."""
    return torch.einsum("nchw,c->nhw", image, image.new_tensor(GRAY))[:, None]


def _rows(value: Tensor) -> Tensor:
    return value[:, None, None, None]


def brightness(image: Tensor, factor: Tensor) -> Tensor:
    """Multiply."""
    return (image * _rows(factor)).clamp(0, 1)


def contrast(image: Tensor, factor: Tensor) -> Tensor:
    """Stretch around the mean luma."""
    mean = luma(image).mean(dim=(2, 3), keepdim=True)
    return (mean + (image - mean) * _rows(factor)).clamp(0, 1)


def saturation(image: Tensor, factor: Tensor) -> Tensor:
    """Stretch around gray."""
    gray = luma(image)
    return (gray + (image - gray) * _rows(factor)).clamp(0, 1)


def hue(image: Tensor, turn: Tensor) -> Tensor:
    """Rotate chroma in YIQ by a fraction of a full turn; luma is unchanged."""
    angle = turn * 2 * math.pi
    zeros, ones = torch.zeros_like(angle), torch.ones_like(angle)
    rotation = torch.stack(
        [ones, zeros, zeros, zeros, angle.cos(), -angle.sin(), zeros, angle.sin(), angle.cos()], dim=-1
    ).reshape(-1, 3, 3)
    basis = image.new_tensor(YIQ)
    matrix = basis.inverse() @ rotation @ basis
    return torch.einsum("nij,njhw->nihw", matrix, image).clamp(0, 1)


def gamma(image: Tensor, exponent: Tensor) -> Tensor:
    """Raise to a power."""
    return image.clamp(0, 1) ** _rows(exponent)


def blur(image: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur of `sigma` pixels, truncated at three sigma, with repeated edges; 0 changes nothing."""
    radius = max(1, math.ceil(3 * float(sigma.max()))) if len(sigma) else 1
    offset = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    extent = torch.ceil(3 * sigma)[:, None]
    weight = torch.exp(-0.5 * (offset / sigma.clamp(min=1e-3)[:, None]) ** 2) * (offset.abs() <= extent)
    weight = (weight / weight.sum(1, keepdim=True)).repeat_interleave(image.shape[1], dim=0)
    flat = rearrange(image, "n c h w -> 1 (n c) h w")
    flat = conv2d(pad(flat, (radius, radius, 0, 0), "replicate"), weight[:, None, None, :], groups=flat.shape[1])
    flat = conv2d(pad(flat, (0, 0, radius, radius), "replicate"), weight[:, None, :, None], groups=flat.shape[1])
    return flat.reshape(image.shape)


def compression(image: Tensor, quality: Tensor) -> Tensor:
    """JPEG at a quality of 1 to 100 (libjpeg's scale): quantized 8 x 8 cosine transform, full-resolution chroma."""
    height, width = image.shape[-2:]
    padded = pad(image, (0, -width % 8, 0, -height % 8), "replicate")
    matrix = image.new_tensor(YCC)
    planes = torch.einsum("ij,njhw->nihw", matrix, padded) * 255
    planes = planes - planes.new_tensor([128.0, 0, 0])[:, None, None]
    blocks = rearrange(planes, "n c (y i) (x j) -> n c y x i j", i=8, j=8)
    cosine = _cosine().to(image)
    steps = _steps(quality.to(image))[:, :, None, None]
    quantized = torch.round(cosine @ blocks @ cosine.T / steps) * steps
    planes = (
        rearrange(cosine.T @ quantized @ cosine, "n c y x i j -> n c (y i) (x j)")
        + planes.new_tensor([128.0, 0, 0])[:, None, None]
    )
    return (torch.einsum("ij,njhw->nihw", matrix.inverse(), planes) / 255).clamp(0, 1)[..., :height, :width]


def _steps(quality: Tensor) -> Tensor:
    """(N, 3, 8, 8) quantization steps; the tables are scaled as in libjpeg."""
    chroma = torch.full((8, 8), 99.0)
    chroma[:4, :4] = torch.tensor(CHROMA_TABLE, dtype=torch.float32)
    tables = torch.stack([torch.tensor(LUMA_TABLE, dtype=torch.float32), chroma, chroma]).to(quality)
    percent = torch.where(quality < 50, torch.floor(5000 / quality.clamp(min=1)), 200 - 2 * quality)
    return torch.floor((tables * percent[:, None, None, None] + 50) / 100).clamp(1, 255)


@cache
def _cosine() -> Tensor:
    """(8, 8) orthonormal DCT-II."""
    k, i = torch.arange(8.0)[:, None], torch.arange(8.0)[None]
    matrix = torch.cos((2 * i + 1) * k * math.pi / 16) / 2
    matrix[0] /= math.sqrt(2)
    return matrix


def cutout(image: Tensor, corners: Tensor) -> Tensor:
    """Fill a rectangle (x1, y1, x2, y2 in [0, 1]) with mid-gray; an empty rectangle changes nothing."""
    height, width = image.shape[-2:]
    x = (torch.arange(width, device=image.device) + 0.5) / width
    y = (torch.arange(height, device=image.device) + 0.5) / height
    x1, y1, x2, y2 = corners.T[..., None]
    inside = ((y >= y1) & (y < y2))[:, None, :, None] & ((x >= x1) & (x < x2))[:, None, None, :]
    return torch.where(inside, image.new_tensor(0.5), image)


CHANGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "hue": hue,
    "gamma": gamma,
    "blur": blur,
    "compression": compression,
    "cutout": cutout,
}
ORDER = tuple(CHANGES)
"""The order in a camera: light, color, lens, codec. Cutout comes last, so that the filled area stays uniform."""
