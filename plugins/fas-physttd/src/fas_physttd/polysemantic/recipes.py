"""The recipe of polysemantic spoof traces. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from fas_physttd.polysemantic.components import Generator
from fascore import Optimizer, Recipe, Ref, Schedule, SpecError, Training

if TYPE_CHECKING:
    from fascore import Graph, Plan


class Polysemantic(Recipe):
    """Three steps per batch (Li et al.): the generator with all heads and objectives (Eq. 13), discriminators (Eq. 7), consistency (Eq. 14).

    The recipe has one set of discriminators per stream. Heads and objectives add the other losses of Eq. 13 with their
    own weights: `physttd.intensity`, `physttd.identity`, `center`, `binary` on each bottleneck, and
    `physttd.trace_classifier`. Every batch needs bona fide records and attacks, preferably as `physttd.paired` plans
    them.
    """

    type: Literal["physttd.polysemantic"] = "physttd.polysemantic"
    generator: Ref = Field(Ref("gen"), description="the physttd.polysemantic encoder; its inputs are modalities")
    adversarial: NonNegativeFloat = Field(
        0.25, description="alpha_1: weight of the generator's adversarial loss (Eq. 6)"
    )
    discrimination: PositiveFloat = Field(1.0, description="alpha_7: weight of the discriminators' loss (Eq. 7)")
    consistency: NonNegativeFloat = Field(1.0, description="alpha_8: weight of the consistency loss (Eq. 14)")
    polarity: Literal["real_is_zero", "real_is_one"] = Field(
        "real_is_zero", description="target output of the discriminators for real images; as printed: 0"
    )
    g_recon_set: Literal["LuS", "S"] = Field(
        "LuS",
        description="reconstructions that the generator makes look live: LuS: all, as printed; S: those of attacks",
    )
    d_recon_set: Literal["S", "LuS"] = Field(
        "S",
        description="fakes for the discriminators: S: reconstructions of attacks; LuS: all, as printed, although a bona fide one equals its image",
    )
    mixing: float = Field(
        0.5,
        ge=0,
        le=1,
        description="probability that a trace is mixed with that of the next attack, u T_j + (1 - u) T_k with uniform u",
    )
    norm: Literal["mean_square", "sum_square", "norm"] = Field(
        "mean_square",
        description="norm of maps and traces in Eq. 6, 7, and 14: mean of squares, sum of squares, or the unsquared norm as printed",
    )
    scale_reduction: Literal["mean", "sum"] = Field("mean", description="reduction of Eq. 6 and 7 over the scales")
    scales: tuple[PositiveInt, ...] = Field(
        (256, 128, 64),
        min_length=1,
        description="sides to which the discriminators resize images, one network per side",
    )
    separate: bool = Field(
        False,
        description="true: separate networks for live and spoof images; false: one trunk with two heads per scale",
    )
    discriminator_width: PositiveFloat = Field(
        1.0, description="factor for the channel counts of the discriminators; 1: as published"
    )
    discriminator_layers: Literal["seven", "seven_and_three"] = Field(
        "seven",
        description="seven: seven convolutions, three of which halve the size; seven_and_three: three more that halve it",
    )
    optimizer: Optimizer = Field(
        default_factory=lambda: Optimizer(name="adam", lr=5e-5),
        description="optimizer of the generator, in the first and third step",
    )
    discriminator: Optimizer = Field(
        default_factory=lambda: Optimizer(name="adam", lr=5e-5),
        description="optimizer of the discriminators of each stream",
    )
    schedule: Schedule = Field(Schedule(), description="schedule of the learning rate")
    clip: PositiveFloat | None = Field(
        None, description="maximum norm of the whole gradient of one optimizer; default: no limit"
    )

    def infer(self, plan: Plan) -> None:
        node = plan.nodes.get(self.generator.node)
        if node is None or not isinstance(node.component, Generator) or self.generator.port:
            raise SpecError(
                f"physttd.polysemantic trains a physttd.polysemantic encoder, but 'generator' names '{self.generator}', which is not one; "
                "name one of model.encoders"
            )
        if encoded := [ref for ref in node.inputs if ref.node not in plan.modalities]:
            raise SpecError(
                f"physttd.polysemantic adds traces to images, but '{self.generator}' reads '{encoded[0]}', which is not a modality; "
                "make a modality its input"
            )
        if node.optional:
            raise SpecError(
                "physttd.polysemantic needs every input of the generator: leave 'optional' out of its modalities, so that records that lack one "
                "are set aside by name"
            )
        side = max(signal.shapes[0][-1] for signal in node.signals if signal is not None)
        if invalid := [scale for scale in self.scales if scale % 8 or scale > side]:
            raise SpecError(
                f"physttd.polysemantic: scale {invalid[0]} does not fit images of {side} pixels; use multiples of 8, {side} at most"
            )

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        from fas_physttd.polysemantic.training import PolysemanticTraining, Settings

        settings = Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
        return PolysemanticTraining(settings, graph, steps_per_epoch)

    @classmethod
    def examples(cls) -> list[Any]:
        # Two-stream and single-stream graphs, as small as the layers allow.
        other: dict[str, Any] = {
            "separate": True,
            "d_recon_set": "LuS",
            "norm": "norm",
            "discriminator_layers": "seven_and_three",
        }
        return [
            (cls(scales=(32, 16), discriminator_width=0.1), toy_graph(("rgb", "depth"))),
            (cls(scales=(16,), discriminator_width=0.1, **other), toy_graph(("rgb",))),
        ]


def toy_graph(streams: tuple[str, ...]) -> dict[str, Any]:
    """Modalities and model of a small spec with every loss except the identity loss; conformance and tests train it."""
    ports = [f"gen.{name}_trace" for name in streams]
    depth = {"depth": {"type": "depth_map", "inputs": ["face"]}} if "depth" in streams else {}
    generator = {
        "type": "physttd.polysemantic",
        "streams": streams,
        "network": {"type": "timm", "name": "test_resnet"},
        "widths": (8, 8, 6, 4),
        "frozen_norm": [],
        "inputs": ["face", *depth],
    }
    return {
        "modalities": {
            "faces": {"type": "faces"},
            "face": {"type": "face_frames", "inputs": ["faces"], "size": 32},
            **depth,
        },
        "model": {
            "encoders": {"gen": generator},
            "heads": {
                "trace": {"type": "physttd.trace_classifier", "width": 0.1, "inputs": ports},
                **{f"{name}_branch": {"type": "binary", "inputs": [f"gen.{name}_bottleneck"]} for name in streams},
            },
            "objectives": {
                "intensity": {"type": "physttd.intensity", "weight": 200, "inputs": ports},
                **{
                    f"{name}_center": {
                        "type": "center",
                        "start": "first",
                        "weight": 10,
                        "inputs": [f"gen.{name}_feature"],
                    }
                    for name in streams
                },
            },
            "score": "trace",
        },
    }


__all__ = ["Polysemantic", "toy_graph"]
