"""Fusions of three token streams (mmFAS, Chen et al. 2025, section 3 and Table 2).

Importing this module imports no torch. The shallow fusion of section 3, F'_rgb = (F'_rgb(1) + F'_rgb(2)) / 2, is not a
component: alignment has no transform of its own, so both terms equal F_rgb.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from fascore import Fusion, Signal, SpecError, Tokens, Vector

if TYPE_CHECKING:
    from torch import nn


class _ThreeStreams(Fusion):
    """Base of fusions of three token streams of equal length and width.

    A learned token replaces an optional stream that is absent.
    """

    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    depth: PositiveInt = Field(6, description="number of layers")
    heads: PositiveInt = Field(6, description="attention heads; the width must be a multiple of their number")
    ratio: PositiveFloat = Field(
        4.0, description="ratio of the feed-forward networks' hidden width to the width of a token; 4: 1080 for 270"
    )

    def streams(self, signals: Sequence[Signal]) -> list[Tokens]:
        """The three inputs. Raises SpecError."""
        if len(signals) != 3:
            raise SpecError(
                f"{self.type} fuses three token streams, such as RGB, depth and infrared; got "
                f"{len(signals)}; 'mean' accepts any number"
            )
        streams = [signal for signal in signals if isinstance(signal, Tokens)]
        for place, signal in enumerate(signals):
            if not isinstance(signal, Tokens):
                raise SpecError(
                    f"{self.type} accepts Tokens, but {self._name(place)} produces {signal}; let its encoder "
                    "produce tokens "
                    '("output": "tokens")'
                )
            if (signal.n, signal.d, signal.prefix) != (streams[0].n, streams[0].d, streams[0].prefix):
                shapes = [f"{self._name(i)} produces {_shape(signals[i])}" for i in (0, place)]
                raise SpecError(
                    f"{self.type} needs streams of equal length and width, but {', '.join(shapes)}; let both "
                    "encoders produce tokens of the same size"
                )
        if streams[0].d % self.heads:
            raise SpecError(
                f"{self.type}: a width of {streams[0].d} is not a multiple of {self.heads} heads; change "
                "'heads', or the encoders' width"
            )
        return streams

    def _name(self, place: int) -> str:
        return f"'{self.inputs[place]}'" if place < len(self.inputs) else f"input {place}"

    def infer(self, signals: Sequence[Signal]) -> Vector:
        return Vector(self.streams(signals)[0].d)

    @classmethod
    def examples(cls) -> list[Any]:
        all_optional, one_optional = (
            [Tokens(5, 6, optional=True)] * 3,
            [Tokens(4, 6, 1), Tokens(4, 6, 1, optional=True), Tokens(4, 6, 1)],
        )
        return [
            (cls.model_validate({"depth": 3, "heads": 2}), all_optional),
            (cls.model_validate({"depth": 1, "heads": 3, "ratio": 2}), one_optional),
        ]


def _shape(signal: Signal) -> str:
    prefix = f" after {signal.prefix} without a position" if isinstance(signal, Tokens) and signal.prefix else ""
    return f"{signal}{prefix}"


class SwitchAttention(_ThreeStreams):
    """Switch-attention fusion (eq. 5-8, Fig. 4). Three Tokens of equal length and width D -> Vector(D).

    The query, key and value of a layer are the three streams, rotated by one position from layer to layer. Only the
    first stream changes. The fused feature is the mean of the three streams, averaged over their tokens.
    """

    type: Literal["mmfas.switch_attention"] = "mmfas.switch_attention"
    order: Literal["RDI", "RID", "DRI", "IDR", "DIR", "IRD"] = Field(
        "RDI",
        description="query, key and value of the first layer (Table 3); R, D, I are the first, second and third input",
    )
    self_attn: bool = Field(
        True,
        description="self-attention of the first stream in each layer, which gives the 15.63 M of Table 2; "
        "false: the single attention that the text describes",
    )
    residual: Literal["rgb", "query"] = Field(
        "rgb", description="stream to which switch-attention is added: the first stream or the query's stream"
    )
    first_absent: Literal["left_out", "fused"] = Field(
        "left_out",
        description="feature of a record without the first stream; left_out: mean of the other two streams; "
        "fused: the mean also includes the layers' output for the learned token",
    )

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_mmfas.fusions.switch_attention import SwitchAttentionFusion

        return SwitchAttentionFusion(
            self.streams(signals),
            depth=self.depth,
            heads=self.heads,
            ratio=self.ratio,
            order=self.order,
            self_attn=self.self_attn,
            residual=self.residual,
            first_absent=self.first_absent,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        literal = cls(depth=2, heads=2, order="IDR", self_attn=False, residual="query", first_absent="fused")
        return [*super().examples(), (literal, [Tokens(5, 6, optional=True)] * 3)]


class CrossAttention(_ThreeStreams):
    """Cross-attention fusion (Lu et al. 2019; Table 2, CA). Three Tokens of equal length and width D -> Vector(D).

    Every stream has its own layers: self-attention, attention to the tokens of the other two streams, and a
    feed-forward network. The fused feature is the mean of the three streams, averaged over their tokens.
    """

    type: Literal["mmfas.cross_attention"] = "mmfas.cross_attention"

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_mmfas.fusions.cross_attention import CrossAttentionFusion

        return CrossAttentionFusion(self.streams(signals), depth=self.depth, heads=self.heads, ratio=self.ratio)


class MergeAttention(_ThreeStreams):
    """Merge-attention fusion (Zheng et al. 2021; Table 2, MA). Three Tokens of equal length and width D -> Vector(D).

    Transformer blocks process the concatenated tokens of the streams, 3 D wide. A linear layer to D and the mean over
    the tokens follow.
    """

    type: Literal["mmfas.merge_attention"] = "mmfas.merge_attention"

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_mmfas.fusions.merge_attention import MergeAttentionFusion

        return MergeAttentionFusion(self.streams(signals), depth=self.depth, heads=self.heads, ratio=self.ratio)


__all__ = ["CrossAttention", "MergeAttention", "SwitchAttention"]
