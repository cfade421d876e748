"""Augmentation: the random choices for a record in an epoch, and their application to a batch.

Geometry is one affine map for images, planes, and points of the face frame; crop margin, augmentation, and resizing
are one sampling. Color is for RGB only. Everything works on whole batches, each row with its own draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from fascore.contract.kinds import protocols
from fascore.contract.random_streams import generator
from fascore.data import photometry
from fascore.data.draws import Draws
from fascore.data.geometry import FLIPS
from fascore.spec.documents import Augment

SLOTS = (
    "flip",
    "rotation",
    "scale",
    "shift_x",
    "shift_y",
    "crop",
    "crop_x",
    "crop_y",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "gamma",
    "blur",
    "compression",
    "cutout",
    "cutout_size",
    "cutout_x",
    "cutout_y",
)
"""One uniform number each, always drawn, in this order: turning one change on does not shift the others. Append only."""


def draws(augment: Augment, seed: int, epoch: int, ids: Sequence[str], device: torch.device | str = "cpu") -> Draws:
    """The choices for these records in this epoch, one row each."""
    uniform = (
        np.stack([generator(seed, "augment", epoch, id).random(len(SLOTS)) for id in ids])
        if ids
        else np.empty((0, len(SLOTS)))
    )
    u = dict(zip(SLOTS, torch.from_numpy(uniform).T))
    flipped = u["flip"] < augment.flip
    return Draws(
        _geometry(augment, u, flipped).float().to(device),
        flipped.to(device),
        {n: v.to(device) for n, v in _colour(augment, u).items()},
    )


def _geometry(augment: Augment, u: dict[str, Tensor], flipped: Tensor) -> Tensor:
    """(N, 2, 3): window of the random crop, then mirror, scale, rotation and shift."""
    signed = {name: 2 * value - 1 for name, value in u.items()}
    side = 1 - augment.crop * u["crop"]
    window = torch.stack([signed["crop_x"], signed["crop_y"]], dim=-1) * (1 - side)[:, None]
    angle = torch.deg2rad(augment.rotation * signed["rotation"])
    zoom = 1 / (1 + augment.scale * signed["scale"])
    mirror = torch.where(flipped, -1.0, 1.0)
    turn = torch.stack(
        [torch.stack([angle.cos() * mirror, -angle.sin()], -1), torch.stack([angle.sin() * mirror, angle.cos()], -1)],
        dim=-2,
    )
    turn = turn * zoom[:, None, None]
    shift = 2 * augment.translate * torch.stack([signed["shift_x"], signed["shift_y"]], dim=-1)
    return torch.cat([turn * side[:, None, None], (turn @ window[..., None]) + shift[..., None]], dim=-1)


def _colour(augment: Augment, u: dict[str, Tensor]) -> dict[str, Tensor]:
    colour = {
        name: 1 + getattr(augment, name) * (2 * u[name] - 1)
        for name in ("brightness", "contrast", "saturation", "gamma")
        if getattr(augment, name)
    }
    if augment.hue:
        colour["hue"] = augment.hue * (2 * u["hue"] - 1)
    if augment.blur:
        colour["blur"] = augment.blur * u["blur"]
    if augment.compression:
        colour["compression"] = torch.floor(augment.compression + u["compression"] * (101 - augment.compression))
    if augment.cutout:
        side = torch.where(u["cutout"] < augment.cutout, augment.cutout_size * u["cutout_size"], 0.0)
        corner = torch.stack([u["cutout_x"], u["cutout_y"]], dim=-1) * (1 - side)[:, None]
        colour["cutout"] = torch.cat([corner, corner + side[:, None]], dim=-1)
    return {name: value.float() for name, value in colour.items()}


def sample(
    image: Tensor, draws: protocols.Draws, size: int, reach: float, *, mode: Literal["bilinear", "nearest"] = "bilinear"
) -> Tensor:
    """(N, …, S, S) stored crops -> (N, …, size, size), one sampling.

    The stored crop covers the face frame out to `reach` (1 + twice its margin); pixels beyond are 0. Frames of a clip
    share the draw.
    """
    stored = image.flatten(1, -3) if image.ndim > 3 else image[:, None]
    affine = (draws.affine / reach).to(stored.dtype)
    grid = affine_grid(affine, [len(stored), 1, size, size], align_corners=False)
    taken = grid_sample(stored, grid, mode=mode, padding_mode="zeros", align_corners=False)
    return taken.reshape(*image.shape[:-2], size, size)


def moved(points: Tensor, draws: protocols.Draws, layout: str) -> Tensor:
    """Points (N, …, K, 2) of the face frame, [-1, 1], as positions in the augmented crop, [0, 1]; a mirror image swaps left and right."""
    between = (1,) * (points.ndim - 3)
    linear = draws.affine[:, :, :2].inverse().reshape(-1, *between, 2, 2)
    shift = draws.affine[:, :, 2].reshape(-1, *between, 1, 2)
    there = (points - shift) @ linear.transpose(-1, -2)
    swapped = there[..., torch.as_tensor(FLIPS[layout], device=points.device), :]
    return (torch.where(draws.flipped.reshape(-1, *between, 1, 1), swapped, there) + 1) / 2


def composed(crop: Tensor, draws: protocols.Draws) -> Tensor:
    """Crop matrices (N, …, 2, 3) after the draw: they map the augmented crop to pixels."""
    affine = draws.affine.reshape(-1, *(1,) * (crop.ndim - 3), 2, 3)
    linear = crop[..., :2] @ affine[..., :2]
    shift = crop[..., :2] @ affine[..., 2:] + crop[..., 2:]
    return torch.cat([linear, shift], dim=-1)


def recoloured(image: Tensor, draws: protocols.Draws) -> Tensor:
    """RGB (N, [T,] 3, H, W) in [0, 1] with the drawn changes of color, blur, compression and cut-out."""
    if not draws.colour:
        return image.clamp(0, 1)
    clips = image if image.ndim == 5 else image[:, None]
    flat = rearrange(clips, "n t c h w -> (n t) c h w")
    colour = {name: value.repeat_interleave(clips.shape[1], dim=0) for name, value in draws.colour.items()}
    for name in photometry.ORDER:
        if name in colour:
            flat = photometry.CHANGES[name](flat, colour[name])
    return flat.reshape(image.shape).clamp(0, 1)
