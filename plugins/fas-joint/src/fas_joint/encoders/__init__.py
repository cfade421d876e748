"""Encoders of joint training (Yu et al. 2024). Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from fascore import Encoder, Image, Level, Plane, Pyramid, Signal, Slot, SpecError, Tokens, Vector, replaced

if TYPE_CHECKING:
    from torch import nn

_RESNET18: Any = {"type": "timm", "name": "resnet18"}
_DENSENET161: Any = {"type": "timm", "name": "densenet161"}
_EFFICIENTNET_B4: Any = {"type": "timm", "name": "tf_efficientnet_b4.ap_in1k"}
_AFTER_TRANSITION_2 = {"densenet121": 256, "densenet161": 384, "densenet169": 256, "densenet201": 256}
"""Channels of a DenseNet's second transition layer: half of those of the second block (Huang et al. 2017, Table 1)."""


def _picture(encoder: Encoder, signals: Sequence[Signal], least: int) -> Image | Plane:
    """The only input, an Image or Plane with at least `least` pixels per side. Raises SpecError."""
    if len(signals) != 1 or not isinstance(signals[0], Image | Plane):
        raise SpecError(f"{encoder.type} accepts one Image or Plane; got {', '.join(map(str, signals)) or 'nothing'}")
    if min(signals[0].h, signals[0].w) < least:
        raise SpecError(
            f"{encoder.type} needs at least {least} pixels per side; its input is {signals[0]}: enlarge the modality"
        )
    return signals[0]


def _halved(side: int, times: int) -> int:
    """The length of a side after `times` layers of stride 2 that round up."""
    return -(-side >> times)


class TaskSplit(Encoder):
    """A timm ViT or ResNet whose first stages are shared by both tasks (section III-A, Fig. 5).

    The remaining stages are task-specific. Stages are transformer blocks (ViT) or the four layers of residual blocks
    (ResNet). If at least one stage is shared, the stem (patches and positions, or first convolution) is shared as well;
    otherwise each task has a whole network. The final norm of a ViT is always task-specific. Accepts an Image or a
    Plane and produces a Vector(D) for the record's own task, or one per port.
    """

    context = ("task",)

    type: Literal["joint.task_split"] = "joint.task_split"
    network: Slot[Encoder] = Field(
        _RESNET18, description="a timm encoder that produces a vector; both tasks start from it"
    )
    shared: NonNegativeInt | Literal["all"] = Field(
        "all", description="N_shared: number of shared ViT blocks or ResNet layers, counted from the first"
    )
    output: Literal["own", "both"] = Field(
        "own",
        description="own: the feature of the record's task; both: ports spoof and forgery, which are zero in "
        "training for records of the other task",
    )

    @model_validator(mode="after")
    def _network_gives_a_vector(self) -> TaskSplit:
        if self.network.type != "timm" or getattr(self.network, "output", None) != "vector":
            raise ValueError(
                f'\'network\' must be a timm encoder with "output": "vector"; got {self.network.canonical()}'
            )
        if self.network.weights is not None:
            raise ValueError(
                "'weights' belongs to joint.task_split itself, not to 'network', which describes two networks"
            )
        return self

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        _picture(self, signals, 1)
        self._enough_stages(signals)
        feature = self.network.infer(signals)
        if not isinstance(feature, Vector):
            raise SpecError(f"joint.task_split: 'network' must produce a Vector, but it produces {feature}")
        return feature if self.output == "own" else {"spoof": feature, "forgery": feature}

    def _enough_stages(self, signals: Sequence[Signal]) -> None:
        """Refuse more shared stages than the network has, by timm's table of levels. All blocks have the same stride."""
        if self.shared == "all" or self.shared == 0:
            return
        pyramid = replaced(self.network, output="pyramid").infer(signals)
        blocks = isinstance(pyramid, Pyramid) and len({level.stride for level in pyramid.levels}) == 1
        try:
            replaced(self.network, output="pyramid", levels=[self.shared - blocks]).infer(signals)
        except SpecError as error:
            raise SpecError(
                f"joint.task_split: 'shared' is {self.shared}, but the network does not have that many stages: {error}"
            ) from None

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.encoders.task_split import TaskSplitEncoder

        self.infer(signals)
        return TaskSplitEncoder(self.network, signals, self.shared, both=self.output == "both")

    @classmethod
    def examples(cls) -> list[Any]:
        vit, resnet = {"type": "timm", "name": "test_vit", "img_size": 32}, {"type": "timm", "name": "test_resnet"}
        return [
            (cls.model_validate({"network": vit, "shared": 4}), [Image(3, 32, 32)]),
            (cls.model_validate({"network": vit}), [Image(3, 32, 32)]),
            (cls.model_validate({"network": resnet, "shared": 2}), [Plane(3, 64, 64)]),
            (cls.model_validate({"network": resnet, "shared": 0, "output": "both"}), [Image(3, 64, 64)]),
        ]


