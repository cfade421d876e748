"""The RGB-difference branch (section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fas_twostream.encoders.branch import BranchOptions
from fas_twostream.encoders.trunk import Trunk
from fas_twostream.fusions.feature_pyramid import FeaturePyramidModule
from fas_twostream.fusions.pyramid_pooling import PyramidPoolingModule
from fascore import FascoreError, node_weights


class DifferenceEncoder(nn.Module):
    """Trunk, pyramid from shallow to deep, pooling, concatenation.

    Shapes: (B, 3k, H, W) -> (B, L C), and the pyramid with `maps`.
    """

    def __init__(self, branch: BranchOptions, channels: int, *, trunk_from: str | None, gives_maps: bool) -> None:
        """`channels` are those of the input; `trunk_from` names the trained branch whose trunk is loaded."""
        super().__init__()
        self.branch, self.trunk_from, self.gives_maps = branch, trunk_from, gives_maps
        self.trunk = Trunk(branch.trunk, channels, branch.levels[-1], pretrained=branch.pretrained)
        self.fpm = FeaturePyramidModule(branch.widths, branch.channels, branch.fpm)
        levels = [branch.channels] * len(branch.levels)
        self.ppm = None if branch.bins is None else PyramidPoolingModule(levels, branch.bins)

    def adopt_pretrained(self) -> None:
        """Load the trunk of a trained multi-frame branch if `trunk_from` names one. Raises FascoreError."""
        if (source := self.trunk_from) is None:
            return
        prefix = "trunk."
        trained = {
            name.removeprefix(prefix): value
            for name, value in node_weights(source, "trunk_from").items()
            if name.startswith(prefix)
        }
        try:
            self.trunk.take(trained)
        except (KeyError, RuntimeError, ValueError) as error:
            raise FascoreError(
                f"trunk_from: {source} is not a twostream.multi_frame node with the trunk "
                f"'{self.branch.trunk}': {error}"
            ) from error

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor | list[Tensor]]:
        levels = self.trunk(x)
        maps = self.fpm([levels[level - 1] for level in self.branch.levels])
        feature: Tensor = (
            torch.cat([level.mean((-2, -1)) for level in maps], dim=1) if self.ppm is None else self.ppm(maps)
        )
        return {"": feature, "maps": maps} if self.gives_maps else feature
