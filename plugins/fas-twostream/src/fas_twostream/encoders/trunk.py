"""MobileNetV3-Small as five levels (Howard et al. 2019), without what stands behind them."""

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
"""Blocks of timm's model at whose end the side has halved: levels 2 to 5."""
BUDGET = 2
"""Blocks that stay of the last stage, so that two branches come to less than 1.73 million parameters."""


class Trunk(nn.Module):
    """Levels 1 to `depth`. Shapes: (B, C, H, W) -> depth x (B, C_i, ceil(H / 2^i), ceil(W / 2^i)).

    Names of parameters are timm's. `channels` other than 3 take the mean over RGB of pretrained weights (section 3.4).
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
        for place, block in enumerate(self.blocks):
            x = block(x)
            if place in ENDS:
                maps.append(x)
        return maps

    def adopt_pretrained(self) -> None:
        """Take timm's weights, where the config asks for them. Raises FascoreError where they cannot be had."""
        if self.pretrained is not False:
            config: Any = load("encoder", "timm").model_validate(
                {"type": "timm", "name": NETWORK, "pretrained": self.pretrained}
            )
            whole = config.build([Image(3, 224, 224)])
            whole.adopt_pretrained()
            self.take(whole.model.state_dict())

    def take(self, tensors: Mapping[str, Tensor]) -> None:
        """Weights of an RGB trunk by timm's names; what stands behind this trunk is left out. Raises KeyError for one that is missing, and
        ValueError for a trunk of other pictures."""
        own = {name: tensors[name] for name in self.state_dict()}
        if (channels := own["conv_stem.weight"].shape[1]) != 3:
            raise ValueError(f"its first convolution reads {channels} channels, not 3")
        if self.channels != 3:
            own["conv_stem.weight"] = inflated(own["conv_stem.weight"], self.channels)
        self.load_state_dict(own)


def inflated(weight: Tensor, channels: int) -> Tensor:
    """Weights (D, 3, k, k) averaged over RGB and repeated, not rescaled: (D, channels, k, k)."""
    return weight.mean(1, keepdim=True).repeat(1, channels, 1, 1)


def statistics() -> tuple[Tensor, Tensor]:
    """Mean and deviation (3, 1, 1) of the pictures that timm's weights were trained on."""
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
