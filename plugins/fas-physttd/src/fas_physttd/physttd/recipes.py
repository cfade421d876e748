"""The three training steps of PhySTD. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from fas_physttd.physttd.components import Generator
from fas_physttd.physttd.regions import REGIONS, Region
from fascore import Optimizer, Plane, Points, Recipe, Ref, Schedule, SpecError, Training

if TYPE_CHECKING:
    from fascore import Graph, NodePlan, Plan

Eighth = Annotated[int, Field(ge=1, le=8)]
Share = Annotated[float, Field(ge=0, le=1)]
ADAM = {"name": "adam", "betas": (0.9, 0.999)}


def _rate(lr: float) -> Optimizer:
    return Optimizer.model_validate({**ADAM, "lr": lr})


class ThreeSteps(Recipe):
    """Adversarial training of a `physttd.generator`: depth, traces against four discriminators, and supervision by synthetic attacks.

    One step updates the generator by Eq. 23 on the batch and by Eq. 24 on the bona fide half and on "harder" attacks
    that the generator made, then the discriminators on the same pictures, detached. A batch holds bona fide records and
    attacks (`physttd.paired`); the traces of the k-th attack are put onto the k-th live face. `steps` 1 trains depth
    only; 2 omits the supervision by synthesis (Table 3).
    """

    type: Literal["physttd.three_steps"] = "physttd.three_steps"
    generator: Ref = Field(Ref("gen"), description="the encoder physttd.generator")
    landmarks: Ref = Field(
        Ref("face.points"), description="landmarks of the generator's image, such as the port 'points' of face_frames"
    )
    depth: Ref = Field(
        Ref("depth"),
        description="M0 of live faces, N/8 x N/8: pseudo_depth or depth_map; the target of attacks is always zero",
    )
    outline: Ref = Field(
        Ref("outline"),
        description='a map that is above 0 in the face, also for attacks: pseudo_depth with "attacks": "face"',
    )
    steps: Literal[1, 2, 3] = Field(3, description="last training step of the paper to include")
    optimizer: Optimizer = Field(_rate(5e-5), description="optimizer of the generator")
    discriminator: Optimizer = Field(
        _rate(2.5e-5),
        description="optimizer of the four discriminators; its rate is halved instead of skipping every second step",
    )
    discriminator_every: PositiveInt = Field(1, description="update the discriminators every this many steps; STDN: 2")
    schedule: Schedule = Field(
        Schedule(name="step", decay_epochs=9),
        description="schedule of both optimizers; published: divide the rate by 10 after every 3/10 of the training",
    )
    discriminator_width: PositiveFloat = Field(1.0, description="factor for the channel counts of the discriminators")
    discriminator_layers: Literal["seven", "seven_and_three"] = Field(
        "seven",
        description="seven: seven convolutions, three of which halve the size; seven_and_three: three more that halve it",
    )
    discriminator_eighths: tuple[Eighth, Eighth, Eighth, Eighth] = Field(
        (1, 3, 8, 8), description="input sizes of D1 to D4, in eighths of N"
    )
    discriminator_output: Literal["linear", "sigmoid"] = Field(
        "linear", description="output of the discriminators' maps"
    )
    discriminator_colours: Literal["rgb", "rgb_yuv"] = Field(
        "rgb", description="input colors of the discriminators; rgb_yuv: six channels, as in STDN"
    )
    polarity: Literal["real_is_one", "real_is_zero"] = Field(
        "real_is_one", description="target output of a discriminator for a real image (Eq. 17, 18)"
    )
    adversarial_norm: Literal["mean_square", "sum_square", "norm"] = Field(
        "mean_square",
        description="norm of a discriminator's map: mean of squares, sum of squares as printed, or the root of the sum",
    )
    depth_norm: Literal["l1", "frobenius"] = Field(
        "l1", description="Eq. 16, 22: l1: mean |M - M0| as in the text; frobenius: ||M - M0||_F / K^2 as printed"
    )
    depth_weight: NonNegativeFloat = Field(100.0, description="weight of Eq. 16")
    gan_weight: NonNegativeFloat = Field(5.0, description="weight of Eq. 17")
    prior_weight: NonNegativeFloat = Field(1.0, description="weight of Eq. 19")
    beta: PositiveFloat = Field(0.1, description="|T_A| above which a pixel counts as inpainted (Eq. 19)")
    beta_channels: Literal["mean", "sum"] = Field(
        "mean", description="|T_A| of a pixel: mean or sum over its channels; SRENet: the sum, with beta 0.35"
    )
    prior_regions: dict[str, Region] = Field(
        REGIONS, description="region where attacks may be inpainted, by prefix of the species; otherwise: face"
    )
    prior: bool = Field(True, description="false: no prior masks, as for Table 6, where the species must not be known")
    size: Literal["mean", "sum"] = Field(
        "mean", description="Eq. 20: mean: mean squares, one weight per class (STDN); sum: sums over pixels, as printed"
    )
    size_live: NonNegativeFloat = Field(
        10.0, description="weight of Eq. 20 for bona fide; the paper prints 1e-4 for both classes, which fits 'sum'"
    )
    size_spoof: NonNegativeFloat = Field(1e-4, description="weight of Eq. 20 for attacks")
    warp: Literal["backward", "printed"] = Field(
        "backward",
        description="backward: offsets source - target at landmarks of the live face; printed: target - source at those of the attack (Eq. 12-15)",
    )
    anchors: bool = Field(
        True,
        description="true: sixteen fixed points on the border; false: nothing moves outside the hull of the landmarks",
    )
    trace_weight: NonNegativeFloat = Field(10.0, description="weight of Eq. 21")
    trace_of_live: bool = Field(True, description="in step 3, also train the traces of live faces toward 0")
    hard_weight: NonNegativeFloat = Field(1.0, description="weight of Eq. 22")
    share: tuple[Share, Share] = Field(
        (0.0, 1.0), description="range of the uniform share of a trace in a harder attack; STDN: (0.1, 0.8)"
    )
    share_of: Literal["each", "one"] = Field(
        "each", description="each: draw a share of every additive trace; one: of one random trace, as in STDN"
    )
    keep_inpainting: float = Field(
        0.5, ge=0, le=1, description="probability that a harder attack keeps P; otherwise P is 0"
    )

    def network(self, plan: Plan) -> NodePlan:
        """The generator's node. Raises SpecError."""
        node = plan.nodes.get(self.generator.node)
        if node is None or self.generator.port or not isinstance(node.component, Generator):
            raise SpecError(
                f"{self.type} trains a physttd.generator, but '{self.generator}' is not one; name one of model.encoders in 'generator'"
            )
        return node

    def infer(self, plan: Plan) -> None:
        node = self.network(plan)
        if node.inputs[0].node not in plan.modalities:
            raise SpecError(
                f"{self.type}: the generator must read a modality, because synthetic images replace it; got '{node.inputs[0]}'"
            )
        expected = node.outputs["depth"]
        for name, ref in (("landmarks", self.landmarks), ("depth", self.depth), ("outline", self.outline)):
            if ref.node not in plan.modalities or plan.modalities[ref.node].outputs.get(ref.port) is None:
                raise SpecError(
                    f"{self.type}: '{name}' names '{ref}', which is not a tensor of a modality; {HINTS[name]}"
                )
            signal = plan.signal(ref)
            fits = (
                isinstance(signal, Points)
                if name == "landmarks"
                else signal == expected
                if name == "depth"
                else isinstance(signal, Plane)
            )
            if not fits:
                raise SpecError(
                    f"{self.type}: '{name}' names '{ref}', which is {signal}; use {expected if name == 'depth' else HINTS[name]}"
                )

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        from fas_physttd.physttd.training import Settings, ThreeStepsTraining

        settings = Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
        return ThreeStepsTraining(settings, self.network(graph.plan), graph, steps_per_epoch)

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"epochs": 2, "discriminator_width": 0.06}
        rows: tuple[dict[str, Any], ...] = (
            {},
            {"steps": 2, "size": "sum", "size_live": 1e-4, "discriminator_colours": "rgb_yuv"},
        )
        return [(cls.model_validate({**small, **row}), EXAMPLE) for row in rows]


