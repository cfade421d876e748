"""Backward warp between two faces by their landmarks (Liu and Liu, PhySTD, Eq. 12-15).

Points are (x, y) in [0, 1] of the square crop; pixel centers are at (i + 0.5) / N. For each pixel p of the target face,
the offset Delta(p) is interpolated linearly in the Delaunay triangles of the target's landmarks, with the values source
- target at the vertices. The result is source(p + Delta(p)).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from torch import Tensor
from torch.nn.functional import grid_sample

from fascore import FascoreError

SIDE = (0.0, 0.25, 0.5, 0.75, 1.0)
BORDER = np.array([(x, y) for x in SIDE for y in SIDE if x in (0.0, 1.0) or y in (0.0, 1.0)])
"""(16, 2) fixed points on the border; they make the triangles fill the square."""


def offsets(source: Tensor, target: Tensor, size: int, *, border: bool = True) -> Tensor:
    """(B, size, size, 2) offsets Delta from landmarks (B, Q, 2) of the source and target faces, in units of the crop's side.

    With `border`, the sixteen border points do not move. Outside all triangles the offset is 0. Raises FascoreError for
    point sets of different sizes and for points that are not numbers.
    """
    if source.shape != target.shape:
        raise FascoreError(
            f"a warp needs the same landmarks of both faces, but got {tuple(source.shape)} and {tuple(target.shape)}; use one layout"
        )
    fixed = np.tile(BORDER if border else BORDER[:0], (len(source), 1, 1))
    before, after = (
        np.concatenate([points.detach().cpu().double().numpy(), fixed], axis=1) for points in (source, target)
    )
    fields = np.stack([_field(*pair, size) for pair in zip(before, after, strict=True)])
    return torch.from_numpy(fields).to(source.device, torch.float32)


def warp(image: Tensor, offset: Tensor) -> Tensor:
    """(B, C, N, N) sampled bilinearly at p + Delta(p), with border pixels repeated outside; differentiable in the image.

    Raises FascoreError if the offset has a different size.
    """
    size = image.shape[-1]
    if offset.shape[1:3] != image.shape[-2:]:
        raise FascoreError(
            f"offsets of {tuple(offset.shape[1:3])} pixels do not fit an image of {tuple(image.shape[-2:])}"
        )
    centers = (torch.arange(size, device=image.device, dtype=torch.float32) + 0.5) / size
    y, x = torch.meshgrid(centers, centers, indexing="ij")
    places = torch.stack([x, y], dim=-1) + offset
    return grid_sample(image.float(), 2 * places - 1, mode="bilinear", padding_mode="border", align_corners=False)


def _field(source: NDArray[np.float64], target: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(size, size, 2) offsets of one pair of point sets (Q, 2)."""
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise FascoreError(
            "a landmark is not a number; remove records without landmarks, or choose a detector that returns them"
        )
    triangles = Delaunay(target)
    centers = (np.arange(size) + 0.5) / size
    pixels = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
    inside = triangles.find_simplex(pixels)
    # Within a triangle the offset is affine in the position: compute its gradient and its value at the last vertex once.
    values = (source - target)[triangles.simplices]
    corner = triangles.transform[:, 2]
    slope = np.einsum("tij,tic->tjc", triangles.transform[:, :2], values[:, :2] - values[:, 2:])
    moved = np.einsum("pj,pjc->pc", pixels - corner[inside], slope[inside]) + values[inside, 2]
    return np.where(inside[:, None] >= 0, np.nan_to_num(moved), 0.0).reshape(size, size, 2)
