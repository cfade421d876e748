"""The RGB-difference branch (section 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from fas_twostream.encoders.trunk import Trunk
from fas_twostream.fusions.feature_pyramid import FeaturePyramidModule
from fas_twostream.fusions.pyramid_pooling import PyramidPoolingModule
from fascore import FascoreError, node_weights

if TYPE_CHECKING:
    from fas_twostream.encoders import Difference
    from fascore import Plane


class DifferenceEncoder(nn.Module):
    """Trunk, pyramid from shallow to deep, pooling, concatenation. Shapes: (B, 3k, H, W) -> (B, L C), and with `maps` the pyramid."""

    def __init__(self, config: Difference, plane: Plane) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(config, plane.c, config.levels[-1])
        widths = [level.channels for level in config.pyramid(plane.h, plane.w).levels]
        self.fpm = FeaturePyramidModule(widths, config.channels, config.fpm)
        self.ppm = PyramidPoolingModule([config.channels] * len(widths), config.bins) if config.ppm else None

    def adopt_pretrained(self) -> None:
        """Take the trunk of a trained multi-frame branch, where the config names one. Raises FascoreError."""
        if (source := self.config.trunk_from) is None:
            return
        start = "trunk."
        found = {
            name.removeprefix(start): value
            for name, value in node_weights(source, "trunk_from").items()
            if name.startswith(start)
        }
        try:
            self.trunk.take(found)
        except (KeyError, RuntimeError, ValueError) as error:
            raise FascoreError(
                f"trunk_from: {source} is no node with the trunk '{self.config.trunk}' of a twostream.multi_frame: {error}"
            ) from error

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor | list[Tensor]]:
        levels = self.trunk(x)
        maps = self.fpm([levels[level - 1] for level in self.config.levels])
        feature: Tensor = (
            torch.cat([level.mean((-2, -1)) for level in maps], dim=1) if self.ppm is None else self.ppm(maps)
        )
        return {"": feature, "maps": maps} if self.config.maps else feature
