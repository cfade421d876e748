"""Components of fas-rppg. Importing this module imports no numpy or torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt

from fascore import Encoder, Plane, Signal, SpecError, Vector

if TYPE_CHECKING:
    from torch import nn


class MstVit(Encoder):
    """A plain vision transformer on a map of rows and time, in tiles of `tile` rows by frames; Plane(C, H, W) -> Vector(width).

    It stands in for TransRPPG (Yu et al. 2021), which also reads a map of the background and whose 547 K parameters it does
    not reproduce. A map that does not divide into tiles is padded with zeros at its end.
    """

    type: Literal["rppg.mst_vit"] = "rppg.mst_vit"
    tile: tuple[PositiveInt, PositiveInt] = Field((9, 15), description="rows and frames of a tile")
    width: PositiveInt = Field(96, description="width of a token, and of the feature")
    depth: PositiveInt = Field(4, description="transformer blocks")
    heads: PositiveInt = Field(3, description="attention heads; the width is a multiple of them")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout of tokens, attention's output and hidden layers in training")

    def plane(self, signals: Sequence[Signal]) -> Plane:
        """The map that it reads. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Plane):
            raise SpecError(f"rppg.mst_vit reads one Plane, such as an MSTmap; got {', '.join(map(str, signals)) or 'nothing'}")
        if self.width % self.heads:
            raise SpecError(f"rppg.mst_vit: a width of {self.width} does not divide into {self.heads} heads; change 'heads' or 'width'")
        return signals[0]

    def infer(self, signals: Sequence[Signal]) -> Vector:
        self.plane(signals)
        return Vector(self.width)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_rppg.mst_vit import MstVitEncoder

        return MstVitEncoder(self, self.plane(signals))

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(tile=(3, 4), width=12, depth=1), [Plane(3, 9, 10)]), (cls(tile=(2, 2), width=8, depth=2, heads=2), [Plane(2, 4, 6)])]


__all__ = ["MstVit"]
