"""Components whose torch code has one flaw each, which the conformance suite has to find."""

import math
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from fascore import Encoder, Fusion, Head, Image, Labels, Modality, ModalityModule, Objective, Recipe, Vector

BATCH: list[int] = []


class Linear(nn.Module):
    """A linear map with one flaw, by name."""

    def __init__(self, flaw):
        super().__init__()
        self.flaw, self.line = flaw, nn.Linear(3, 4)
        if flaw == "seeded":
            self.line.weight.data *= 1 + torch.rand(1, generator=torch.Generator().manual_seed(len(BATCH)))
            BATCH.append(0)
        if flaw == "gradients":
            self.idle = nn.Parameter(torch.ones(2))
        if flaw == "state_dict":
            self.hidden = torch.randn(1)

    def forward(self, feature, **context):
        if self.flaw == "builds":
            raise ValueError("no forward")
        if self.flaw == "inputs_kept" and not self.training:
            feature *= 2
        output = self.line(feature)
        if self.flaw == "bf16" and output.dtype == torch.bfloat16:
            output = output * math.inf
        if self.flaw == "batch_order":
            output = output - output.mean(0)
        if self.flaw == "state_dict":
            output = output + self.hidden
        if self.flaw == "nan":
            output = output / 0
        return output[:, :3] if self.flaw == "signal" else output


class Base(Encoder):
    """Vector(3) -> Vector(4), with one flaw."""

    type: Any = "flawed"
    flaw: ClassVar[str] = ""

    @classmethod
    def examples(cls):
        return [(cls(), [Vector(3)])]

    def infer(self, signals):
        return Vector(4)

    def build(self, signals):
        return Linear(self.flaw)


def encoder(name, **facts):
    """A flawed encoder of that name."""
    names = {
        "__module__": __name__,
        "__doc__": f"Its flaw is {name}.",
        "__annotations__": {"type": Literal[f"flawed.{name}"], "flaw": ClassVar[str]},
    }
    return type(Base)(name, (Base,), {**names, "type": f"flawed.{name}", "flaw": name, **facts})


Signal, Nan, Seeded, Gradients = map(encoder, ("signal", "nan", "seeded", "gradients"))
Builds, InputsKept = map(encoder, ("builds", "inputs_kept"))
BatchOrder, StateDict, Bf16 = map(encoder, ("batch_order", "state_dict", "bf16"))
Context = encoder("context", context=("weather",))


class Forgetful(Fusion):
    """Says that it honours its mask, and adds everything."""

    type: Literal["flawed.forgetful"] = "flawed.forgetful"
    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    @classmethod
    def examples(cls):
        return [(cls(), [Vector(3), Vector(3)])]

    def infer(self, signals):
        return Vector(3)

    def build(self, signals):
        return Adding()


class Adding(nn.Module):
    def forward(self, one, two, mask):
        return one + two


class Judging(nn.Module):
    def __init__(self, flaw):
        super().__init__()
        self.flaw, self.line = flaw, nn.Linear(3, 1)

    def forward(self, feature):
        return self.line(feature.detach() if self.flaw == "feature_gradients" else feature).squeeze(1).float()

    def loss(self, output, target):
        loss = nn.functional.binary_cross_entropy_with_logits(output, target.float(), reduction="none")
        return loss.mean() if self.flaw == "losses" else loss

    def score(self, output):
        if self.flaw == "output_kept":
            return output.detach().sigmoid_()
        return output if self.flaw == "scores" else (-output).sigmoid() if self.flaw == "polarity" else output.sigmoid()


class Judge(Head):
    """A head with one flaw."""

    type: Any = "flawed"

    @classmethod
    def examples(cls):
        return [(cls(), [Vector(3)], Labels("label"))]

    def check(self, signals, target):
        return None

    def build(self, signals, target):
        return Judging(self.type.partition(".")[2])


class Losses(Judge):
    """A mean where a loss of each record belongs."""

    type: Literal["flawed.losses"] = "flawed.losses"


class Scores(Judge):
    """Logits where probabilities belong."""

    type: Literal["flawed.scores"] = "flawed.scores"


class Polarity(Judge):
    """Attacks score higher."""

    type: Literal["flawed.polarity"] = "flawed.polarity"


class OutputKept(Judge):
    """Its score overwrites the output."""

    type: Literal["flawed.output_kept"] = "flawed.output_kept"


class FeatureGradients(Judge):
    """Nothing below it learns."""

    type: Literal["flawed.feature_gradients"] = "flawed.feature_gradients"