class MesoNet(Encoder):
    """MesoInception-4 up to its 16 features (Afchar et al. 2018, Fig. 5). Image or Plane -> Vector(16).

    With a `binary` head and an input of 3 x 256 x 256 it has the published 28,615 parameters.
    """

    type: Literal["joint.mesonet"] = "joint.mesonet"
    dropout: float = Field(
        0.5, ge=0, lt=1, description="dropout before the dense layer; the second dropout is the head's `dropout`"
    )

    def infer(self, signals: Sequence[Signal]) -> Vector:
        _picture(self, signals, 2)
        return Vector(16)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.encoders.mesonet import MesoNetEncoder

        picture = _picture(self, signals, 2)
        return MesoNetEncoder(picture.c, (_halved(picture.h, 5), _halved(picture.w, 5)), dropout=self.dropout)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Image(3, 64, 50)]), (cls(dropout=0), [Plane(2, 33, 32)])]


class Cdcnpp(Encoder):
    """CDCN++: central difference convolutions with multi-scale spatial attention (Yu et al. 2020).

    Image or Plane -> Plane(1, S, S). The map is the network's nonnegative estimate of depth. A `pixelwise` head with
    `contrast_depth` learns it from a map such as `pseudo_depth`.
    """

    type: Literal["joint.cdcnpp"] = "joint.cdcnpp"
    theta: float = Field(0.7, ge=0, le=1, description="share of central differences in every convolution (eq. 5)")
    map_size: PositiveInt = Field(32, description="side S of the map; all three scales are resized to it")

    def infer(self, signals: Sequence[Signal]) -> Plane:
        _picture(self, signals, 8)
        return Plane(1, self.map_size, self.map_size)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.encoders.cdcnpp import CdcnppEncoder

        picture = _picture(self, signals, 8)
        return CdcnppEncoder(picture.c, theta=self.theta, map_size=self.map_size, is_image=isinstance(picture, Image))

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(map_size=4), [Image(3, 24, 20)]), (cls(theta=0, map_size=4), [Plane(1, 16, 16)])]


class DeepPixBis(Encoder):
    """DeepPixBiS: DenseNet-161 up to its second transition layer (George and Marcel 2019).

    Image or Plane -> Plane(384, H/16, W/16). Its head is `joint.pixel_binary`. For an input of 3 x 224 x 224 the map
    has 14 x 14 positions.
    """

    type: Literal["joint.deeppixbis"] = "joint.deeppixbis"
    network: Slot[Encoder] = Field(
        _DENSENET161, description="a timm DenseNet; the published one is densenet161 with ImageNet weights (pretrained)"
    )

    @model_validator(mode="after")
    def _network_is_a_densenet(self) -> DeepPixBis:
        if self.network.type != "timm" or self._name() not in _AFTER_TRANSITION_2:
            raise ValueError(
                f"'network' must be a timm encoder: {', '.join(_AFTER_TRANSITION_2)}; got {self.network.canonical()}"
            )
        return self

    def _name(self) -> str:
        return str(getattr(self.network, "name", "")).partition(".")[0]

    def infer(self, signals: Sequence[Signal]) -> Plane:
        picture = _picture(self, signals, 16)
        self.network.infer(signals)
        return Plane(_AFTER_TRANSITION_2[self._name()], _halved(picture.h, 2) // 4, _halved(picture.w, 2) // 4)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.encoders.deeppixbis import DeepPixBisEncoder

        self.infer(signals)
        return DeepPixBisEncoder(self.network, signals)

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"network": {"type": "timm", "name": "densenet121"}}
        return [(cls.model_validate(small), [Image(3, 32, 48)]), (cls.model_validate(small), [Plane(1, 40, 33)])]


