"""MobileNetV3-Small as five levels (Howard et al. 2019), without the layers after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import timm
import torch
from torch import Tensor, nn

from fas_twostream.encoders.branch import TrunkName
from fas_twostream.encoders.port2019 import port2019_blocks
from fascore import Image, load

NETWORK = "mobilenetv3_small_100"
ENDS = (0, 1, 3, 4)
"""Blocks of timm's model that end levels 2 to 5; each level halves the side."""
BUDGET = 2
"""Number of blocks kept in the last stage, so that two branches have fewer than 1.73 million parameters."""


class Trunk(nn.Module):
    """Levels 1 to `depth`. Shapes: (B, C, H, W) -> depth x (B, C_i, ceil(H / 2^i), ceil(W / 2^i)).

    Parameter names are those of timm. If `channels` is not 3, pretrained weights are averaged over RGB (section 3.4).
    """

    def __init__(self, trunk: TrunkName, channels: int, depth: int, *, pretrained: bool | str = False) -> None:
        super().__init__()
        self.pretrained, self.channels = pretrained, channels
        self.conv_stem, self.bn1, self.blocks = _stem_and_stages(trunk)
        if channels != 3:
            self.conv_stem = nn.Conv2d(channels, self.conv_stem.out_channels, 3, stride=2, padding=1, bias=False)
        self.blocks = self.blocks[: ENDS[depth - 2] + 1 if depth > 1 else 0]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.bn1(self.conv_stem(x))
        maps = [x]
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in ENDS:
                maps.append(x)
        return maps

    def adopt_pretrained(self) -> None:
        """Load timm's weights if the config requests them. Raises FascoreError if they are not available."""
        if self.pretrained is not False:
            config: Any = load("encoder", "timm").model_validate(
                {"type": "timm", "name": NETWORK, "pretrained": self.pretrained}
            )
            whole = config.build([Image(3, 224, 224)])
            whole.adopt_pretrained()
            self.take(whole.model.state_dict())

    def take(self, tensors: Mapping[str, Tensor]) -> None:
        """Load the weights of an RGB trunk under timm's names; layers after this trunk are left out.

        Raises KeyError if a weight is missing, and ValueError if the other trunk does not read RGB pictures.
        """
        own = {name: tensors[name] for name in self.state_dict()}
        if (channels := own["conv_stem.weight"].shape[1]) != 3:
            raise ValueError(f"its first convolution reads {channels} channels, not 3")
        if self.channels != 3:
            own["conv_stem.weight"] = inflated(own["conv_stem.weight"], self.channels)
        self.load_state_dict(own)


def inflated(weight: Tensor, channels: int) -> Tensor:
    """Weights (D, 3, k, k) averaged over RGB and repeated without rescaling: (D, channels, k, k)."""
    return weight.mean(1, keepdim=True).repeat(1, channels, 1, 1)


def statistics() -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3, 1, 1) of the pictures on which timm's weights were trained."""
    facts = timm.get_pretrained_cfg(NETWORK)
    return torch.tensor(facts.mean).view(3, 1, 1), torch.tensor(facts.std).view(3, 1, 1)


def _stem_and_stages(trunk: TrunkName) -> tuple[nn.Conv2d, nn.Module, nn.Sequential]:
    if trunk == "port2019":
        return port2019_blocks()
    model = timm.create_model(NETWORK, num_classes=0)
    blocks = cast(nn.Sequential, model.blocks)[:5]
    if trunk == "budget":
        blocks[4] = cast(nn.Sequential, blocks[4])[:BUDGET]
    return cast(nn.Conv2d, model.conv_stem), model.bn1, blocks
