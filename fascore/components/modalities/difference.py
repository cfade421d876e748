"""Differences of consecutive frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from fascore.contract.kinds.modality import Loaded, ModalityModule

if TYPE_CHECKING:
    from torch import Tensor

    from fascore.contract.kinds.protocols import Draws


class DifferenceModule(ModalityModule):
    """d_t = x_(t+1) - x_t. Shapes: (N, T, C, H, W) -> (N, (T - 1) * C, H, W) or (N, T - 1, C, H, W)."""

    def __init__(self, form: Literal["stacked", "clip"]) -> None:
        self.form = form

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        from torch import Tensor

        (clip,) = inputs
        assert isinstance(clip, Tensor)
        change = clip[:, 1:] - clip[:, :-1]
        return change.flatten(1, 2) if self.form == "stacked" else (change + 1) / 2
