"""Components of fas-example. Importing this module imports no torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt

from fascore import Fusion, Image, Modality, ModalityModule, Plane, Signal, SpecError, Vector

if TYPE_CHECKING:
    from torch import nn


class Product(Fusion):
    """Low-rank bilinear fusion: project each feature, multiply (Kim et al. 2017, eq. 4). Vectors of any widths -> Vector(width)."""

    type: Literal["example.product"] = "example.product"
    width: PositiveInt = Field(64, description="width of the fused feature")

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(width=8), [Vector(5), Vector(3)])]

    def infer(self, signals: Sequence[Signal]) -> Vector:
        if len(signals) < 2 or not all(isinstance(signal, Vector) for signal in signals):
            raise SpecError(
                "example.product fuses two or more Vectors; pool other features first, for example with attention_pool"
            )
        return Vector(self.width)

    def build(self, signals: Sequence[Any]) -> "nn.Module":
        from fas_example.product import ProductFusion

        return ProductFusion([signal.d for signal in signals], self.width)


class Edges(Modality):
    """Gradient magnitude of a face picture, computed while loading. Image(C, H, W) -> Plane(1, H, W), about [0, 1]."""

    type: Literal["example.edges"] = "example.edges"
    stored = False

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (
                cls(inputs=("face",)),
                {"faces": "faces", "face": {"type": "face_frames", "inputs": ["faces"], "size": 32}},
            )
        ]

    def infer(self, signals: Sequence[Signal | None]) -> Plane:
        if len(signals) != 1 or not isinstance(signals[0], Image):
            raise SpecError("example.edges reads one picture, such as face_frames")
        return Plane(1, signals[0].h, signals[0].w)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fas_example.edges import EdgesModule

        return EdgesModule()