class MultiAttention(Encoder):
    """Multi-attentional deepfake detection (Zhao et al. 2021).

    Combines the texture of a shallow map, pooled by M attention maps, with deep features. Accepts an Image or a Plane
    and produces a Vector(width); a linear head adds the release's last layer. With `ports` it produces `feature` and
    `regions`, Tokens(M, N), the input of `joint.regional_independence`.
    """

    type: Literal["joint.multi_attention"] = "joint.multi_attention"
    network: Slot[Encoder] = Field(
        _EFFICIENTNET_B4,
        description="a timm EfficientNet or ResNet; the published one is EfficientNet-B4 with AdvProp "
        "weights (pretrained)",
    )
    texture_level: NonNegativeInt = Field(
        1, description="timm's feature map from which texture is computed; 1: the second stage of EfficientNet"
    )
    attention_level: NonNegativeInt = Field(
        3, description="timm's feature map from which attention is computed; 3: the fifth stage of EfficientNet"
    )
    regions: PositiveInt = Field(4, description="M, the number of attention maps")
    width: PositiveInt = Field(256, description="width of both projections and of the feature")
    border: float = Field(1 / 12, ge=0, lt=0.5, description="share of an attention map that is 0 on each side")
    dropout: float = Field(0.25, ge=0, lt=1, description="dropout of whole attention maps")
    deep_dropout: float = Field(0.5, ge=0, lt=1, description="dropout of the deep feature")
    ports: bool = Field(False, description="produce `feature` and `regions` instead of the feature alone")

    @model_validator(mode="after")
    def _network_gives_a_vector(self) -> MultiAttention:
        if self.network.type != "timm" or getattr(self.network, "output", None) != "vector":
            raise ValueError(
                f'\'network\' must be a timm encoder with "output": "vector"; got {self.network.canonical()}'
            )
        if self.texture_level >= self.attention_level:
            raise ValueError(
                f"'texture_level' must be less than 'attention_level'; got {self.texture_level} and "
                f"{self.attention_level}"
            )
        return self

    def _levels(self, signals: Sequence[Signal]) -> tuple[Level, Level, int]:
        """The maps for texture and attention, and the channels of the last map. Raises SpecError."""
        _picture(self, signals, 1)
        pyramid = replaced(self.network, output="pyramid", levels=[self.texture_level, self.attention_level]).infer(
            signals
        )
        last = replaced(self.network, output="tokens").infer(signals)
        if not (isinstance(pyramid, Pyramid) and isinstance(last, Tokens)):
            raise SpecError(f"joint.multi_attention: {self.network.canonical()} has no feature maps")
        texture, attention = pyramid.levels
        if min(attention.size) < 2 or texture.size == attention.size:
            sizes = " and ".join(f"{level.size[0]} x {level.size[1]}" for level in (texture, attention))
            needs = "the second must be smaller and at least 2 x 2; change the size or a level"
            raise SpecError(f"joint.multi_attention: the maps for texture and attention are {sizes}; {needs}")
        return texture, attention, last.d

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        texture, _, _ = self._levels(signals)
        feature = Vector(self.width)
        return {"feature": feature, "regions": Tokens(self.regions, texture.channels, 0)} if self.ports else feature

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.encoders.multi_attention import MultiAttentionEncoder

        texture, attention, deep = self._levels(signals)
        return MultiAttentionEncoder(
            self.network,
            signals,
            (self.texture_level, self.attention_level),
            (texture.channels, attention.channels, deep),
            regions=self.regions,
            width=self.width,
            border=self.border,
            dropout=self.dropout,
            deep_dropout=self.deep_dropout,
            ports=self.ports,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"network": {"type": "timm", "name": "test_efficientnet"}, "regions": 2, "width": 6, "ports": True}
        resnet = {"network": {"type": "timm", "name": "test_resnet"}, "texture_level": 0, "regions": 3, "width": 5}
        return [(cls.model_validate(small), [Image(3, 64, 64)]), (cls.model_validate(resnet), [Plane(1, 64, 64)])]


__all__ = ["Cdcnpp", "DeepPixBis", "MesoNet", "MultiAttention", "TaskSplit"]
