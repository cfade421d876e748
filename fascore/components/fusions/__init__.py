"""The built-in fusions. Each reads `mask` and produces a feature that does not depend on absent inputs.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, PositiveInt

from fascore.contract.errors import SpecError
from fascore.contract.kinds import Fusion
from fascore.contract.signals import Signal, Tokens, Vector

if TYPE_CHECKING:
    from torch import nn

WIDTH = Field(
    None,
    description="project every input to this width first; default: no projection, and all inputs must have the same width",
)


class _Vectors(Fusion):
    """Base of fusions of one or more Vectors, of which some may be absent."""

    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    def widths(self, signals: Sequence[Signal]) -> list[int]:
        """Widths of the inputs. Raises SpecError if one is not a Vector."""
        if not signals:
            raise SpecError(f"{self.type} fuses one or more features; got none")
        for position, signal in enumerate(signals):
            if not isinstance(signal, Vector):
                raise SpecError(
                    f"{self.type} accepts Vectors, but {_name(self, position)} produces {signal}; pool it first, for example with attention_pool"
                )
        return [signal.d for signal in signals if isinstance(signal, Vector)]

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls.model_validate({}), [Vector(6), Vector(6)]),
            (cls.model_validate({"width": 4}), [Vector(6), Vector(3), Vector(5)]),
        ]


def _name(fusion: Fusion, position: int) -> str:
    return f"'{fusion.inputs[position]}'" if position < len(fusion.inputs) else f"input {position}"


class _SameWidth(_Vectors):
    """Base of fusions whose inputs must have the same width."""

    width: PositiveInt | None = WIDTH

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        return Vector(self.width or one_width(self, widths))


def one_width(fusion: Fusion, widths: Sequence[int]) -> int:
    """The width that all inputs share. Raises SpecError with the first input that differs."""
    for position, width in enumerate(widths):
        if width != widths[0]:
            message = f"needs features of the same width: {_name(fusion, 0)} has {widths[0]}, {_name(fusion, position)} has {width}"
            raise SpecError(f"{fusion.type} {message}; set 'width' to project them, or use concat")
    return widths[0]


class Concat(_Vectors):
    """Concatenation of Vectors, then an optional linear projection; a learned vector replaces an absent input."""

    type: Literal["concat"] = "concat"
    width: PositiveInt | None = Field(
        None, description="project the concatenation to this width; default: no projection"
    )

    def infer(self, signals: Sequence[Signal]) -> Vector:
        widths = self.widths(signals)
        return Vector(self.width or sum(widths))

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fascore.components.fusions.concat import ConcatFusion

        return ConcatFusion(self.widths(signals), self.width)


class Sum(_SameWidth):
    """Sum of the Vectors that are present."""

    type: Literal["sum"] = "sum"

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fascore.components.fusions.sum_ import SumFusion

        self.infer(signals)
        return SumFusion(self.widths(signals), self.width)


class Mean(_SameWidth):
    """Mean of the features that are present. Tokens are averaged first, without their prefix tokens."""

    type: Literal["mean"] = "mean"

    def widths(self, signals: Sequence[Signal]) -> list[int]:
        return super().widths([Vector(signal.d) if isinstance(signal, Tokens) else signal for signal in signals])

    @classmethod
    def examples(cls) -> list[Any]:
        return [*super().examples(), (cls.model_validate({}), [Tokens(5, 6, 1), Vector(6)])]

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fascore.components.fusions.mean import MeanFusion

        self.infer(signals)
        return MeanFusion(
            self.widths(signals), self.width, [signal.prefix if isinstance(signal, Tokens) else 0 for signal in signals]
        )


class Gated(_SameWidth):
    """Weighted mean of the Vectors that are present, with weights from gated attention (Ilse et al. 2018, eq. 9)."""

    type: Literal["gated"] = "gated"
    hidden: PositiveInt = Field(64, description="width inside the gates")

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fascore.components.fusions.gated import GatedFusion

        return GatedFusion(
            self.widths(signals), self.infer(signals).d, hidden=self.hidden, project=self.width is not None
        )


class AttentionPool(Fusion):
    """One learned query attends to all tokens, and to each Vector as one token (Lee et al. 2019, PMA with one seed).

    Accepts any mix of Tokens and Vectors and produces Vector(width).
    """

    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    type: Literal["attention_pool"] = "attention_pool"
    width: PositiveInt | None = WIDTH
    heads: PositiveInt = Field(1, description="attention heads; the width must be a multiple of their number")

    def infer(self, signals: Sequence[Signal]) -> Vector:
        if not signals:
            raise SpecError("attention_pool fuses one or more features; got none")
        for position, signal in enumerate(signals):
            if not isinstance(signal, Tokens | Vector):
                raise SpecError(
                    f"attention_pool accepts Tokens and Vectors, but {_name(self, position)} produces {signal}; let its encoder produce tokens"
                )
        width = self.width or one_width(self, [s.d for s in signals if isinstance(s, Tokens | Vector)])
        if width % self.heads:
            raise SpecError(
                f"attention_pool: a width of {width} is not a multiple of {self.heads} heads; change 'heads' or 'width'"
            )
        return Vector(width)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fascore.components.fusions.attention_pool import AttentionPoolFusion

        widths = [s.d for s in signals if isinstance(s, Tokens | Vector)]
        return AttentionPoolFusion(widths, self.infer(signals).d, heads=self.heads, project=self.width is not None)

    @classmethod
    def examples(cls) -> list[tuple[Self, list[Signal]]]:
        return [
            (cls(heads=2), [Tokens(5, 6), Vector(6)]),
            (cls(width=8), [Vector(6), Vector(3)]),
            (cls(), [Tokens(4, 6, 1)]),
        ]


__all__ = ["AttentionPool", "Concat", "Gated", "Mean", "Sum"]
