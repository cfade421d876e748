"""Components with one flaw each, which the conformance suite has to find: configs, data, metrics."""

import random
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

from fascore import (
    Dataset,
    Detector,
    DetectorModule,
    Face,
    Fusion,
    Metric,
    MetricModule,
    Sampler,
    Source,
    Vector,
    hookimpl,
)


class Sound(Fusion):
    """A fusion without any flaw in its config."""

    @classmethod
    def examples(cls):
        return [(cls(), [Vector(3)])]

    def infer(self, signals):
        return signals[0] if signals else Vector(1)

    def build(self, signals):
        from torch import nn

        return nn.Identity()


class Misnamed(Sound):
    """Its entry point is called otherwise."""

    type: Literal["flawed.other"] = "flawed.other"


class Bare(Sound):
    type: Literal["flawed.undocumented"] = "flawed.undocumented"


class Empty(Sound):
    """Gives no examples."""

    type: Literal["flawed.empty"] = "flawed.empty"

    @classmethod
    def examples(cls):
        return []


class Undescribed(Sound):
    """A field says nothing."""

    type: Literal["flawed.undescribed"] = "flawed.undescribed"
    depth: int = 3


class Growing(Sound):
    """Reading its own dump changes it."""

    type: Literal["flawed.growing"] = "flawed.growing"
    depth: int = Field(3, description="depth")

    @field_validator("depth")
    @classmethod
    def _grow(cls, value):
        return value + 1


class Open(Sound):
    """Takes any key."""

    model_config = ConfigDict(extra="ignore")
    type: Literal["flawed.open"] = "flawed.open"


class Plain(BaseModel):
    gain: float = Field(1.0, description="gain")


class OpenInside(Sound):
    """Its nested config takes any key."""

    type: Literal["flawed.open_inside"] = "flawed.open_inside"
    plain: Plain = Field(Plain(), description="plain")


class OpenLater(Sound):
    """A nested config that no example has takes any key."""

    type: Literal["flawed.open_later"] = "flawed.open_later"
    plain: Plain | None = Field(None, description="plain")


class Soft(BaseModel):
    model_config = ConfigDict(extra="forbid")
    gain: float = Field(1.0, description="gain")


class Thawed(Sound):
    """Its nested config can be changed."""

    type: Literal["flawed.thawed"] = "flawed.thawed"
    soft: tuple[Soft, ...] = Field((Soft(),), description="soft")


class Raising(Sound):
    """Its examples cannot be made."""

    type: Literal["flawed.raising"] = "flawed.raising"
    width: int = Field(3, gt=0, description="width")

    @classmethod
    def examples(cls):
        return [(cls(width=0), [Vector(3)])]


class Picky(Sound):
    """Refuses its own example."""

    type: Literal["flawed.picky"] = "flawed.picky"

    def infer(self, signals):
        from fascore import SpecError

        raise SpecError("never")


class Hollow(Sound):
    """Builds nothing at all."""

    type: Literal["flawed.hollow"] = "flawed.hollow"

    def build(self, signals):
        return None


class Unlike(Sound):
    """Dumps text where its schema says integer."""

    type: Literal["flawed.unlike"] = "flawed.unlike"
    depth: Annotated[int, BeforeValidator(int), PlainSerializer(str)] = Field(3, description="depth")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema, handler):
        schema = handler(core_schema)
        schema.get("properties", schema)["depth"] = {"type": "integer"}
        return schema


class Rude(Sound):
    """Raises IndexError for no inputs."""

    type: Literal["flawed.rude"] = "flawed.rude"

    def infer(self, signals):
        return signals[0]


class Importing(Sound):
    """Its static check imports numpy."""

    type: Literal["flawed.importing"] = "flawed.importing"

    def infer(self, signals):
        import numpy

        return Vector(int(numpy.int64(3)))


class Odd:
    """Marks a method that is no hook."""

    @hookimpl
    def step_begun(self):
        """Never called."""


