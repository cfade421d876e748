"""DeepPixBiS (George and Marcel, Deep Pixel-wise Binary Supervision, ICB 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from fascore import Encoder, Signal

LAST = "transition2"


class DeepPixBisEncoder(nn.Module):
    """The layers of a DenseNet up to the second transition.

    Shapes: (B, C, H, W) -> (B, 384, H / 16, W / 16) for DenseNet-161.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: Encoder, signals: Sequence[Signal]) -> None:
        super().__init__()
        self.network, self.signals = network, tuple(signals)
        whole: Any = network.build(signals)
        self.features = _first_layers(whole)
        self.register_buffer("mean", whole.mean, persistent=False)
        self.register_buffer("deviation", whole.deviation, persistent=False)

    def adopt_pretrained(self) -> None:
        """Load the first layers of timm's weights if the network requests them. Raises FascoreError."""
        if getattr(self.network, "pretrained", False) is not False:
            whole: Any = self.network.build(self.signals)
            whole.adopt_pretrained()
            self.features.load_state_dict(_first_layers(whole).state_dict())

    def forward(self, x: Tensor) -> Tensor:
        feature: Tensor = self.features((x - self.mean) / self.deviation)
        return feature


def _first_layers(whole: Any) -> nn.Sequential:
    layers = dict(whole.model.features.named_children())
    kept = list(layers)[: list(layers).index(LAST) + 1]
    return nn.Sequential(*(layers[name] for name in kept))
