"""Face recognition: the ResNet-18 of ArcFace, the identity loss, and a training recipe. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from fas_physttd.polysemantic.components import square
from fascore import (
    Encoder,
    Image,
    Labels,
    Objective,
    Optimizer,
    Plane,
    Recipe,
    Ref,
    Schedule,
    Signal,
    SpecError,
    Target,
    Training,
    Vector,
)

if TYPE_CHECKING:
    from torch import nn

    from fascore import Graph, Plan


class ArcFaceResNet18(Encoder):
    """ResNet-18 for face recognition with ArcFace (Deng et al. 2019): Image(3, H, W), resized to 112 x 112 -> Vector(512).

    Module names are those of InsightFace's `iresnet18`; `weights` loads its weights from a safetensors file. 24,025,600
    parameters.
    """

    type: Literal["physttd.arcface_resnet18"] = "physttd.arcface_resnet18"
    width: PositiveFloat = Field(
        1.0, description="factor for all channel counts except that of the embedding; 1: as published"
    )

    def infer(self, signals: Sequence[Signal]) -> Vector:
        if len(signals) != 1 or not isinstance(signals[0], Image) or signals[0].c != 3:
            raise SpecError(
                f"{self.type} reads one Image with three channels; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        return Vector(512)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.polysemantic.arcface import ArcFaceNetwork

        self.infer(signals)
        return ArcFaceNetwork(self.width)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(width=0.07), [Image(3, 40, 40)])]


class Identity(Objective):
    """Identity distance between an image and its live counterpart, || f(I) - f(I - T) ||_2 (Eq. 8).

    Inputs come in pairs, such as `face`, `gen.rgb_live`; the distances of all pairs are added. The published loss uses
    only RGB. f is a frozen ArcFace ResNet-18 with embeddings of unit length; `weights` names its weights: a file, or
    `runs/<name>#<node>` of a `physttd.arcface` run.
    """

    type: Literal["physttd.identity"] = "physttd.identity"
    weights: str | None = Field(
        None, description="weights of the recognizer: a safetensors file, or the folder of a run with '#node'"
    )
    without_weights: Literal["off", "random"] = Field(
        "off",
        description="without 'weights': off: the loss is 0, with a warning; random: the recognizer has random weights",
    )
    width: PositiveFloat = Field(
        1.0, description="factor for the channel counts of the recognizer; must match its weights"
    )
    unit: bool = Field(True, description="scale embeddings to unit length before computing their distance")

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        if len(signals) % 2:
            raise SpecError(
                f"{self.type} reads pairs of an image and its live counterpart, such as gen.rgb_live; got {len(signals)} inputs"
            )
        if any(signal.c not in (1, 3) for signal in square(self.type, signals)):
            raise SpecError(
                f"{self.type} reads pictures with three channels or one; got {', '.join(map(str, signals))}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.polysemantic.objectives import IdentityObjective, NoIdentity

        random = self.weights is None and self.without_weights == "random"
        return IdentityObjective(self.width, unit=self.unit) if self.weights is not None or random else NoIdentity()

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(without_weights="random", width=0.07), [Image(3, 32, 32), Plane(3, 32, 32)], Labels("label"))]


class ArcFace(Recipe):
    """Trains an identity embedding with the additive angular margin (Deng et al. 2019, Eq. 3) and SGD.

    The `subject` of a record identifies the person; records without a subject are ignored. Heads learn on the embedding
    without changing it: a `binary` head then shows what an identity embedding knows about attacks.
    """

    type: Literal["physttd.arcface"] = "physttd.arcface"
    embedding: Ref = Field(Ref("embed"), description="the node whose Vector becomes the embedding")
    subject: Ref = Field(Ref("record.subject"), description="column that identifies people")
    people: PositiveInt = Field(
        512, description="number of classes of the margin's softmax; at least the number of people in the training data"
    )
    attacks: bool = Field(
        False, description="also learn from attacks, which show their subject, for example as a print or mask"
    )
    margin: float = Field(0.5, ge=0, lt=1.5, description="m: radians added to the angle to the center of the own class")
    scale: PositiveFloat = Field(64.0, description="s: factor of all cosines")
    optimizer: Optimizer = Field(
        default_factory=lambda: Optimizer.model_validate(
            {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}
        ),
        description="optimizer of the embedding and of the heads",
    )
    schedule: Schedule = Field(Schedule(), description="schedule of the learning rate")

    def infer(self, plan: Plan) -> None:
        if not isinstance(plan.signal(self.embedding), Vector):
            raise SpecError(
                f"physttd.arcface trains a Vector, but '{self.embedding}' is {plan.signal(self.embedding)}; name a node with a Vector in 'embedding'"
            )
        if self.subject.column is None:
            raise SpecError(f"physttd.arcface: 'subject' must be a column such as record.subject; got '{self.subject}'")
        if plan.objectives:
            raise SpecError("physttd.arcface has its own loss and does not use objectives; delete model.objectives")

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        from fas_physttd.polysemantic.arcface import ArcFaceTraining

        return ArcFaceTraining(
            graph,
            embedding=self.embedding,
            subject=self.subject,
            attacks=self.attacks,
            people=self.people,
            margin=self.margin,
            scale=self.scale,
            optimizer=self.optimizer,
            schedule=self.schedule,
            epochs=self.epochs,
            steps_per_epoch=steps_per_epoch,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        modalities = {"faces": {"type": "faces"}, "face": {"type": "face_frames", "inputs": ["faces"], "size": 32}}
        encoders = {"embed": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}}
        model = {"encoders": encoders, "heads": {"main": {"type": "binary", "inputs": ["embed"]}}}
        return [(cls(people=16), {"modalities": modalities, "model": model})]


__all__ = ["ArcFace", "ArcFaceResNet18", "Identity"]