HINTS = {
    "landmarks": 'points of one image: "landmarks": "68" of face_frames adds the port \'points\'',
    "depth": 'write {"type": "pseudo_depth", "inputs": ["face.points"], "size": N/8}',
    "outline": 'write {"type": "pseudo_depth", "inputs": ["face.points"], "attacks": "face"}',
}
EXAMPLE: dict[str, Any] = {
    "modalities": {
        "faces": {"type": "faces", "detector": "boxes"},
        "face": {"type": "face_frames", "inputs": ["faces"], "size": 128, "landmarks": "five"},
        "depth": {"type": "pseudo_depth", "inputs": ["face.points"], "size": 16},
        "outline": {"type": "pseudo_depth", "inputs": ["face.points"], "size": 16, "attacks": "face"},
    },
    "model": {
        "encoders": {"gen": {"type": "physttd.generator", "width": 0.06, "inputs": ["face"]}},
        "heads": {
            "depth": {"type": "physttd.depth", "inputs": ["gen.depth"]},
            "trace": {"type": "physttd.trace", "inputs": ["gen.b", "gen.c", "gen.t", "gen.p"]},
        },
        "score": {"weighted": {"depth": 1, "trace": [0, 1, 2.5, 5, 10, 20, 50, 100]}},
    },
}

__all__ = ["ThreeSteps"]
