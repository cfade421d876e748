"""The height of a face, computed from its landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from fascore.contract.kinds.modality import Arrays, Loaded, ModalityModule
from fascore.contract.record import BONA_FIDE, Record
from fascore.data.geometry import FIVE

if TYPE_CHECKING:
    from torch import Tensor

    from fascore.contract.kinds.protocols import Draws

CENTER, AXES = (0.0, 0.14), (0.72, 0.93)
"""Ellipse of the face outline in the template's frame, from hairline to chin and 2.3 eye distances wide.

The eyes are at y = -0.08 and the mouth is at y = 0.65."""
NOSE, NOSE_WIDTH, NOSE_HEIGHT = (0.0, 0.28), 0.18, 0.25
"""Tip of the nose: a Gaussian on top of an ellipsoid; together they reach 1 at most."""


class PseudoDepthModule(ModalityModule):
    """Stores `shaped` (V, 1): 1 if the target is a face, 0 if it is flat.

    The map is computed when loading, so that it matches the augmented points.
    """

    def __init__(self, size: int, attacks: Literal["flat", "face"]) -> None:
        self.size, self.attacks = size, attacks

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        shaped = record.label == BONA_FIDE or self.attacks == "face"
        return {"shaped": np.full((len(inputs[0]["points"]), 1), shaped, dtype=np.float32)}

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        from torch import Tensor

        (points,) = inputs
        assert isinstance(points, Tensor)
        return height_map(points, self.size) * stored["shaped"][:, :, None, None]


def height_map(points: Tensor, size: int) -> Tensor:
    """(N, 5, 68 or 140, 2) points in [0, 1] -> (N, 1, size, size) heights in [0, 1], 0 outside the face.

    The affine map from five points to the template, by least squares, maps each pixel to the canonical face.
    """
    import torch

    five = _five(points)
    ones = torch.ones_like(five[..., :1])
    template = torch.as_tensor(FIVE, device=points.device, dtype=points.dtype).expand(len(points), -1, -1)
    affine = torch.linalg.lstsq(torch.cat([five, ones], dim=-1), template).solution
    centers = (torch.arange(size, device=points.device, dtype=points.dtype) + 0.5) / size
    y, x = torch.meshgrid(centers, centers, indexing="ij")
    pixels = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    return canonical_height(torch.einsum("hwi,nij->nhwj", pixels, affine))[:, None]


def canonical_height(place: Tensor) -> Tensor:
    """Height of the canonical face at points (…, 2) of the template's frame: an ellipsoid and a nose, 1 at its tip."""
    import torch

    offset = (place - place.new_tensor(CENTER)) / place.new_tensor(AXES)
    dome = (1 - (offset**2).sum(-1)).clamp(min=0)
    nose = torch.exp(-((place - place.new_tensor(NOSE)) ** 2).sum(-1) / (2 * NOSE_WIDTH**2))
    return ((1 - NOSE_HEIGHT) * dome.sqrt() + NOSE_HEIGHT * nose * (dome > 0)).clamp(0, 1)


def _five(points: Tensor) -> Tensor:
    """`fascore.data.geometry.five_of`, for tensors."""
    import torch

    if points.shape[1] == len(FIVE):
        return points
    eyes = [points[:, 36:42].mean(1), points[:, 42:48].mean(1)]
    return torch.stack([*eyes, points[:, 30], points[:, 48], points[:, 54]], dim=1)
