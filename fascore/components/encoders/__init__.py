"""The built-in encoders. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PositiveInt

from fascore.components.encoders.timm_options import Output, TimmOptions
from fascore.contract.errors import SpecError
from fascore.contract.kinds import Encoder
from fascore.contract.signals import Clip, Image, Plane, Signal, Tokens, Vector

if TYPE_CHECKING:
    from torch import nn

Share = Annotated[float, Field(ge=0, lt=1)]


class Identity(Encoder):
    """Returns its one input unchanged. It turns a modality into a node that fusions and heads read by another name."""

    type: Literal["identity"] = "identity"

    def infer(self, signals: Sequence[Signal]) -> Signal:
        return _only(self.type, signals)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from torch import nn

        return nn.Identity()

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Vector(6)]), (cls(), [Plane(2, 8, 6)]), (cls(), [Tokens(5, 4, 1, (2, 2))])]


class Timm(Encoder):
    """Any timm model (Wightman 2019) on an Image, a Plane, or a Clip with any number of channels.

    An Image or Clip is normalized with the model's own mean and standard deviation (per channel for RGB, otherwise
    their averages); a Plane is never normalized. `vector` produces Vector(D), pooled as the model pools. `tokens`
    produces Tokens: the model's prefix tokens, then the positions of the last feature map, row by row. `pyramid`
    produces Pyramid. Frames of a Clip are encoded one by one; their vectors are averaged to Vector(D) or kept as
    Tokens(T, D).
    """

    type: Literal["timm"] = "timm"
    name: str = Field(
        "resnet18", description="timm model, such as 'resnet50' or 'vit_base_patch16_224.augreg2_in21k_ft_in1k'"
    )
    pretrained: bool | str = Field(
        False,
        description="true: timm's own weights, downloaded; a path: a safetensors file with such weights; false: random",
    )
    output: Output = Field("vector", description="pooled feature, positions of the last map, or maps")
    levels: tuple[int, ...] | None = Field(
        None,
        min_length=1,
        description="maps of a pyramid by index; negative values count from the end; default: the last four",
    )
    clip: Literal["mean", "tokens"] = Field(
        "mean", description="frames of a Clip: the mean of their vectors, or one token per frame"
    )
    img_size: PositiveInt | tuple[PositiveInt, PositiveInt] | None = Field(
        None, description="build a model with a fixed input size for this size instead (side, or height and width)"
    )
    drop: Share = Field(0.0, description="dropout on the pooled feature")
    drop_path: Share = Field(0.0, description="stochastic depth")

    def infer(self, signals: Sequence[Signal]) -> Signal:
        from fascore.components.encoders.timm_facts import output_signal

        signal = self._one_input(signals)
        if self.levels is not None and self.output != "pyramid":
            raise SpecError(
                f"'levels' belongs to \"output\": \"pyramid\", but 'output' is {self.output}; delete 'levels' or change 'output'"
            )
        if not isinstance(signal, Clip):
            return output_signal(self._options(), signal.c, signal.h, signal.w)
        if self.output != "vector":
            raise SpecError(
                f'for a Clip, timm produces vectors, not {self.output}: set "output": "vector", and "clip": "tokens" for one token per frame'
            )
        vector = output_signal(self._options(), signal.c, signal.h, signal.w)
        assert isinstance(vector, Vector)
        return vector if self.clip == "mean" else Tokens(signal.t, vector.d)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fascore.components.encoders.timm import TimmEncoder

        return TimmEncoder(
            self._options(), self._one_input(signals), output=self.infer(signals), average_frames=self.clip == "mean"
        )

    def _one_input(self, signals: Sequence[Signal]) -> Image | Plane | Clip:
        """The one input. Raises SpecError."""
        signal = _only(self.type, signals)
        if not isinstance(signal, Image | Plane | Clip):
            raise SpecError(f"timm accepts an Image, a Plane, or a Clip, not {signal}")
        return signal

    def _options(self) -> TimmOptions:
        return TimmOptions(
            name=self.name,
            pretrained=self.pretrained,
            output=self.output,
            levels=self.levels,
            img_size=self.img_size,
            drop=self.drop,
            drop_path=self.drop_path,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        small, vit = "test_resnet", "test_vit"
        return [
            (cls(name=small), [Image(3, 64, 48)]),
            (cls(name=small), [Plane(2, 33, 40)]),
            (cls(name=small, clip="tokens"), [Clip(3, 3, 32, 32)]),
            (cls(name=small, output="pyramid", levels=(1, -1)), [Image(1, 50, 64)]),
            (cls(name=vit, img_size=32, output="tokens"), [Image(3, 32, 32)]),
        ]


def _only(type_: str, signals: Sequence[Signal]) -> Signal:
    if len(signals) != 1:
        raise SpecError(
            f"{type_} reads one input; got {len(signals)}: put a fusion before it, or write one encoder per input"
        )
    return signals[0]


__all__ = ["Identity", "Timm"]