class Bursting(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("centre", torch.zeros(3))

    def forward(self, feature, *, target):
        return (feature - self.centre).square().sum(1)

    def update(self, reduce):
        self.centre /= 0


class Updates(Objective):
    """Its state bursts."""

    type: Literal["flawed.updates"] = "flawed.updates"

    @classmethod
    def examples(cls):
        return [(cls(), [Vector(3)], Labels("label"))]

    def check(self, signals, target):
        return None

    def build(self, signals, target):
        return Bursting()


class Relabelling(nn.Module):
    def forward(self, feature, *, target):
        target[:] = 0
        return feature.square().sum(1)


class TargetKept(Updates):
    """Overwrites the labels."""

    type: Literal["flawed.target_kept"] = "flawed.target_kept"

    def build(self, signals, target):
        return Relabelling()


class Picture(Modality):
    """The mean colour of the first frame, with one flaw."""

    type: Any = "flawed"

    @classmethod
    def examples(cls):
        return [(cls(), {})]

    def channels(self):
        return ("rgb",)

    def infer(self, signals):
        return Image(3, 2, 2)

    def build(self, signals):
        return Mean(self.type.partition(".")[2])


class Mean(ModalityModule):
    def __init__(self, flaw):
        self.flaw = flaw

    def extract(self, record, inputs):
        from fascore import NoResponse

        if "rgb" not in record.channels and self.flaw != "missing":
            raise NoResponse("unreadable", "there is no rgb channel")
        (frame,) = record.channels["rgb"].read([0])
        image = frame.image[:2, :2].transpose(2, 0, 1)[None]
        if self.flaw == "undeclared" and "depth" in record.channels:
            image = image // 2
        return {"value": image}

    def load(self, stored, draws, inputs):
        if self.flaw == "prepares":
            raise ZeroDivisionError("nothing to load")
        image = stored["value"].float() / 255
        if self.flaw == "range":
            image = image * 300
        if self.flaw == "drawing":
            image = image * torch.rand(())
        if self.flaw == "rows":
            image = image / image.mean() / 10
        return image


def modality(name):
    """A flawed modality of that name."""
    names = {
        "__module__": __name__,
        "__doc__": f"Its flaw is {name}.",
        "__annotations__": {"type": Literal[f"flawed.{name}"]},
    }
    return type(Picture)(name, (Picture,), {**names, "type": f"flawed.{name}"})


Prepares, Range, Drawing, Rows = map(modality, ("prepares", "range", "drawing", "rows"))
Undeclared, Missing = map(modality, ("undeclared", "missing"))


class Orphan(Picture):
    """Reads a modality that its example does not give."""

    type: Literal["flawed.orphan"] = "flawed.orphan"

    @classmethod
    def examples(cls):
        return [(cls(inputs=("nobody",)), {})]


class Following(Modality):
    """Half of the picture `face`, with one flaw."""

    type: Any = "flawed"

    @classmethod
    def examples(cls):
        face = {"type": "face_frames", "inputs": ["faces"], "size": 16}
        return [(cls(inputs=("face",)), {"faces": "faces", "face": face})]

    def infer(self, signals):
        from fascore import SpecError

        if len(signals) != 1 or not isinstance(signals[0], Image):
            raise SpecError("reads one picture")
        return signals[0]


class Darkening(Following):
    """Loading halves the picture that others read."""

    type: Literal["flawed.darkening"] = "flawed.darkening"
    stored = False

    def build(self, signals):
        return Halving()


class Halving(ModalityModule):
    def load(self, stored, draws, inputs):
        return inputs[0].mul_(0.5)


class Erasing(Following):
    """Extraction sets a pixel of the stored picture to 0."""

    type: Literal["flawed.erasing"] = "flawed.erasing"

    def build(self, signals):
        return Wiping()


class Wiping(ModalityModule):
    def extract(self, record, inputs):
        array = inputs[0]["value"]
        array[..., 0] = 255 - array[..., 0]
        return {"value": array[..., :16, :16]}

    def load(self, stored, draws, inputs):
        return stored["value"].float() / 255


class Teaching:
    """Trains with one flaw."""

    def __init__(self, flaw, graph):
        self.flaw, self.graph, self.own = flaw, graph, nn.ModuleDict()

    def optimizers(self):
        from fascore.training.config import Optimizer, Schedule
        from fascore.training.optim import make_optimizer

        parameters = list(self.graph.parameters())
        kept = parameters[1:] if self.flaw == "lazy" else parameters
        return {"all": make_optimizer(kept, Optimizer(name="sgd", lr=0.01), Schedule(), epochs=1, steps_per_epoch=2)}

    def step(self, engine, batch):
        if self.flaw == "idle":
            return {"loss": torch.zeros(())}
        weight = 1.0
        if self.flaw == "drifting":
            BATCH.append(1)
            weight = float(len(BATCH))
        return {
            "loss": engine.optimize(
                "all", lambda: weight * torch.stack(list(engine.losses(engine.graph(batch), batch).values())).sum()
            )
        }


class Teach(Recipe):
    """A recipe with one flaw."""

    type: Any = "flawed"

    def build(self, graph, steps_per_epoch):
        return Teaching(self.type.partition(".")[2], graph)


class BuildsNothing(Teach):
    """Gives no training."""

    type: Literal["flawed.builds_nothing"] = "flawed.builds_nothing"

    def build(self, graph, steps_per_epoch):
        return None


class Idle(Teach):
    """Never takes a step."""

    type: Literal["flawed.idle"] = "flawed.idle"


class Drifting(Teach):
    """Remembers earlier runs."""

    type: Literal["flawed.drifting"] = "flawed.drifting"


class Lazy(Teach):
    """Leaves a parameter out."""

    type: Literal["flawed.lazy"] = "flawed.lazy"
