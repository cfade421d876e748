"""The generator of PhySTD: encoder, decoder, and depth head (Liu and Liu, Fig. 4; layers as in docs/papers/physttd.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fas_physttd.filters import Shrink, split
from fas_physttd.patchgan import block, doubling, initialize
from fas_physttd.physttd.equations import Traces, reconstruct
from fas_physttd.physttd.widths import Widths


class GeneratorModule(nn.Module):
    """Shapes: (B, 3, N, N) -> ports `b`, `c`, `t` (B, 3, N, N), `p` (B, 1, N, N), `content`, `live` (B, 3, N, N), `depth` (B, 1, N/8, N/8)."""

    def __init__(
        self,
        widths: Widths,
        *,
        additive: Sequence[str],
        decompose: bool,
        amplify_c: float,
        amplify_t: float,
        lowpass: Shrink,
        kernel: int,
        heads: Literal["joint", "separate"],
        softness: float,
        attention: Sequence[int],
        dropout: float,
    ) -> None:
        super().__init__()
        self.additive, self.softness = tuple(additive), softness
        self.decompose, self.amplify_c, self.amplify_t, self.lowpass = decompose, amplify_c, amplify_t, lowpass
        self.encoder = Encoder(9 if decompose else 3, widths)
        self.decoder = Decoder([3 * len(self.additive), 1, 3], widths, kernel=kernel, joint=heads == "joint")
        self.depth = DepthHead(widths, attention=attention, dropout=dropout)
        self.apply(initialize)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        features = self.encoder(self.decomposed(image) if self.decompose else image)
        last, maps = self.decoder(features)
        raw = maps.float()
        names = self.additive
        additive = dict(zip(names, (raw[:, : 3 * len(names)] / self.softness).tanh().split(3, dim=1), strict=True))
        traces = Traces(additive, raw[:, -4:-3].sigmoid(), raw[:, -3:].sigmoid(), self.lowpass)
        return {
            **additive,
            "p": traces.p,
            "content": traces.content,
            "depth": self.depth([*features, last]).float(),
            "live": reconstruct(image, traces).high,
            **{f"f{i + 1}": feature for i, feature in enumerate(features)},
        }

    def decomposed(self, image: Tensor) -> Tensor:
        """(B, 9, N, N): [I_B, 15 I_C, 25 I_T]."""
        bands = split(image, self.lowpass)
        return torch.cat([bands.b, self.amplify_c * bands.c, self.amplify_t * bands.t], dim=1)


class Encoder(nn.Module):
    """Shapes: (B, C, N, N) -> F1 of N/2, F2 of N/4, F3 of N/8."""

    def __init__(self, channels: int, widths: Widths) -> None:
        super().__init__()
        self.stem = block(channels, widths.first)
        self.blocks = nn.ModuleList()
        before = widths.first
        for middle, after in zip(widths.middle, widths.features, strict=True):
            self.blocks.append(nn.Sequential(block(before, before), block(before, middle), block(middle, after, 2)))
            before = after

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        features = []
        for halving in self.blocks:
            x = halving(x)
            features.append(x)
        return features


class Decoder(nn.Module):
    """U-Net decoder with concatenated skips. F1, F2, F3 -> U3 (B, C, N, N) and the maps (B, sum of outputs, N, N).

    `outputs` are the channel counts of the additive traces, P, and its content, from one joint head or one head each.
    """

    def __init__(self, outputs: Sequence[int], widths: Widths, *, kernel: int, joint: bool) -> None:
        super().__init__()
        f1, f2, f3 = widths.features
        u1, u2, u3 = widths.decoder
        self.up1, self.up2, self.up3 = (_up(a, b, kernel) for a, b in ((f3, u1), (u1 + f2, u2), (u2 + f1, u3)))
        heads = [_head(u3, widths.head, count) for count in ([sum(outputs)] if joint else outputs)]
        self.head = heads[0] if joint else nn.ModuleList(heads)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        f1, f2, f3 = features
        last = self.up3(torch.cat([self.up2(torch.cat([self.up1(f3), f2], dim=1)), f1], dim=1))
        return last, torch.cat([head(last) for head in self.head], dim=1) if isinstance(
            self.head, nn.ModuleList
        ) else self.head(last)


class DepthHead(nn.Module):
    """Depth map from attended features, resized to N/8 and concatenated. F1, F2, F3, U3 -> (B, 1, N/8, N/8) in [0, 1]."""

    def __init__(self, widths: Widths, *, attention: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.attention = nn.ModuleList(SpatialAttention(kernel) for kernel in attention)
        first, second = widths.depth
        self.layers = nn.Sequential(
            block(sum(widths.features) + widths.decoder[-1], first),
            nn.Dropout(dropout),
            block(first, second),
            nn.Dropout(dropout),
            nn.Conv2d(second, 1, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        size = features[2].shape[-2:]
        attended = [attention(feature) for attention, feature in zip(self.attention, features, strict=True)]
        resized = [interpolate(feature, size=size, mode="bilinear", align_corners=False) for feature in attended]
        depth: Tensor = self.layers(torch.cat(resized, dim=1))
        return depth


class SpatialAttention(nn.Module):
    """x * sigmoid(conv_k [mean over channels, max over channels]) (CDCN++, Yu et al. 2020). Shapes: (B, C, H, W) -> the same."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        summary = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        attended: Tensor = x * self.convolution(summary).sigmoid()
        return attended


def _up(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(doubling(inputs, outputs, kernel), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2))


def _head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(block(inputs, hidden), nn.Conv2d(hidden, outputs, 3, padding=1))