class Split(Dataset):
    """Two records of one subject, by flaw."""

    type: Any = "flawed"
    flaw: ClassVar[str] = ""

    @classmethod
    def examples(cls):
        return [(cls(), "train")]

    def splits(self):
        return ("train", "dev")

    def records(self, split):
        from dataclasses import replace

        from fascore import SpecError
        from fascore.testing import toy_records

        if split not in self.splits():
            if self.flaw == "unknown_split":
                raise KeyError(split)
            raise SpecError("no such split")
        records = toy_records(6, first=0 if split == "train" else 100)
        if self.flaw == "lists" and split == "dev":
            return []
        if self.flaw == "torn" and split == "dev":
            records = [replace(record, id="torn/1", channels={"rgb": TornSource()}) for record in records[1:2]]
        if self.flaw == "records_valid":
            records = [replace(record, id="same") for record in records]
        if self.flaw == "disjoint":
            records = [replace(record, subject="one") for record in records]
        if self.flaw == "lazy_listing":
            assert len(records[0].channels["rgb"].times())
        if self.flaw == "listed_twice":
            records = [replace(record, metadata={"draw": random.random()}) for record in records]
        if self.flaw == "channels":
            records = [replace(record, channels={"rgb": Backwards(record.channels["rgb"])}) for record in records]
        return records


class Backwards(Source):
    """Its times fall."""

    def __init__(self, inner):
        self.inner = inner

    def digest(self):
        return "x"

    def times(self):
        return self.inner.times()[::-1]

    def read(self, indices=None):
        return self.inner.read(indices)


class TornSource(Source):
    """Cannot be read."""

    def digest(self):
        return "x"

    def times(self):
        from fascore import NoResponse

        raise NoResponse("unreadable", "torn")

    def read(self, indices=None):
        return iter(())


class Nothing(Split):
    """Neither examples nor a fixture."""

    type: Literal["flawed.nothing"] = "flawed.nothing"

    @classmethod
    def examples(cls):
        return []


class Fixture(Split):
    """Its fixture is the folder."""

    type: Literal["flawed.fixture"] = "flawed.fixture"

    @classmethod
    def fixture(cls, folder):
        return str(folder)


class BareDisk(Split):
    """Its fixture cannot be written."""

    type: Literal["flawed.bare_disk"] = "flawed.bare_disk"

    @classmethod
    def fixture(cls, folder):
        raise PermissionError("no room")


class Lists(Split):
    """A split of its fixture is empty."""

    type: Literal["flawed.lists"] = "flawed.lists"
    flaw: ClassVar[str] = "lists"

    @classmethod
    def fixture(cls, folder):
        return cls()


class Torn(Split):
    """A file of the split that no example names is torn."""

    type: Literal["flawed.torn"] = "flawed.torn"
    flaw: ClassVar[str] = "torn"

    @classmethod
    def fixture(cls, folder):
        return cls()


class RecordsValid(Split):
    """Ids stand twice."""

    type: Literal["flawed.records_valid"] = "flawed.records_valid"
    flaw: ClassVar[str] = "records_valid"


class Disjoint(Split):
    """One subject is in two splits."""

    type: Literal["flawed.disjoint"] = "flawed.disjoint"
    flaw: ClassVar[str] = "disjoint"


class LazyListing(Split):
    """Listing reads media."""

    type: Literal["flawed.lazy_listing"] = "flawed.lazy_listing"
    flaw: ClassVar[str] = "lazy_listing"


class ListedTwice(Split):
    """Every listing differs."""

    type: Literal["flawed.listed_twice"] = "flawed.listed_twice"
    flaw: ClassVar[str] = "listed_twice"


class UnknownSplit(Split):
    """An unknown split is a KeyError."""

    type: Literal["flawed.unknown_split"] = "flawed.unknown_split"
    flaw: ClassVar[str] = "unknown_split"


class Channels(Split):
    """Time runs backwards."""

    type: Literal["flawed.channels"] = "flawed.channels"
    flaw: ClassVar[str] = "channels"


