"""The multi-frame branch, and the single-frame branch for one picture (sections 3.2 and 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fas_twostream.encoders.branch import BranchOptions
from fas_twostream.encoders.conv_lstm import ConvLstm
from fas_twostream.encoders.exploration import STYLED, Restoration, Style
from fas_twostream.encoders.trunk import Trunk, statistics
from fas_twostream.fusions.feature_pyramid import FeaturePyramidModule
from fas_twostream.fusions.pyramid_pooling import PyramidPoolingLevel

Temporal: TypeAlias = Literal["lstm", "conv_lstm", "mean"]
Sequencing: TypeAlias = Literal["last", "mean"]


class MultiFrameEncoder(nn.Module):
    """Shapes: (B, T, 3, H, W) or (B, 3, H, W) -> (B, D); a second argument, L x (B, M, H_i, W_i), weights positions."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        branch: BranchOptions,
        channels: int,
        frames: int,
        *,
        supervised_by: Sequence[int] | None,
        temporal: Temporal,
        hidden: int,
        sequence: Sequencing,
        parts: int,
        denoise: bool,
        style: int | None,
    ) -> None:
        """`channels` are those of a frame; `supervised_by` are those of the second input's maps, or None."""
        super().__init__()
        self.frames, self.levels, self.parts = frames, branch.levels, parts
        self.restoration = Restoration(channels) if denoise else None
        depth = max(branch.levels[-1], len(STYLED) if style else 0)
        self.trunk = Trunk(branch.trunk, channels, depth, pretrained=branch.pretrained)
        self.fpm = FeaturePyramidModule(branch.widths, branch.channels, branch.fpm)
        self.places = nn.ModuleList(
            Place(branch.channels, frames, bins=branch.bins, temporal=temporal, hidden=hidden, sequence=sequence)
            for _ in range(len(branch.levels) * parts**2)
        )
        self.style = Style(style) if style else None
        self.masks = None if supervised_by is None else nn.ModuleList(nn.Conv2d(c, 1, 1) for c in supervised_by)
        mean, deviation = statistics()
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)

    def forward(self, x: Tensor, maps: Sequence[Tensor] | None = None) -> Tensor:
        frames = rearrange(x, "b t c h w -> (b t) c h w") if x.ndim == 5 else x
        seen = (frames - self.mean) / self.deviation if self.restoration is None else frames - self.restoration(frames)
        levels = self.trunk(seen)
        pyramid = self.fpm([levels[level - 1] for level in self.levels])
        cells = self._cells(self._supervised(pyramid, maps))
        features = [place(cell) for place, cell in zip(self.places, cells, strict=True)]
        if self.style is not None:
            features.append(rearrange(self.style(levels), "(b t) d -> b t d", t=self.frames).mean(1))
        return torch.cat(features, dim=1)

    def _supervised(self, levels: list[Tensor], maps: Sequence[Tensor] | None) -> list[Tensor]:
        """Each level times the sigmoid of a 1x1 convolution of the other branch's map; all frames share this map."""
        if self.masks is None or maps is None:
            return levels
        masks = [
            mask(level).sigmoid().repeat_interleave(self.frames, dim=0)
            for mask, level in zip(self.masks, maps, strict=True)
        ]
        return [level * interpolate(mask, size=level.shape[-2:]) for level, mask in zip(levels, masks, strict=True)]

    def _cells(self, levels: list[Tensor]) -> list[Tensor]:
        """Every level cut into parts x parts cells, in row order."""
        if self.parts == 1:
            return levels
        return [
            cell
            for level in levels
            for row in level.tensor_split(self.parts, dim=2)
            for cell in row.tensor_split(self.parts, dim=3)
        ]


class Place(nn.Module):
    """The feature of one level, or of one cell of it: pooling, averaging, and the LSTM.

    Shapes: (B T, C, H, W) -> (B, D).
    """

    def __init__(
        self,
        channels: int,
        frames: int,
        *,
        bins: Sequence[int] | None,
        temporal: Temporal,
        hidden: int,
        sequence: Sequencing,
    ) -> None:
        super().__init__()
        self.frames, self.sequence = frames, sequence
        self.ppm = nn.Identity() if bins is None else PyramidPoolingLevel(channels, bins)
        self.lstm = self.conv_lstm = None
        if frames > 1 and temporal == "lstm":
            self.lstm = nn.LSTM(channels, hidden, batch_first=True, bidirectional=True)
        elif frames > 1 and temporal == "conv_lstm":
            self.conv_lstm = nn.ModuleList(ConvLstm(channels, hidden) for _ in range(2))

    def forward(self, maps: Tensor) -> Tensor:
        maps = rearrange(self.ppm(maps), "(b t) c h w -> b t c h w", t=self.frames)
        if self.conv_lstm is not None:
            states = [self.conv_lstm[0](maps).mean((-2, -1)), self.conv_lstm[1](maps.flip(1)).mean((-2, -1)).flip(1)]
            return self._read(torch.cat(states, dim=2))
        features = maps.mean((-2, -1))
        return features.mean(1) if self.lstm is None else self._read(self.lstm(features)[0])

    def _read(self, states: Tensor) -> Tensor:
        """(B, 2 H) from the states (B, T, 2 H) of both directions: their mean, or the last of each direction.

        The last state of the backward direction is the first in time.
        """
        if self.sequence == "mean":
            return states.mean(1)
        forward, backward = states.chunk(2, dim=2)
        return torch.cat([forward[:, -1], backward[:, 0]], dim=1)
