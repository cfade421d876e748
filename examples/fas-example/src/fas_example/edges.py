"""Gradient magnitude of a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional

from fascore import ModalityModule


class EdgesModule(ModalityModule):
    """|grad| of the mean over channels, by forward differences. Shapes: (N, C, H, W) -> (N, 1, H, W)."""

    def load(self, stored: Mapping[str, Tensor], draws: Any, inputs: Sequence[Any]) -> Tensor:
        gray = functional.pad(inputs[0].mean(1, keepdim=True), (0, 1, 0, 1), mode="replicate")
        across, down = gray[..., :-1, 1:] - gray[..., :-1, :-1], gray[..., 1:, :-1] - gray[..., :-1, :-1]
        return across.hypot(down)
