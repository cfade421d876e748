"""Fusions of appearance and pulse (Yu et al. 2024, section III-C). Importing this module imports no torch.

By convention the pulse feature is the last input, and its width is the default width of the fused feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from fas_joint.fusions.choices import Activation, Normalization
from fascore import Fusion, Signal, SpecError, Vector

if TYPE_CHECKING:
    from torch import nn

ACTIVATION: Activation = Field("relu", description="activation after the linear layer: none, relu (eq. 3) or gelu")
DROPOUT: float = Field(
    0.3,
    ge=0,
    lt=1,
    description="dropout of the concatenated features before the linear layer; 0.3 in the authors' release, "
    "none in eq. 3",
)
WIDTH: PositiveInt | None = Field(None, description="width of the fused feature; default: the width of the last input")


class _Vectors(Fusion):
    """Base of fusions that combine two or more Vectors into one."""

    def widths(self, signals: Sequence[Signal]) -> list[int]:
        """Widths of the inputs. Raises SpecError."""
        if len(signals) < 2:
            raise SpecError(f"{self.type} fuses two or more features; got {len(signals)}")
        for place, signal in enumerate(signals):
            if not isinstance(signal, Vector):
                name = f"'{self.inputs[place]}'" if place < len(self.inputs) else f"input {place}"
                raise SpecError(
                    f"{self.type} accepts Vectors, but {name} produces {signal}; pool it first, for example "
                    "with attention_pool"
                )
        return [signal.d for signal in signals if isinstance(signal, Vector)]

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls.model_validate({}), [Vector(6), Vector(5)]),
            (cls.model_validate({"width": 4}), [Vector(3), Vector(6), Vector(5)]),
        ]


class Sum(_Vectors):
    """Sum of the features, the fusion that fails according to the paper (section III-C).

    Two or more Vectors -> Vector(width). An input whose width differs from the output's is first projected by a linear
    layer without bias.
    """

    type: Literal["joint.sum"] = "joint.sum"
    width: PositiveInt | None = WIDTH

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        return Vector(self.width or widths[-1])

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.fusions.sum_ import SumFusion

        return SumFusion(self.widths(signals), self.infer(signals).d)


class Concat(_Vectors):
    """Concatenate, then one linear layer and ReLU (Yu et al. 2024, eq. 3). Two or more Vectors -> Vector(width).

    With `activation` none and `norm` batch, it produces the pulse feature of the two branches as in the authors'
    release.
    """

    type: Literal["joint.concat"] = "joint.concat"
    width: PositiveInt | None = WIDTH
    dropout: float = DROPOUT
    norm: Normalization = Field("none", description="norm after the linear layer: none (eq. 3), batch or layer")
    activation: Activation = ACTIVATION

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        return Vector(self.width or widths[-1])

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.fusions.concat import ConcatFusion

        return ConcatFusion(
            self.widths(signals),
            self.infer(signals).d,
            dropout=self.dropout,
            norm=self.norm,
            activation=self.activation,
        )


class WeightedNorm(_Vectors):
    """Normalize each feature by a mix of layer and batch norm (Yu et al. 2024, eq. 4), then fuse by eq. 3.

    Accepts two or more Vectors of any width and produces a Vector(width).
    """

    type: Literal["joint.weighted_norm"] = "joint.weighted_norm"
    theta: float = Field(0.8, ge=0, le=1, description="share of layer norm; the rest is batch norm")
    eps: PositiveFloat = Field(1e-6, description="added to both variances")
    width: PositiveInt | None = WIDTH
    dropout: float = DROPOUT
    norm_fused: bool = Field(
        False, description="also normalize the fused feature, as in the authors' release but not in eq. 4"
    )

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        return Vector(self.width or widths[-1])

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.fusions.weighted_norm import WeightedNormFusion

        return WeightedNormFusion(
            self.widths(signals),
            self.infer(signals).d,
            theta=self.theta,
            eps=self.eps,
            dropout=self.dropout,
            norm_fused=self.norm_fused,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(), [Vector(6), Vector(5)]),
            (cls(theta=0.4, width=4, norm_fused=True), [Vector(3), Vector(6), Vector(5)]),
        ]


class SeConcat(_Vectors):
    """A squeeze-and-excitation gate for each feature (Hu et al. 2018), then eq. 3.

    Two or more Vectors -> Vector(width).
    """

    type: Literal["joint.se_concat"] = "joint.se_concat"
    width: PositiveInt | None = WIDTH
    reduction: PositiveInt = Field(
        16, description="divisor of the feature's width for the width of the gate's hidden layer, which is at least 1"
    )
    dropout: float = DROPOUT
    activation: Activation = ACTIVATION

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        return Vector(self.width or widths[-1])

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.fusions.se_concat import SeConcatFusion

        return SeConcatFusion(
            self.widths(signals),
            self.infer(signals).d,
            reduction=self.reduction,
            dropout=self.dropout,
            activation=self.activation,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(reduction=2), [Vector(16), Vector(12)]),
            (cls(width=4, reduction=2), [Vector(8), Vector(16), Vector(12)]),
        ]


class CrossAttention(_Vectors):
    """Attention from pulse to appearance over channels, added to appearance (Yu et al. 2024, Table IV "CA").

    F = F_app + softmax(q F_app^T) F_app, with the softmax over the last axis of the outer product. The query q is
    F_rppg; in the ViT variant it is eq. 3 of both features. Accepts two Vectors, appearance first, and produces a
    Vector(width).
    """

    type: Literal["joint.cross_attention"] = "joint.cross_attention"
    width: PositiveInt | None = Field(
        None, description="width of the fused feature; default: the width of appearance, the first input"
    )
    query: Literal["rppg", "both"] = Field(
        "rppg", description="rppg: the pulse feature (ResNet); both: eq. 3 of the two features (ViT)"
    )
    project: bool = Field(
        False,
        description="project features of a different width linearly to `width`; otherwise all widths must be equal",
    )
    dropout: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="dropout of the concatenated features before the query's linear layer, if the query is both",
    )

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        if len(widths) != 2:
            raise SpecError(
                f"joint.cross_attention accepts two features, first appearance, then pulse; got {len(widths)}"
            )
        width = self.width or widths[0]
        if not self.project and set(widths) != {width}:
            sizes = f"appearance has {widths[0]}, pulse has {widths[1]}" + (
                f", 'width' is {self.width}" if self.width else ""
            )
            raise SpecError(
                f'joint.cross_attention needs equal widths: {sizes}; set "project": true, or change an encoder'
            )
        return Vector(width)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_joint.fusions.cross_attention import CrossAttentionFusion

        width = self.infer(signals).d
        return CrossAttentionFusion(self.widths(signals), width, both=self.query == "both", dropout=self.dropout)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Vector(6), Vector(6)]), (cls(query="both", project=True, width=5), [Vector(7), Vector(5)])]


__all__ = ["Concat", "CrossAttention", "SeConcat", "Sum", "WeightedNorm"]