class Inventing(Sampler):
    """Plans an id that no record has."""

    type: Literal["flawed.inventing"] = "flawed.inventing"

    def plan(self, records, epoch, seed):
        return [["nobody"], [str(epoch), str(seed)]] if records else []


class Fixed(Sampler):
    """The same plan in every epoch."""

    type: Literal["flawed.fixed"] = "flawed.fixed"

    def plan(self, records, epoch, seed):
        return [[records[0].id]] if records else []


class Greedy(Sampler):
    """Raises IndexError where there is nothing."""

    type: Literal["flawed.greedy"] = "flawed.greedy"

    def plan(self, records, epoch, seed):
        return [[records[(epoch + seed) % len(records)].id]]


class Nervous(Detector):
    """Raises where there is no face."""

    type: Literal["flawed.nervous"] = "flawed.nervous"

    def build(self):
        return Finder(None)


class Unbuilt(Detector):
    """Builds something else."""

    type: Literal["flawed.unbuilt"] = "flawed.unbuilt"

    def build(self):
        return object()


class Painting(Detector):
    """Paints over the picture."""

    type: Literal["flawed.painting"] = "flawed.painting"

    def build(self):
        return Finder("paint")


class Double(Detector):
    """Gives a box of float64."""

    type: Literal["flawed.double"] = "flawed.double"

    def build(self):
        return Finder("float64")


class Finder(DetectorModule):
    def __init__(self, dtype):
        self.dtype = dtype

    def detect(self, image, index, annotation):
        import numpy as np

        if self.dtype is None:
            raise ValueError("no face")
        if self.dtype == "paint":
            image[:] = 0
            return None
        return Face(np.zeros(4, self.dtype), 1.0) if image.any() and image.min() != image.max() else None


class Measured(MetricModule):
    """Gives what a function says of a table."""

    def __init__(self, column, value):
        self.column, self.value = column, value

    def compute(self, table, threshold):
        return {"value": self.value(table.reading(self.column), threshold)}


class Figure(Metric):
    """A sound metric: the difference of mean scores."""

    type: Any = "flawed"
    title: ClassVar[str] = "Difference of means"

    def value(self, table, threshold):
        from fascore import SpecError

        if not len(table.sorted_bona_fide) or not len(table.sorted_attack):
            raise SpecError("one class only")
        return float(table.sorted_bona_fide.mean() - table.sorted_attack.mean())

    def build(self):
        return Measured(self.column, self.value)


class FirstRow(Figure):
    """Reads the first row."""

    type: Literal["flawed.first_row"] = "flawed.first_row"

    def value(self, table, threshold):
        return super().value(table, threshold) + float(table.score[0])


class Upside(Figure):
    """Says that lower is better."""

    type: Literal["flawed.upside"] = "flawed.upside"
    higher_is_better: ClassVar[bool] = False


class Unanswered(Figure):
    """NaN where a record gave no response."""

    type: Literal["flawed.unanswered"] = "flawed.unanswered"

    def value(self, table, threshold):
        return super().value(table, threshold) + 0 * float(table.score.sum())


class Silent(Figure):
    """A number for one class."""

    type: Literal["flawed.silent"] = "flawed.silent"

    def value(self, table, threshold):
        return float(table.score.mean())


class Needy(Figure):
    """An oracle that needs a threshold."""

    type: Literal["flawed.needy"] = "flawed.needy"
    oracle: ClassVar[bool] = True

    def value(self, table, threshold):
        from fascore import SpecError

        if threshold is None:
            raise SpecError("no threshold")
        return super().value(table, threshold)


class Untitled(Figure):
    """Has no title."""

    type: Literal["flawed.untitled"] = "flawed.untitled"
    title: ClassVar[str] = ""


class Wordless(Figure):
    """Words a part that it does not give."""

    type: Literal["flawed.wordless"] = "flawed.wordless"

    def detail(self, parts):
        return f"of {parts['n']}"


class Unworded(Figure):
    """Prints a value without words."""

    type: Literal["flawed.unworded"] = "flawed.unworded"

    def detail(self, parts):
        return f"limit {parts.get('limit')}"
