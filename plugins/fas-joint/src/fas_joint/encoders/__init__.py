"""Encoders of joint training (Yu et al. 2024). Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeInt, model_validator

from fascore import Encoder, Image, Plane, Pyramid, Signal, Slot, SpecError, Vector, replaced

if TYPE_CHECKING:
    from torch import nn

_RESNET18: Any = {"type": "timm", "name": "resnet18"}


class TaskSplit(Encoder):
    """A ViT or ResNet of timm whose first stages both tasks share; each task has the others for itself (section III-A, Fig. 5).

    Stages are transformer blocks (ViT) or the four layers of residual blocks (ResNet). With one shared stage or more the
    stem (patches and positions, or first convolution) is shared too; with none the tasks have two whole networks. A ViT's
    final norm is always each task's own. Takes an Image or a Plane, gives Vector(D) of the record's own task, or by port.
    """

    context = ("task",)

    type: Literal["joint.task_split"] = "joint.task_split"
    network: Slot[Encoder] = Field(_RESNET18, description="a timm encoder that gives a vector; both tasks start from it")
    shared: NonNegativeInt | Literal["all"] = Field(
        "all", description="N_shared: how many blocks of a ViT or layers of a ResNet are shared, from the first"
    )
    output: Literal["own", "both"] = Field(
        "own", description="own: the feature of the record's task; both: ports spoof and forgery, in training with zeros for the other task's records"
    )

    @model_validator(mode="after")
    def _network_gives_a_vector(self) -> TaskSplit:
        if self.network.type != "timm" or getattr(self.network, "output", None) != "vector":
            raise ValueError(f'\'network\' is a timm encoder with "output": "vector"; this is {self.network.canonical()}')
        if self.network.weights is not None:
            raise ValueError("'weights' belongs to joint.task_split itself, not to 'network', which stands for two networks")
        return self

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        if len(signals) != 1 or not isinstance(signals[0], Image | Plane):
            raise SpecError(f"joint.task_split takes one Image or Plane; got {', '.join(map(str, signals)) or 'nothing'}")
        self._enough_stages(signals)
        feature = self.network.infer(signals)
        if not isinstance(feature, Vector):
            raise SpecError(f"joint.task_split: its network gives {feature}, not a Vector")
        return feature if self.output == "own" else {"spoof": feature, "forgery": feature}

    def _enough_stages(self, signals: Sequence[Signal]) -> None:
        """Refuse more shared stages than there are: timm's table knows the levels, all of one stride where they are blocks."""
        if self.shared == "all" or self.shared == 0:
            return
        pyramid = replaced(self.network, output="pyramid").infer(signals)
        blocks = isinstance(pyramid, Pyramid) and len({level.stride for level in pyramid.levels}) == 1
        try:
            replaced(self.network, output="pyramid", levels=[self.shared - blocks]).infer(signals)
        except SpecError as error:
            raise SpecError(f"joint.task_split: 'shared' is {self.shared}, which is more stages than the network has: {error}") from None

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


__all__ = ["TaskSplit"]
