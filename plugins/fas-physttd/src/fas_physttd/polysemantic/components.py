"""The generator of polysemantic spoof traces, its classifier, and the intensity loss (Li et al.). Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from fascore import (
    Encoder,
    Fusion,
    Head,
    Image,
    Labels,
    Objective,
    Plane,
    Pyramid,
    Signal,
    Slot,
    SpecError,
    Target,
    Vector,
    replaced,
)

if TYPE_CHECKING:
    from torch import nn

_RESNET50: Any = {"type": "timm", "name": "resnet50"}
_GATE: Any = {"type": "physttd.recalibrating_gate"}
COLORS = 3
"""Channels of a replicated input and of its trace; ImageNet weights need three."""


def square(owner: str, signals: Sequence[Signal]) -> list[Image | Plane]:
    """Square pictures of one size. Raises SpecError."""
    pictures = [signal for signal in signals if isinstance(signal, Image | Plane)]
    if not pictures or len(pictures) < len(signals):
        raise SpecError(
            f"{owner} reads one Image or Plane per stream, single frames and not clips; got {', '.join(map(str, signals)) or 'nothing'}"
        )
    if len({(signal.h, signal.w) for signal in pictures}) > 1 or pictures[0].h != pictures[0].w:
        raise SpecError(
            f"{owner} reads squares of one size; got {', '.join(map(str, signals))}: set the same 'size' for all modalities"
        )
    return pictures


class Generator(Encoder):
    """Two-stream generator of spoof traces (Li et al., Fig. 1): one Image or Plane (C, N, N) per stream, N a multiple of 16.

    Each stream consists of the stages of a ResNet, a fusion of all streams after every stage, and a decoder with skips.
    Ports of a stream `rgb`: `rgb_trace`, T in [-1, 1], and `rgb_live`, I - T (not clamped, therefore a Plane), both (3,
    N, N); `rgb_bottleneck`, the pooled feature for an intermediate head (Eq. 11); `rgb_feature`, the first feature
    after all skips, pooled (Eq. 10). With resnet50, the encoder has 8,543,296 and the decoder 7,763,619 parameters per
    stream.
    """

    type: Literal["physttd.polysemantic"] = "physttd.polysemantic"
    streams: tuple[str, ...] = Field(
        ("rgb", "depth"), min_length=1, description="names of the streams, one per input; the ports use them"
    )
    network: Slot[Encoder] = Field(
        _RESNET50, description="a timm ResNet; published: resnet50 with ImageNet weights (pretrained)"
    )
    stages: Literal[2, 3] = Field(
        3,
        description="residual stages of an encoder; 3 interprets 'first three blocks' as stem, layer1, layer2, layer3",
    )
    fusion: Slot[Fusion] = Field(
        _GATE,
        description="exchange between streams after each stage, with one output per stream; not used with a single stream",
    )
    widths: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = Field(
        (256, 128, 64, 32),
        description="channels after the upsampling layers of a decoder; with two stages, only the last three apply",
    )
    kernel: Literal[2, 3, 4] = Field(4, description="kernel size of the transposed convolutions")
    residual: NonNegativeInt = Field(
        2, description="convolutions of the residual block after each transposed convolution; 0: no block"
    )
    feature: Literal["pooled", "flat"] = Field(
        "pooled", description="feature for the center loss: pooled: the mean over places; flat: every place"
    )
    replicate: bool = Field(
        True,
        description="repeat a one-channel input to the three channels that ImageNet weights need; its trace then also has three",
    )
    frozen_norm: tuple[str, ...] = Field(
        ("rgb",),
        description="streams whose encoder uses its stored batch statistics also in training; use an empty list without ImageNet weights",
    )

    @model_validator(mode="after")
    def _fields_agree(self) -> Generator:
        if self.network.type != "timm" or self.network.weights is not None:
            raise ValueError(
                f"'network' must be a timm encoder whose weights are set by 'pretrained'; got {self.network.canonical()}"
            )
        if len(set(self.streams)) < len(self.streams) or any(
            not name.isalnum() or not name.islower() for name in self.streams
        ):
            raise ValueError(
                f"'streams' must be different names of lowercase letters and digits; got {', '.join(self.streams)}"
            )
        return self

    def encoder(self) -> Encoder:
        """The network of one stream, as a pyramid of its stages."""
        return replaced(self.network, output="pyramid", levels=list(range(1, self.stages + 1)))

    def pictures(self, signals: Sequence[Signal]) -> list[Image]:
        """Input of the encoder of each stream. Raises SpecError."""
        if len(signals) != len(self.streams):
            raise SpecError(
                f"{self.type} has the streams {', '.join(self.streams)}, but {len(signals)} inputs; name one input per stream"
            )
        squares = square(self.type, signals)
        if squares[0].w % 16:
            raise SpecError(
                f"{self.type}: the side is {squares[0].w} pixels; use a multiple of 16, because the size is halved four times"
            )
        return [
            Image(COLORS if self.replicate and signal.c == 1 else signal.c, signal.h, signal.w) for signal in squares
        ]

    def levels(self, picture: Image) -> Pyramid:
        """Maps of the stages. Raises SpecError for a network without such stages."""
        pyramid = self.encoder().infer([picture])
        strides = tuple(4 << stage for stage in range(self.stages))
        if not isinstance(pyramid, Pyramid) or tuple(level.stride for level in pyramid.levels) != strides:
            raise SpecError(
                f"{self.type}: the stages of the network do not have the strides {', '.join(map(str, strides))}; use a ResNet such as resnet50"
            )
        return pyramid

    def infer(self, signals: Sequence[Signal]) -> Mapping[str, Signal]:
        pictures = self.pictures(signals)
        levels = self.levels(pictures[0]).levels
        if len(pictures) > 1:
            for level in levels:
                self._fuses([Plane(level.channels, *level.size)] * len(pictures))
        ports: dict[str, Signal] = {}
        for name, picture in zip(self.streams, pictures, strict=True):
            plane = Plane(picture.c, picture.h, picture.w)
            ports |= {f"{name}_trace": plane, f"{name}_live": plane}
            places = 1 if self.feature == "pooled" else picture.h * picture.w // 4
            ports |= {
                f"{name}_bottleneck": Vector(levels[-1].channels),
                f"{name}_feature": Vector(self.widths[2] * places),
            }
        return ports

    def _fuses(self, maps: Sequence[Plane]) -> None:
        inferred = self.fusion.infer(maps)
        expected = {str(place): plane for place, plane in enumerate(maps)}
        ports = dict(inferred) if isinstance(inferred, Mapping) else {"": inferred}
        if ports.pop("merged", maps[0]) != maps[0] or ports != expected:
            raise SpecError(
                f"{self.type} needs a fusion with one output per stream, of the shape of its input, and at most one more, 'merged', for the skips; "
                f"{self.fusion.type} has other outputs: use physttd.recalibrating_gate, physttd.sa_gate, or physttd.concat_gate"
            )

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.polysemantic.generator import GeneratorModule

        self.infer(signals)
        pictures = self.pictures(signals)
        return GeneratorModule(
            dict(zip(self.streams, pictures, strict=True)),
            self.encoder(),
            self.levels(pictures[0]).levels,
            self.fusion,
            widths=self.widths,
            kernel=self.kernel,
            residual=self.residual,
            pooled=self.feature == "pooled",
            frozen_norm=self.frozen_norm,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"network": {"type": "timm", "name": "test_resnet"}, "widths": (8, 8, 6, 4), "frozen_norm": []}
        wide: dict[str, Any] = {
            "fusion": {"type": "physttd.recalibrating_gate", "reduction": 2}
        }  # a wider hidden layer, so that not all of its units are dead
        other: dict[str, Any] = {
            "fusion": {"type": "physttd.sa_gate", "reduction": 2},
            "stages": 2,
            "replicate": False,
            "kernel": 3,
            "residual": 1,
            "feature": "flat",
        }
        pair = [Image(3, 32, 32), Plane(1, 32, 32)]
        return [
            (cls.model_validate({**small, **wide}), pair),
            (cls.model_validate({**small, **other}), pair),
            (cls.model_validate({**small, "streams": ["depth"]}), pair[1:]),
        ]


class _Gate(Fusion):
    """Base of fusions that read one map (C, H, W) per stream and return one map of the same shape per stream."""

    def maps(self, signals: Sequence[Signal]) -> list[Plane]:
        """The inputs. Raises SpecError."""
        planes = [signal for signal in signals if isinstance(signal, Plane)]
        if len(planes) < 2 or len(planes) < len(signals) or any(signal != planes[0] for signal in planes):
            raise SpecError(
                f"{self.type} fuses two or more Planes of one shape; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        return planes

    def infer(self, signals: Sequence[Signal]) -> Mapping[str, Signal]:
        return {str(place): signal for place, signal in enumerate(self.maps(signals))}

    @classmethod
    def examples(cls) -> list[Any]:
        gate = cls.model_validate({})
        return [(gate, [Plane(64, 3, 2)] * 2), (gate, [Plane(64, 2, 2)] * 3)]


class RecalibratingGate(_Gate):
    """Recalibration of each stream by the others (Li et al., Eq. 2-5), for the maps of two or more streams.

    26,146, 101,442, and 399,490 parameters for two streams of 256, 512, and 1024 channels.
    """

    type: Literal["physttd.recalibrating_gate"] = "physttd.recalibrating_gate"
    reduction: PositiveInt = Field(
        16, description="channels divided by the hidden width of the channel gate's MLP (Eq. 2)"
    )
    spatial_softmax: Literal["modality", "hw_scaled"] = Field(
        "modality",
        description="softmax of Eq. 5: modality: over the streams at each place; hw_scaled: over the places of each stream, times their number",
    )

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.polysemantic.gates import RecalibratingGateFusion

        planes = self.maps(signals)
        return RecalibratingGateFusion(planes[0].c, len(planes), self.reduction, spatial_softmax=self.spatial_softmax)

    @classmethod
    def examples(cls) -> list[Any]:
        return [*super().examples(), (cls(spatial_softmax="hw_scaled"), [Plane(64, 3, 2)] * 2)]


class SaGate(_Gate):
    """SA-Gate as in its authors' code (Chen et al., ECCV 2020): one merged map, which is averaged into every stream.

    Ports `0`, `1`, ... for the next stage of each stream, `merged` for the decoders.
    """

    type: Literal["physttd.sa_gate"] = "physttd.sa_gate"
    reduction: PositiveInt = Field(16, description="channels divided by the hidden width of the channel gate's MLP")

    def infer(self, signals: Sequence[Signal]) -> Mapping[str, Signal]:
        return {**super().infer(signals), "merged": self.maps(signals)[0]}

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.polysemantic.gates import SaGateFusion

        planes = self.maps(signals)
        return SaGateFusion(planes[0].c, len(planes), self.reduction)


class ConcatGate(_Gate):
    """Concatenation of the streams and a 1 x 1 convolution for each: 'Feature Concat.' of Table 4."""

    type: Literal["physttd.concat_gate"] = "physttd.concat_gate"

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.polysemantic.gates import ConcatGateFusion

        planes = self.maps(signals)
        return ConcatGateFusion(planes[0].c, len(planes))


class TraceClassifier(Head):
    """The classifier phi: a fully convolutional network on the concatenated traces of all streams (Eq. 12).

    Reads square Planes or Images of one size; a one-channel map is repeated to three channels. The target map is 0 for
    bona fide and 1 for attacks; the score is 1 - mean(phi), clipped to [0, 1]. 243,105 parameters with six channels.
    The loss averages over all records: if half a batch is of each class, a weight of 2 yields the sum of the two
    expectations of Eq. 12.
    """

    type: Literal["physttd.trace_classifier"] = "physttd.trace_classifier"
    width: PositiveFloat = Field(1.0, description="factor for all channel counts; 1: those of the discriminators")
    layers: Literal["seven", "seven_and_three"] = Field(
        "seven", description="number of convolutions, as in discriminator_layers of the recipe"
    )
    replicate: bool = Field(True, description="repeat a one-channel input to three channels, as the generator does")

    def channels(self, signals: Sequence[Signal]) -> int:
        """Total number of channels of all inputs. Raises SpecError."""
        return sum(COLORS if self.replicate and signal.c == 1 else signal.c for signal in square(self.type, signals))

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self.channels(signals)
        if not isinstance(target, Labels) or target.column != "label":
            raise SpecError(
                f"{self.type} learns record.label, bona fide or attack, but the target is {target}; set 'target' to record.label"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.polysemantic.heads import TraceClassifierHead

        return TraceClassifierHead(
            self.channels(signals), width=self.width, layers=self.layers, replicate=self.replicate
        )

    @classmethod
    def examples(cls) -> list[Any]:
        plane = Plane(3, 16, 16)
        return [
            (cls(width=0.1), [plane, plane], Labels("label")),
            (cls(width=0.1), [Image(3, 16, 16), Plane(1, 16, 16)], Labels("label")),
        ]


class Intensity(Objective):
    """Mean |T| of the traces, summed over the inputs, with a small factor for attacks (Eq. 9).

    It averages over all records: if half a batch is of each class, use twice the published weight.
    """

    type: Literal["physttd.intensity"] = "physttd.intensity"
    attacks: NonNegativeFloat = Field(1e-4, description="lambda_t: factor for the traces of attacks")
    reduction: Literal["mean", "sum"] = Field(
        "mean", description="reduction of |T| over the pixels and channels of a trace; sum: ||T||_1 as printed"
    )

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        if not signals or not all(isinstance(signal, Plane) for signal in signals):
            raise SpecError(f"{self.type} reads traces (Planes); got {', '.join(map(str, signals)) or 'nothing'}")
        if not isinstance(target, Labels) or target.column != "label":
            raise SpecError(
                f"{self.type} needs record.label to separate bona fide records from attacks, but the target is {target}; set 'target' to record.label"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.polysemantic.objectives import IntensityObjective

        return IntensityObjective(self.attacks, self.reduction)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Plane(3, 8, 8), Plane(3, 8, 8)], Labels("label"))]


__all__ = ["ConcatGate", "Generator", "Intensity", "RecalibratingGate", "SaGate", "TraceClassifier", "square"]
