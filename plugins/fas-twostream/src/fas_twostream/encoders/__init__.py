"""Encoders of the two-stream model. Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from fas_twostream.encoders.branch import LEVELS, BranchOptions, TrunkName
from fas_twostream.fusions.choices import BINS, Direction
from fascore import Clip, Encoder, Image, Level, Plane, Pyramid, Signal, SpecError, Vector

if TYPE_CHECKING:
    from torch import nn


class Branch(Encoder):
    """The parts that both branches share: MobileNetV3-Small, a feature pyramid and pyramid pooling on five levels."""

    trunk: TrunkName = Field(
        "budget",
        description="MobileNetV3-Small, always without a head; budget: without its last block of 96 "
        "channels; full: with it; port2019: as in a PyTorch port of 2019",
    )
    pretrained: bool | str = Field(
        False,
        description="true: download timm's ImageNet weights; a path: read them from a safetensors file; "
        "false: random weights",
    )
    levels: tuple[int, ...] = Field(
        LEVELS, min_length=1, description="levels of the trunk to use, 1 (stride 2) to 5 (stride 32)"
    )
    channels: PositiveInt = Field(48, description="channels of every level after its 1x1 convolution")
    fpm: Direction = Field(
        "top_down", description="feature pyramid module: direction in which maps are summed; none: levels stay separate"
    )
    ppm: bool = Field(True, description="pyramid pooling module on every level; false: only the average of the level")
    bins: tuple[PositiveInt, ...] = Field(BINS, min_length=1, description="sides of the pyramid pooling grids")

    @field_validator("levels")
    @classmethod
    def _some_of_five(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        if list(levels) != sorted(set(levels)) or not set(levels) <= set(LEVELS):
            raise ValueError(f"'levels' must be increasing numbers from 1 to 5; got {list(levels)}")
        return levels

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.trunk == "port2019" and self.pretrained is not False:
            raise ValueError(
                "there are no ImageNet weights of the port of 2019; set 'pretrained' to false, or 'trunk' to "
                "budget or full"
            )
        if self.ppm and self.channels < len(self.bins):
            raise ValueError(
                f"'channels' is {self.channels}, less than the {len(self.bins)} bins of pyramid pooling; "
                "increase 'channels'"
            )
        return self

    def branch(self) -> BranchOptions:
        """The options from which the modules are built."""
        return BranchOptions(
            trunk=self.trunk,
            pretrained=self.pretrained,
            levels=self.levels,
            channels=self.channels,
            fpm=self.fpm,
            bins=self.bins if self.ppm else None,
        )


class MultiFrame(Branch):
    """The multi-frame branch (section 3.2). Clip -> Vector(5 x 2 x hidden), or Image -> Vector(5 x channels).

    With an Image it is the single-frame branch. Each frame passes through the trunk, the pyramid and the pooling; for
    each level a Bi-LSTM reads the frames in order. Pictures are normalized as for ImageNet. An optional second input,
    the port `maps` of twostream.difference, weights the positions of every level (branch supervision, section 4.5).
    """

    type: Literal["twostream.multi_frame"] = "twostream.multi_frame"
    temporal: Literal["lstm", "conv_lstm", "mean"] = Field(
        "lstm",
        description="how the frames of a Clip are combined: by one Bi-LSTM per level, by one with 3x3 "
        "convolutions on maps, or by averaging",
    )
    hidden: PositiveInt = Field(32, description="width of an LSTM in each direction")
    sequence: Literal["last", "mean"] = Field(
        "last", description="output of an LSTM: the last state of both directions, or their mean over time"
    )
    parts: PositiveInt = Field(
        1,
        description="image patch: every level is cut into parts x parts cells, each with its own pooling and "
        "LSTM; 3 in Table 6",
    )
    denoise: bool = Field(False, description="a U-Net restores the picture, and the trunk reads what the U-Net removed")
    style: PositiveInt | None = Field(
        None,
        description="width of an additional feature computed from the Gram matrices of levels 1 and 2; 64 in Table 6",
    )

    def infer(self, signals: Sequence[Signal]) -> Signal:
        picture, frames = self.picture(signals)
        if len(signals) > 1:
            self._check_maps(signals[1], self.branch().pyramid(picture.h, picture.w))
        width = self.channels if frames == 1 or self.temporal == "mean" else 2 * self.hidden
        return Vector(len(self.levels) * self.parts**2 * width + (self.style or 0))

    def picture(self, signals: Sequence[Signal]) -> tuple[Image, int]:
        """The signal of one frame, and the number of frames. Raises SpecError."""
        got = ", ".join(map(str, signals)) or "nothing"
        if len(signals) not in (1, 2) or not isinstance(signals[0], Clip | Image):
            raise SpecError(
                f"{self.type} accepts the Clip of a twostream.key_frames or an Image, and optionally the "
                f"maps of a difference branch; got {got}"
            )
        first = signals[0]
        smallest = min(-(-first.h >> self.levels[-1]), -(-first.w >> self.levels[-1]))
        if smallest < self.parts:
            raise SpecError(
                f"{self.type}: level {self.levels[-1]} of {first} has {smallest} positions per side, too few "
                f"for {self.parts} parts; increase 'size'"
            )
        return Image(first.c, first.h, first.w), first.t if isinstance(first, Clip) else 1

    def _check_maps(self, maps: Signal, own: Pyramid) -> None:
        if not isinstance(maps, Pyramid) or [level.size for level in maps.levels] != [
            level.size for level in own.levels
        ]:
            raise SpecError(
                f"{self.type}: the second input must be one map per level, such as 'maps' of a "
                f"twostream.difference with the same 'levels'; got {maps}"
            )

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_twostream.encoders.multi_frame import MultiFrameEncoder

        self.infer(signals)
        picture, frames = self.picture(signals)
        return MultiFrameEncoder(
            self.branch(),
            picture.c,
            frames,
            supervised_by=[shape[0] for shape in signals[1].shapes] if len(signals) > 1 else None,
            temporal=self.temporal,
            hidden=self.hidden,
            sequence=self.sequence,
            parts=self.parts,
            denoise=self.denoise,
            style=self.style,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"channels": 8, "hidden": 4}
        clip, image = Clip(2, 3, 64, 64), Image(3, 48, 64)
        maps = Pyramid(tuple(Level(6, (64 >> n, 64 >> n), 2**n) for n in LEVELS))
        return [
            (cls.model_validate(small), [clip]),
            (cls.model_validate({**small, "levels": [3, 5], "fpm": "none", "ppm": False, "sequence": "mean"}), [clip]),
            (cls.model_validate({**small, "style": 5}), [image]),
            (cls.model_validate({**small, "levels": [4, 5], "temporal": "conv_lstm", "parts": 2}), [clip]),
            (
                cls.model_validate({**small, "levels": [5], "denoise": True, "trunk": "port2019", "temporal": "mean"}),
                [clip],
            ),
            (cls.model_validate(small), [clip, maps]),
        ]


class Difference(Branch):
    """The RGB difference branch (section 3.3): Plane of stacked differences or of flow -> Vector(5 x channels).

    The pyramid runs from shallow to deep. Differences are not normalized. Pretrained weights of the first convolution
    are averaged over RGB and repeated for each channel (section 3.4).
    """

    type: Literal["twostream.difference"] = "twostream.difference"
    fpm: Direction = Field(
        "bottom_up",
        description="feature pyramid module: direction in which maps are summed; none: levels stay separate",
    )
    trunk_from: str | None = Field(
        None,
        description="folder of a run with '#node': start from the trunk of its trained twostream.multi_frame "
        "instead of ImageNet",
    )
    maps: bool = Field(False, description="also produce the maps of the pyramid as port 'maps', for branch supervision")

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.trunk_from is not None and self.pretrained is not False:
            raise ValueError("'pretrained' and 'trunk_from' both set the initial weights; leave out one")
        return self

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        plane = self.plane(signals)
        feature = Vector(len(self.levels) * self.channels)
        if not self.maps:
            return feature
        return {
            "": feature,
            "maps": Pyramid(
                tuple(Level(self.channels, v.size, v.stride) for v in self.branch().pyramid(plane.h, plane.w).levels)
            ),
        }

    def plane(self, signals: Sequence[Signal]) -> Plane:
        """The only input. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Plane):
            raise SpecError(
                f"{self.type} accepts one Plane, such as the output of difference or twostream.optical_flow; "
                f"got {', '.join(map(str, signals)) or 'nothing'}"
            )
        return signals[0]

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_twostream.encoders.difference import DifferenceEncoder

        return DifferenceEncoder(self.branch(), self.plane(signals).c, trunk_from=self.trunk_from, gives_maps=self.maps)

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(channels=8), [Plane(12, 64, 64)]),
            (cls(channels=8, trunk="full", maps=True), [Plane(6, 33, 48)]),
            (cls(channels=8, fpm="none", ppm=False, levels=(2, 5), trunk="port2019"), [Plane(4, 64, 64)]),
        ]


__all__ = ["Branch", "Difference", "MultiFrame"]
