"""Recognition of faces beside traces: ArcFace's ResNet-18, the identity loss, and a recipe that trains one. Importing this imports no torch."""

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
    """ResNet-18 as ArcFace recognises faces with (Deng et al. 2019): Image(3, H, W), resized to 112 x 112 -> Vector(512).

    Modules are named as in InsightFace's `iresnet18`, whose weights, saved as safetensors, load by `weights`. 24,025,600 parameters.
    """

    type: Literal["physttd.arcface_resnet18"] = "physttd.arcface_resnet18"
    width: PositiveFloat = Field(1.0, description="factor of all channels but the embedding's; 1: the published ones")

    def infer(self, signals: Sequence[Signal]) -> Vector:
        if len(signals) != 1 or not isinstance(signals[0], Image) or signals[0].c != 3:
            raise SpecError(
                f"{self.type} reads one Image of three colours; got {', '.join(map(str, signals)) or 'nothing'}"
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
    """Distance between identities of an image and of its live counterpart, || f(I) - f(I - T) ||_2 (Eq. 8).

    Inputs in pairs: `face`, `gen.rgb_live`, and further pairs whose distances add up; the published loss has RGB alone. f is an
    ArcFace ResNet-18, frozen, its embeddings of length 1; `weights` names them: a file, or `runs/<name>#<node>` of a
    `physttd.arcface` run.
    """

    type: Literal["physttd.identity"] = "physttd.identity"
    weights: str | None = Field(
        None, description="of the recogniser: a safetensors file, or a run's folder with '#node'"
    )
    without_weights: Literal["off", "random"] = Field(
        "off",
        description="where 'weights' names none: the loss is 0, with a warning, or the recogniser has random weights",
    )
    width: PositiveFloat = Field(1.0, description="factor of the recogniser's channels, as its weights have it")
    unit: bool = Field(True, description="bring embeddings to length 1 before their distance is taken")

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        if len(signals) % 2:
            raise SpecError(
                f"{self.type} reads pairs, an image and its live counterpart such as gen.rgb_live; got {len(signals)} inputs"
            )
        if any(signal.c not in (1, 3) for signal in square(self.type, signals)):
            raise SpecError(
                f"{self.type} recognises pictures of three colours, or of one channel; got {', '.join(map(str, signals))}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.polysemantic.objectives import IdentityObjective, NoIdentity

        random = self.weights is None and self.without_weights == "random"
        return IdentityObjective(self.width, unit=self.unit) if self.weights is not None or random else NoIdentity()

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(without_weights="random", width=0.07), [Image(3, 32, 32), Plane(3, 32, 32)], Labels("label"))]


class ArcFace(Recipe):
    """Trains an embedding to tell people apart by the additive angular margin (Deng et al. 2019, Eq. 3), with SGD.

    People are those of the records' `subject`; records without one teach nothing. Heads learn on the embedding as it is, without
    changing it: a `binary` head then says what an embedding of identity knows of attacks.
    """

    type: Literal["physttd.arcface"] = "physttd.arcface"
    embedding: Ref = Field(Ref("embed"), description="the node whose Vector becomes the embedding")
    subject: Ref = Field(Ref("record.subject"), description="the column that names people")
    people: PositiveInt = Field(
        512, description="places for people in the margin's softmax; as many as train has, at least"
    )
    attacks: bool = Field(False, description="learn from attacks too, which show their subject as a print or mask does")
    margin: float = Field(0.5, ge=0, lt=1.5, description="m, radians added to the angle to one's own centre")
    scale: PositiveFloat = Field(64.0, description="s, factor of all cosines")
    optimizer: Optimizer = Field(
        default_factory=lambda: Optimizer.model_validate(
            {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}
        ),
        description="of the embedding, and of the heads",
    )
    schedule: Schedule = Field(Schedule(), description="learning rate over time")

    def infer(self, plan: Plan) -> None:
        if not isinstance(plan.signal(self.embedding), Vector):
            raise SpecError(
                f"physttd.arcface trains a Vector, and '{self.embedding}' gives {plan.signal(self.embedding)}"
            )
        if self.subject.column is None:
            raise SpecError(f"physttd.arcface: 'subject' is a column such as record.subject, not '{self.subject}'")
        if plan.objectives:
            raise SpecError("physttd.arcface has a loss of its own and no use for objectives; delete model.objectives")

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
