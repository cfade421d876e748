"""Prior masks P0: pixels where an attack of a species cannot have been inpainted (Liu and Liu, PhySTD, Fig. 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from fas_physttd.physttd.regions import Region

FIVE = {"five": ([0], [1], [2], [3], [4]), "68": (range(36, 42), range(42, 48), [30], [48], [54])}
"""Per layout, the points whose means are left eye, right eye, nose tip, and mouth corners; `mesh140` begins with the 68."""


def region_of(species: str | None, regions: Mapping[str, Region]) -> Region:
    """Region where an attack of this species may be inpainted: that of the longest matching prefix, else the face."""
    matching = [prefix for prefix in regions if (species or "").startswith(prefix)]
    return regions[max(matching, key=len)] if matching else "face"


def prior_masks(
    species: Sequence[str | None], points: Tensor, outline: Tensor, size: int, regions: Mapping[str, Region]
) -> Tensor:
    """(B, 1, size, size): 1 where nothing may be inpainted.

    `points` (B, Q, 2) in [0, 1] divide the face at the nose tip, perpendicular to the line from the eyes to the mouth.
    `outline` (B, 1, K, K) is above 0 in the face.
    """
    face = interpolate((outline > 0).float(), size=(size, size), mode="bilinear", align_corners=False) > 0.5
    upper = _above_nose(points, size)[:, None]
    allowed = {
        "nowhere": torch.zeros_like(face),
        "anywhere": torch.ones_like(face),
        "face": face,
        "upper": face & upper,
        "lower": face & ~upper,
    }
    rows = [allowed[region_of(name, regions)][row] for row, name in enumerate(species)]
    return (~torch.stack(rows)).float()


def _above_nose(points: Tensor, size: int) -> Tensor:
    """(B, size, size) bool: pixels closer to the eyes than the nose tip is, along the axis of the face."""
    places = FIVE["five" if points.shape[1] == 5 else "68"]
    left, right, nose, *mouth = (points[:, list(place)].mean(1) for place in places)
    axis = (mouth[0] + mouth[1]) / 2 - (left + right) / 2
    centers = (torch.arange(size, device=points.device, dtype=points.dtype) + 0.5) / size
    y, x = torch.meshgrid(centers, centers, indexing="ij")
    along = torch.einsum("hwc,bc->bhw", torch.stack([x, y], dim=-1), axis)
    return along < (nose * axis).sum(1)[:, None, None]
