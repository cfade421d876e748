"""The three training steps of PhySTD. Importing this module imports no torch."""

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
    """Adversarial training of a `physttd.generator`: depth, traces against four discriminators, and supervision by what it synthesises.

    One step: the generator is updated by Eq. 23 on the batch, and by Eq. 24 on its bona fide half and "harder" attacks that it made
    itself; then the discriminators, on the same pictures, detached. A batch holds bona fide and attacks (`physttd.paired`);
    the k-th attack is put onto the k-th live face. `steps` 1 learns depth alone, 2 leaves out the supervision by synthesis (Table 3).
    """

    type: Literal["physttd.three_steps"] = "physttd.three_steps"
    generator: Ref = Field(Ref("gen"), description="the encoder physttd.generator")
    landmarks: Ref = Field(
        Ref("face.points"), description="landmarks of the generator's image: port 'points' of face_frames"
    )
    depth: Ref = Field(
        Ref("depth"),
        description="M0 of live faces, N/8 x N/8: pseudo_depth, or depth_map; attacks learn zeros whatever it holds",
    )
    outline: Ref = Field(
        Ref("outline"), description='a map above 0 in the face, of attacks too: pseudo_depth with "attacks": "face"'
    )
    steps: Literal[1, 2, 3] = Field(3, description="the last of the paper's steps that is trained")
    optimizer: Optimizer = Field(_rate(5e-5), description="of the generator")
    discriminator: Optimizer = Field(
        _rate(2.5e-5), description="of the four discriminators; half the rate in place of every second step"
    )
    discriminator_every: PositiveInt = Field(1, description="steps between two of the discriminators; STDN: 2")
    schedule: Schedule = Field(
        Schedule(name="step", decay_epochs=9), description="of both; published: a tenth every 3/10 of the training"
    )
    discriminator_width: PositiveFloat = Field(1.0, description="factor of the discriminators' channels")
    discriminator_layers: Literal["seven", "seven_and_three"] = Field(
        "seven", description="seven convolutions, three of which halve, or three more"
    )
    discriminator_eighths: tuple[Eighth, Eighth, Eighth, Eighth] = Field(
        (1, 3, 8, 8), description="sizes that D1 to D4 see, in eighths of N"
    )
    discriminator_output: Literal["linear", "sigmoid"] = Field("linear", description="of the discriminators' maps")
    discriminator_colours: Literal["rgb", "rgb_yuv"] = Field(
        "rgb", description="what discriminators see; rgb_yuv: six channels, as STDN"
    )
    polarity: Literal["real_is_one", "real_is_zero"] = Field(
        "real_is_one", description="a discriminator's answer to a real image (Eq. 17, 18)"
    )
    adversarial_norm: Literal["mean_square", "sum_square", "norm"] = Field(
        "mean_square",
        description="how a discriminator's map counts: mean of squares, their sum as printed, or its root",
    )
    depth_norm: Literal["l1", "frobenius"] = Field(
        "l1", description="Eq. 16, 22: mean |M - M0| as the text says, or ||M - M0||_F / K^2 as printed"
    )
    depth_weight: NonNegativeFloat = Field(100.0, description="of Eq. 16")
    gan_weight: NonNegativeFloat = Field(5.0, description="of Eq. 17")
    prior_weight: NonNegativeFloat = Field(1.0, description="of Eq. 19")
    beta: PositiveFloat = Field(0.1, description="|T_A| above which a pixel counts as inpainted (Eq. 19)")
    beta_channels: Literal["mean", "sum"] = Field(
        "mean", description="|T_A| of a pixel: mean or sum over its channels; SRENet: sum, above 0.35"
    )
    prior_regions: dict[str, Region] = Field(
        REGIONS, description="where attacks may be inpainted, by the beginning of their species; else: face"
    )
    prior: bool = Field(True, description="false: no prior masks, as for Table 6, which may know no species")
    size: Literal["mean", "sum"] = Field(
        "mean", description="Eq. 20 of mean squares, a weight a class (STDN), or as printed, of sums over pixels"
    )
    size_live: NonNegativeFloat = Field(
        10.0, description="weight of Eq. 20 for bona fide; the paper prints 1e-4 for both, which belongs to sum"
    )
    size_spoof: NonNegativeFloat = Field(1e-4, description="weight of Eq. 20 for attacks")
    warp: Literal["backward", "printed"] = Field(
        "backward",
        description="offsets source - target at the live face's landmarks, or target - source at the attack's as Eq. 12 to 15 print",
    )
    anchors: bool = Field(
        True, description="sixteen fixed points on the border; false: nothing moves outside the landmarks' hull"
    )
    trace_weight: NonNegativeFloat = Field(10.0, description="of Eq. 21")
    trace_of_live: bool = Field(True, description="in step 3 the traces of live faces are to be 0")
    hard_weight: NonNegativeFloat = Field(1.0, description="of Eq. 22")
    share: tuple[Share, Share] = Field(
        (0.0, 1.0), description="a harder attack has a share of a trace, uniform between these; STDN: 0.1, 0.8"
    )
    share_of: Literal["each", "one"] = Field(
        "each", description="a share of every additive trace, or of one at random, as STDN"
    )
    keep_inpainting: float = Field(0.5, ge=0, le=1, description="chance that a harder attack keeps P; else P is 0")

    def network(self, plan: Plan) -> NodePlan:
        """The generator's node. Raises SpecError."""
        node = plan.nodes.get(self.generator.node)
        if node is None or self.generator.port or not isinstance(node.component, Generator):
            raise SpecError(
                f"{self.type} trains a physttd.generator, and '{self.generator}' is none; name one of model.encoders in 'generator'"
            )
        return node

    def infer(self, plan: Plan) -> None:
        node = self.network(plan)
        if node.inputs[0].node not in plan.modalities:
            raise SpecError(
                f"{self.type}: the generator must read a modality, since synthetic images take its place; got '{node.inputs[0]}'"
            )
        wanted = node.outputs["depth"]
        for name, ref in (("landmarks", self.landmarks), ("depth", self.depth), ("outline", self.outline)):
            if ref.node not in plan.modalities or plan.modalities[ref.node].outputs.get(ref.port) is None:
                raise SpecError(f"{self.type}: '{name}' names '{ref}', which is no tensor of a modality; {HINTS[name]}")
            signal = plan.signal(ref)
            right = (
                isinstance(signal, Points)
                if name == "landmarks"
                else signal == wanted
                if name == "depth"
                else isinstance(signal, Plane)
            )
            if not right:
                raise SpecError(
                    f"{self.type}: '{name}' names '{ref}', {signal}; it takes {wanted if name == 'depth' else HINTS[name]}"
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
    "landmarks": 'points of one image: "landmarks": "68" of face_frames gives the port \'points\'',
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
