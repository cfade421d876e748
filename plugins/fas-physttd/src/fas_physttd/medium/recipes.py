"""Training of a classifier on the traces of a frozen generator. Importing this module does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fascore import Encoder, Optimizer, Recipe, Ref, Schedule, SpecError, Training

if TYPE_CHECKING:
    from fascore import Graph, Plan


class TraceMedium(Recipe):
    """Trains a classifier on the traces of a trained generator, which is frozen: fixed weights and statistics, no dropout (Section 4.4).

    The generator is an encoder with the `weights` of a run; all other nodes and the heads learn from the sum of their
    losses.
    """

    type: Literal["physttd.trace_medium"] = "physttd.trace_medium"
    generator: Ref = Field(
        Ref("gen"),
        description="the trained encoder, such as physttd.generator, with the 'weights' of a run, such as 'runs/physttd#gen'",
    )
    optimizer: Optimizer = Field(
        default_factory=lambda: Optimizer(name="adam", lr=1e-4),
        description="optimizer of everything that is not frozen",
    )
    schedule: Schedule = Field(Schedule(), description="schedule of the learning rate")
    random: bool = Field(
        False, description="also freeze a generator without weights, to compare with traces of a random one"
    )

    def infer(self, plan: Plan) -> None:
        node = plan.nodes.get(self.generator.node)
        if node is None or self.generator.port or not isinstance(node.component, Encoder):
            raise SpecError(
                f"{self.type} freezes an encoder, but 'generator' names '{self.generator}', which is not an encoder; name one of model.encoders"
            )
        if node.component.weights is None and not self.random:
            raise SpecError(
                f"{self.type}: '{self.generator}' would stay random; set its weights to those of a run that trained it, such as "
                f'"weights": "runs/physttd#{self.generator}"'
            )
        if not any(head.component.weight > 0 for head in plan.heads.values()):
            raise SpecError(
                f"{self.type} learns from the losses of heads, but no head has a weight above 0; set the weight of one of model.heads"
            )

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        from fas_physttd.medium.training import TraceMediumTraining

        return TraceMediumTraining(
            graph,
            generator=self.generator.node,
            optimizer=self.optimizer,
            schedule=self.schedule,
            epochs=self.epochs,
            steps_per_epoch=steps_per_epoch,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        media = {"live": [None], "paper": ["print.flat"], "digital": ["replay.screen", "forgery.faceswap"]}
        model = {
            "encoders": {
                "gen": {"type": "physttd.generator", "width": 0.06, "inputs": ["face"]},
                "medium": {"type": "physttd.alexnet", "width": 0.05, "inputs": ["gen.b", "gen.c", "gen.t"]},
            },
            "heads": {
                "medium": {
                    "type": "physttd.trace_medium",
                    "target": "record.species",
                    "classes": media,
                    "inputs": ["medium"],
                }
            },
        }
        modalities = {"faces": {"type": "faces"}, "face": {"type": "face_frames", "inputs": ["faces"], "size": 128}}
        return [(cls(random=True), {"modalities": modalities, "model": model})]


__all__ = ["TraceMedium"]
