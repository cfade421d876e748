"""Infrared in the crop of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fascore.components.modalities.crop_follower import CropFollower
from fascore.contract.kinds.modality import Arrays, Loaded, ModalityModule
from fascore.contract.record import Record

if TYPE_CHECKING:
    from torch import Tensor

    from fascore.contract.kinds.protocols import Draws

ROBUST = (1.0, 99.0)
"""Percentiles in the face box between which 16-bit pixels are scaled."""


class InfraredModule(ModalityModule):
    """Stores `value` (V, [T,] 1, S, S) as decoded, and `low` and `high` (V, [T]), the pixels that become 0 and 1."""

    def __init__(self, follower: CropFollower, *, limits: tuple[float, float] | None) -> None:
        self.follower, self.limits = follower, limits

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        face = inputs[0]
        shape = face["times"].shape
        values: dict[tuple[int, ...], np.ndarray] = {}
        limits = np.zeros((*shape, 2), dtype=np.float32)
        for place, value, measured, box in self.follower.cuts(record, face, None, exact=False):
            values[place] = value
            limits[place] = self.limits or _limits(value[box][measured[box] > 0])
        table = np.stack([values[place] for place in np.ndindex(shape)])
        return {"value": table.reshape(*shape, 1, *table.shape[1:]), "low": limits[..., 0], "high": limits[..., 1]}

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        from fascore.data.augmentation import sample

        low, high = (stored[name][..., None, None, None] for name in ("low", "high"))
        value = ((stored["value"].float() - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)
        return sample(value, draws, self.follower.size, value.shape[-1] / self.follower.size).clamp(0, 1)


def _limits(face: np.ndarray) -> tuple[float, float]:
    if face.dtype == np.uint8 or not len(face):
        return 0.0, 255.0
    low, high = np.percentile(face, ROBUST)
    return float(low), float(max(high, low + 1))
