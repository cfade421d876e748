"""The generator of polysemantic spoof traces (Li et al., Fig. 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fas_physttd.patchgan import doubling
from fascore import Encoder, Fusion, Image, Level, Plane


def replicated(picture: Tensor, channels: int) -> Tensor:
    """(B, 1 or `channels`, H, W) -> (B, channels, H, W)."""
    return picture.expand(-1, channels, -1, -1)


class Residual(nn.Module):
    """relu(x + f(x)); f is `depth` 3 x 3 convolutions with batch norm and ReLU between them."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


def up(before: int, width: int, kernel: int, depth: int) -> nn.Sequential:
    """Upsampling by 2: transposed convolution, batch norm, ReLU, and a residual block unless `depth` is 0."""
    layers: list[nn.Module] = [doubling(before, width, kernel), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers, *([Residual(width, depth)] if depth else []))


class Decoded(NamedTuple):
    """Trace (B, C, N, N) in [-1, 1] and the first feature after all skips (B, D), pooled or flattened."""

    trace: Tensor
    feature: Tensor


class Decoder(nn.Module):
    """Decoder from the deepest map to the trace; the maps of the other stages are concatenated at their size."""

    def __init__(
        self, levels: Sequence[Level], channels: int, *, widths: Sequence[int], kernel: int, residual: int, pooled: bool
    ) -> None:
        super().__init__()
        self.pooled = pooled
        stride, before = levels[-1].stride, levels[-1].channels
        skips = {level.stride: level.channels for level in levels[:-1]}
        self.skips: list[int | None] = []
        self.ups = nn.ModuleList()
        for width in widths[-(stride.bit_length() - 1) :]:
            self.ups.append(up(before, width, kernel, residual))
            stride //= 2
            self.skips.append(next((i for i, level in enumerate(levels[:-1]) if level.stride == stride), None))
            before = width + skips.get(stride, 0)
        self.last_skip = max(place for place, skip in enumerate(self.skips) if skip is not None)
        self.out = nn.Conv2d(before, channels, 3, padding=1)

    def forward(self, maps: Sequence[Tensor]) -> Decoded:
        x = maps[-1]
        feature = x
        for place, (layer, skip) in enumerate(zip(self.ups, self.skips, strict=True)):
            x = layer(x)
            if place == self.last_skip + 1:
                feature = x
            if skip is not None:
                x = torch.cat([x, maps[skip]], dim=1)
        return Decoded(torch.tanh(self.out(x)).float(), feature.mean((2, 3)) if self.pooled else feature.flatten(1))


class GeneratorModule(nn.Module):
    """Traces of all streams, and inputs of heads and objectives; `Generator` describes the ports."""

    def __init__(
        self,
        pictures: Mapping[str, Image],
        encoder: Encoder,
        levels: Sequence[Level],
        fusion: Fusion,
        *,
        widths: Sequence[int],
        kernel: int,
        residual: int,
        pooled: bool,
        frozen_norm: Sequence[str],
    ) -> None:
        """`pictures` are the encoder inputs by stream name; `levels` are the maps that each encoder returns."""
        super().__init__()
        self.streams, self.frozen_norm = tuple(pictures), frozen_norm
        self.channels = [picture.c for picture in pictures.values()]
        self.encoders = nn.ModuleList(encoder.build([picture]) for picture in pictures.values())
        maps = [[Plane(level.channels, *level.size)] * len(pictures) for level in levels]
        self.fusions = (
            nn.ModuleList(fusion.build(signals) for signals in maps) if len(pictures) > 1 else nn.ModuleList()
        )
        self.decoders = nn.ModuleList(
            Decoder(levels, channels, widths=widths, kernel=kernel, residual=residual, pooled=pooled)
            for channels in self.channels
        )
        self.stages = _stages(self.encoders[0])

    def train(self, mode: bool = True) -> GeneratorModule:
        """Set the mode, but batch norms of streams in `frozen_norm` always use their stored statistics."""
        super().train(mode)
        for name, encoder in zip(self.streams, self.encoders, strict=True):
            for module in encoder.modules() if name in self.frozen_norm else ():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, *pictures: Tensor) -> dict[str, Tensor]:
        images = [replicated(picture, channels) for picture, channels in zip(pictures, self.channels, strict=True)]
        skips, bottlenecks = self._encoded(images)
        ports: dict[str, Tensor] = {}
        for name, image, maps, bottleneck, decoder in zip(
            self.streams, images, skips, bottlenecks, self.decoders, strict=True
        ):
            decoded: Decoded = decoder(maps)
            ports |= {f"{name}_trace": decoded.trace, f"{name}_live": image.float() - decoded.trace}
            ports |= {f"{name}_bottleneck": bottleneck.mean((2, 3)), f"{name}_feature": decoded.feature}
        return ports

    def _encoded(self, images: Sequence[Tensor]) -> tuple[list[list[Tensor]], list[Tensor]]:
        """Maps of every stage for the decoder of each stream, and the deepest map of each stream."""
        encoders: list[Any] = list(self.encoders)
        maps = [(image - encoder.mean) / encoder.deviation for image, encoder in zip(images, encoders, strict=True)]
        skips: list[list[Tensor]] = [[] for _ in images]
        for stage, names in enumerate(self.stages):
            maps = [_through(encoder.model, names, x) for encoder, x in zip(encoders, maps, strict=True)]
            decoded = maps
            if self.fusions:
                fused = self.fusions[stage](*maps)
                maps = [fused[str(place)] for place in range(len(maps))]
                decoded = [fused["merged"]] * len(maps) if "merged" in fused else maps
            for stream_skips, x in zip(skips, decoded, strict=True):
                stream_skips.append(x)
        return skips, maps


def _stages(encoder: Any) -> list[list[str]]:
    """Names of the network's modules, split after each map that it returns."""
    stages: list[list[str]] = [[]]
    for name in encoder.model:
        stages[-1].append(name)
        if name in encoder.model.return_layers:
            stages.append([])
    return [names for names in stages if names]


def _through(model: Any, names: Sequence[str], x: Tensor) -> Tensor:
    for name in names:
        x = model[name](x)
    return x
