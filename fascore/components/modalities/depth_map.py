"""Depth in the crop of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from fascore.components.modalities.crop_follower import CropFollower
from fascore.contract.errors import NoResponse
from fascore.contract.kinds.modality import Arrays, Loaded, ModalityModule
from fascore.contract.record import Record

if TYPE_CHECKING:
    from torch import Tensor

    from fascore.contract.kinds.protocols import Draws

ROBUST = (2.0, 98.0)
"""Percentiles between which relative depth is scaled."""
FILL = {"far": 0.0, "median": 0.5, "nearest": 0.0}


class DepthMapModule(ModalityModule):
    """Stores (V, T, S, S) `value` as decoded and `valid` uint8, and (V, T) `low`, `median`, `high` of each face box.

    T is 1 for single images.
    """

    def __init__(
        self,
        follower: CropFollower,
        *,
        unit: Literal["metre", "relative", "raw"],
        scale: float,
        span: float,
        near_is_high: bool,
        invalid: int,
        holes: Literal["far", "median", "nearest"],
    ) -> None:
        self.follower, self.unit, self.scale, self.span = follower, unit, scale, span
        self.near_is_high, self.invalid, self.holes = near_is_high, invalid, holes

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        face = inputs[0]
        shape, size = face["times"].shape, self.follower.stored_size(face["value"].shape[-1])
        values: dict[tuple[int, ...], np.ndarray] = {}
        valid = np.zeros((*shape, size, size), dtype=np.uint8)
        levels = np.zeros((*shape, 3), dtype=np.float32)
        for place, value, measured, box in self.follower.cuts(record, face, self.invalid, exact=True):
            face_values = value[box][measured[box] > 0]
            if not len(face_values):
                raise NoResponse("refused", f"channel '{self.follower.channel}' has no measurement in the face")
            low, high = np.percentile(face_values, ROBUST)
            levels[place] = low, np.median(face_values), high
            values[place] = filled(value, measured) if self.holes == "nearest" else value
            valid[place] = measured
        table = np.stack([values[place] for place in np.ndindex(shape)]).reshape(valid.shape)
        arrays = {
            "value": table,
            "valid": valid,
            "low": levels[..., 0],
            "median": levels[..., 1],
            "high": levels[..., 2],
        }
        return arrays if len(shape) == 2 else {name: array[:, None] for name, array in arrays.items()}

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        import torch

        from fascore.data.augmentation import sample

        value, valid = self._normalized(stored), stored["valid"].float()
        weight = torch.ones_like(valid) if self.holes == "nearest" else valid
        size, extent = self.follower.size, value.shape[-1] / self.follower.size
        weighted, share, validity = sample(
            torch.stack([value * weight, weight, valid], dim=1), draws, size, extent
        ).unbind(1)
        fill = torch.full_like(weighted, FILL[self.holes])
        return {
            "": torch.where(share > 1e-3, weighted / share.clamp(min=1e-3), fill).clamp(0, 1),
            "valid": (validity >= 0.5).float(),
        }

    def _normalized(self, stored: Mapping[str, Tensor]) -> Tensor:
        """(N, T, S, S) in [0, 1], near is 1."""
        import torch

        value = stored["value"].float()
        low, median, high = (stored[name][..., None, None] for name in ("low", "median", "high"))
        if self.unit == "metre":
            value = 0.5 + (median - value) * self.scale / self.span
        elif self.unit == "relative":
            value = (value - low) / (high - low).clamp(min=1e-6)
            value = value if self.near_is_high else 1 - value
        else:
            value = value / (255 if stored["value"].dtype == torch.uint8 else 65535)
        return value.clamp(0, 1)


def filled(value: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """A copy in which every unmeasured pixel has the value of the nearest measured pixel."""
    import cv2

    labels = cv2.distanceTransformWithLabels(1 - measured, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    value_of_label = np.zeros(labels.max() + 1, dtype=value.dtype)
    value_of_label[labels[measured > 0]] = value[measured > 0]
    complete: np.ndarray = value_of_label[labels]
    return complete
