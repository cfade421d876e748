"""Components without torch, one of each kind and form that the check must tell apart."""

from typing import ClassVar, Literal

from pydantic import Field

from fascore import (
    Config,
    Dataset,
    Encoder,
    Fusion,
    Head,
    Image,
    Metric,
    Modality,
    Objective,
    Points,
    Recipe,
    Ref,
    Sampler,
    Slot,
    SpecError,
    Vector,
)
from fascore.contract.component import named


class Data(Dataset):
    type: Literal["toy.data"] = "toy.data"
    site: str = Field("A", description="where")

    def splits(self):
        return ("train", "dev", "test")


class Pixels(Modality):
    type: Literal["toy.pixels"] = "toy.pixels"
    views: int = Field(1, ge=1, description="views")
    size: int = Field(8, description="side")

    def infer(self, signals):
        return Image(3, self.size, self.size)

    def count(self, views):
        return self.views


class Boxes(Modality):
    type: Literal["toy.boxes"] = "toy.boxes"

    def infer(self, signals):
        return None


class Crop(Modality):
    """Stored; has the port `points`."""

    type: Literal["toy.crop"] = "toy.crop"

    def infer(self, signals):
        if len(signals) != 1:
            raise SpecError(f"toy.crop reads one modality; got {len(signals)}")
        return {"": Image(3, 4, 4), "points": Points(5, 2)}


class Online(Modality):
    type: Literal["toy.online"] = "toy.online"
    stored: ClassVar[bool] = False

    def infer(self, signals):
        return signals[0]


class Flat(Encoder):
    type: Literal["toy.flat"] = "toy.flat"
    width: int = Field(4, ge=1, description="width")

    def infer(self, signals):
        if not isinstance(signals[0], Image):
            raise SpecError(f"toy.flat takes an Image; got {signals[0]}")
        return Vector(self.width)


class Split(Encoder):
    """Two ports and no main output."""

    type: Literal["toy.split"] = "toy.split"

    def infer(self, signals):
        return {"a": Vector(2), "b": Vector(3)}


class Stack(Fusion):
    type: Literal["toy.stack"] = "toy.stack"
    scale: float = Field(1.0, description="factor")

    def infer(self, signals):
        if not all(isinstance(signal, Vector) for signal in signals):
            raise SpecError(f"toy.stack takes Vectors; got {', '.join(map(str, signals))}")
        return Vector(sum(signal.d for signal in signals))


class Masked(Stack):
    type: Literal["toy.masked"] = "toy.masked"
    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True


class Inner(Config):
    gain: float = Field(1.0, description="gain")


class Nested(Fusion):
    """Holds another fusion, whose default is a bare name, and a plain config."""

    type: Literal["toy.nested"] = "toy.nested"
    inner: Slot[Fusion] = Field(named("toy.stack"), description="inside")
    plain: Inner = Field(Inner(), description="plain")

    def infer(self, signals):
        return self.inner.infer(signals)


class Weather(Fusion):
    type: Literal["toy.weather"] = "toy.weather"
    context: ClassVar[tuple[str, ...]] = ("weather",)

    def infer(self, signals):
        return signals[0]


class Judge(Head):
    type: Literal["toy.judge"] = "toy.judge"

    def check(self, signals, target):
        if not isinstance(signals[0], Vector):
            raise SpecError(f"toy.judge takes a Vector; got {signals[0]}")


class Regress(Judge):
    type: Literal["toy.regress"] = "toy.regress"
    scores: ClassVar[bool] = False


class Pull(Objective):
    type: Literal["toy.pull"] = "toy.pull"

    def check(self, signals, target):
        return None


class Order(Sampler):
    type: Literal["toy.order"] = "toy.order"


class Rate(Metric):
    type: Literal["toy.rate"] = "toy.rate"
    level: float = Field(0.5, description="level")


class Train(Recipe):
    type: Literal["toy.train"] = "toy.train"
    generator: Ref | None = Field(None, description="a node that it trains apart")
    refuse: bool = Field(False, description="refuse every graph")

    def infer(self, plan):
        if self.refuse:
            raise SpecError("toy.train refuses this graph")


class Shuffle(Sampler):
    """The defaults of a spec have names of the core."""

    type: Literal["shuffle"] = "shuffle"


class Auc(Metric):
    type: Literal["auc"] = "auc"


class Eer(Metric):
    type: Literal["eer"] = "eer"


class Iso30107(Metric):
    type: Literal["iso30107"] = "iso30107"


class Supervised(Recipe):
    type: Literal["supervised"] = "supervised"


TABLE = {
    "dataset": {"toy.data": "contract_toys:Data"},
    "modality": {
        "toy.pixels": "contract_toys:Pixels",
        "toy.boxes": "contract_toys:Boxes",
        "toy.crop": "contract_toys:Crop",
        "toy.online": "contract_toys:Online",
    },
    "encoder": {"toy.flat": "contract_toys:Flat", "toy.split": "contract_toys:Split"},
    "fusion": {
        "toy.stack": "contract_toys:Stack",
        "toy.masked": "contract_toys:Masked",
        "toy.nested": "contract_toys:Nested",
        "toy.weather": "contract_toys:Weather",
    },
    "head": {"toy.judge": "contract_toys:Judge", "toy.regress": "contract_toys:Regress"},
    "objective": {"toy.pull": "contract_toys:Pull"},
    "sampler": {"toy.order": "contract_toys:Order", "shuffle": "contract_toys:Shuffle"},
    "metric": {
        "toy.rate": "contract_toys:Rate",
        "auc": "contract_toys:Auc",
        "eer": "contract_toys:Eer",
        "iso30107": "contract_toys:Iso30107",
    },
    "recipe": {"toy.train": "contract_toys:Train", "supervised": "contract_toys:Supervised"},
}


def document():
    """A small whole spec: two modalities, two encoders, a fusion, a head."""
    return {
        "name": "toy",
        "data": {"train": [{"dataset": "toy.data", "split": "train"}]},
        "modalities": {"raw": {"type": "toy.pixels"}, "face": {"type": "toy.crop", "inputs": ["raw"]}},
        "model": {
            "encoders": {
                "one": {"type": "toy.flat", "inputs": ["face"]},
                "two": {"type": "toy.flat", "inputs": ["raw"], "width": 6},
            },
            "fusions": {"all": {"type": "toy.stack", "inputs": ["one", "two"]}},
            "heads": {"main": {"type": "toy.judge", "inputs": ["all"]}},
        },
        "sampler": "toy.order",
        "recipe": "toy.train",
        "metrics": ["toy.rate"],
    }
