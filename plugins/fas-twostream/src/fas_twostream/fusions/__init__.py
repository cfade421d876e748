"""The pyramid modules of the two-stream model, for any Pyramid. Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt

from fas_twostream.fusions.choices import BINS, Direction
from fascore import Fusion, Level, Pyramid, Signal, SpecError, Vector

if TYPE_CHECKING:
    from torch import nn

_PYRAMID = Pyramid((Level(4, (16, 12), 2), Level(6, (8, 6), 4), Level(8, (4, 3), 8)))


class FeaturePyramid(Fusion):
    """Feature pyramid module. Pyramid -> Pyramid of the same sizes.

    A 1x1 convolution brings every level to the same width. With `top_down`, the coarser map is upsampled and added to
    the next finer one, from deep to shallow (section 3.2; Lin et al. 2017). With `bottom_up`, the finer map is
    max-pooled and added to the next coarser one, from shallow to deep (section 3.3). With `none`, levels stay separate.
    """

    type: Literal["twostream.feature_pyramid"] = "twostream.feature_pyramid"
    direction: Direction = Field("top_down", description="direction in which maps are summed")
    channels: PositiveInt = Field(48, description="channels of every level")

    def infer(self, signals: Sequence[Signal]) -> Pyramid:
        levels = _pyramid(self.type, signals).levels
        return Pyramid(tuple(Level(self.channels, level.size, level.stride) for level in levels))

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_twostream.fusions.feature_pyramid import FeaturePyramidModule

        return FeaturePyramidModule(
            [level.channels for level in _pyramid(self.type, signals).levels], self.channels, self.direction
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(channels=5, direction=way), [_PYRAMID]) for way in ("top_down", "bottom_up", "none")]


class PyramidPooling(Fusion):
    """Pyramid pooling of every level (section 3.2; Zhao et al. 2017), averaged over positions.

    Pyramid -> Vector(sum of channels). For each level: average pooling to n x n bins, a 1x1 convolution with batch norm
    and ReLU, bilinear upsampling, concatenation with the level, and a 3x3 convolution back to its channels with batch
    norm and ReLU.
    """

    type: Literal["twostream.pyramid_pooling"] = "twostream.pyramid_pooling"
    bins: tuple[PositiveInt, ...] = Field(
        BINS, min_length=1, description="sides of the grids to which a level is pooled"
    )

    def infer(self, signals: Sequence[Signal]) -> Vector:
        levels = _pyramid(self.type, signals).levels
        if small := [level.channels for level in levels if level.channels < len(self.bins)]:
            raise SpecError(
                f"{self.type}: a level has {small[0]} channels, fewer than {len(self.bins)} bins; put "
                "twostream.feature_pyramid before it"
            )
        return Vector(sum(level.channels for level in levels))

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_twostream.fusions.pyramid_pooling import PyramidPoolingModule

        return PyramidPoolingModule([level.channels for level in _pyramid(self.type, signals).levels], self.bins)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [_PYRAMID]), (cls(bins=(1, 2)), [_PYRAMID])]


def _pyramid(type_: str, signals: Sequence[Signal]) -> Pyramid:
    """The only input. Raises SpecError."""
    if len(signals) != 1 or not isinstance(signals[0], Pyramid):
        got = ", ".join(map(str, signals)) or "nothing"
        raise SpecError(
            f'{type_} accepts one Pyramid, such as the output of a timm encoder with "output": "pyramid"; got {got}'
        )
    return signals[0]


__all__ = ["FeaturePyramid", "PyramidPooling"]
