"""Augmentation: the random choices for a record in an epoch, and their application to a batch.

Geometry is one affine map shared by images, planes, and points of the face frame; crop margin, augmentation, and
resizing are applied in one sampling step. Color changes apply to RGB only. Everything runs on whole batches; each row
has its own draw.
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
"""One uniform number for each, always drawn in this order, so that changes are independent. Only append to it."""


def draws(augment: Augment, seed: int, epoch: int, ids: Sequence[str], device: torch.device | str = "cpu") -> Draws:
    """The choices for these records in this epoch, one row per record."""
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
        {n: v.to(device) for n, v in _color(augment, u).items()},
    )


def _geometry(augment: Augment, u: dict[str, Tensor], flipped: Tensor) -> Tensor:
    """(N, 2, 3): the window of the random crop, then mirroring, scaling, rotation, and shift."""
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


def _color(augment: Augment, u: dict[str, Tensor]) -> dict[str, Tensor]:
    color = {
        name: 1 + getattr(augment, name) * (2 * u[name] - 1)
        for name in ("brightness", "contrast", "saturation", "gamma")
        if getattr(augment, name)
    }
    if augment.hue:
        color["hue"] = augment.hue * (2 * u["hue"] - 1)
    if augment.blur:
        color["blur"] = augment.blur * u["blur"]
    if augment.compression:
        color["compression"] = torch.floor(augment.compression + u["compression"] * (101 - augment.compression))
    if augment.cutout:
        side = torch.where(u["cutout"] < augment.cutout, augment.cutout_size * u["cutout_size"], 0.0)
        corner = torch.stack([u["cutout_x"], u["cutout_y"]], dim=-1) * (1 - side)[:, None]
        color["cutout"] = torch.cat([corner, corner + side[:, None]], dim=-1)
    return {name: value.float() for name, value in color.items()}


def sample(
    image: Tensor, draws: protocols.Draws, size: int, reach: float, *, mode: Literal["bilinear", "nearest"] = "bilinear"
) -> Tensor:
    """(N, …, S, S) stored crops -> (N, …, size, size), in one sampling step.

    The stored crop covers the face frame out to `reach` (1 + twice its reserve); values beyond it are 0. Frames of a
    clip share a draw.
    """
    stored = image.flatten(1, -3) if image.ndim > 3 else image[:, None]
    affine = (draws.affine / reach).to(stored.dtype)
    grid = affine_grid(affine, [len(stored), 1, size, size], align_corners=False)
    sampled = grid_sample(stored, grid, mode=mode, padding_mode="zeros", align_corners=False)
    return sampled.reshape(*image.shape[:-2], size, size)


def moved(points: Tensor, draws: protocols.Draws, layout: str) -> Tensor:
    """Map points (N, …, K, 2) of the face frame, in [-1, 1], to the augmented crop, in [0, 1].

    A mirror image swaps left and right points.
    """
    inner_axes = (1,) * (points.ndim - 3)
    linear = draws.affine[:, :, :2].inverse().reshape(-1, *inner_axes, 2, 2)
    shift = draws.affine[:, :, 2].reshape(-1, *inner_axes, 1, 2)
    mapped = (points - shift) @ linear.transpose(-1, -2)
    swapped = mapped[..., torch.as_tensor(FLIPS[layout], device=points.device), :]
    return (torch.where(draws.flipped.reshape(-1, *inner_axes, 1, 1), swapped, mapped) + 1) / 2


def composed(crop: Tensor, draws: protocols.Draws) -> Tensor:
    """Crop matrices (N, …, 2, 3) that include the draw: they map the augmented crop to pixels."""
    affine = draws.affine.reshape(-1, *(1,) * (crop.ndim - 3), 2, 3)
    linear = crop[..., :2] @ affine[..., :2]
    shift = crop[..., :2] @ affine[..., 2:] + crop[..., 2:]
    return torch.cat([linear, shift], dim=-1)


def recoloured(image: Tensor, draws: protocols.Draws) -> Tensor:
    """RGB (N, [T,] 3, H, W) in [0, 1] after the drawn changes of color, blur, compression, and cutout."""
    if not draws.colour:
        return image.clamp(0, 1)
    clips = image if image.ndim == 5 else image[:, None]
    flat = rearrange(clips, "n t c h w -> (n t) c h w")
    color = {name: value.repeat_interleave(clips.shape[1], dim=0) for name, value in draws.colour.items()}
    for name in photometry.ORDER:
        if name in color:
            flat = photometry.CHANGES[name](flat, color[name])
    return flat.reshape(image.shape).clamp(0, 1)
