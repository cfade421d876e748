"""Toy graphs: the spec, prepared records, and batches with which the suite runs modalities and recipes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt

from fascore.contract.component import validate
from fascore.contract.kinds import Encoder, Loaded, Modality, ModalityModule
from fascore.contract.record import Record
from fascore.contract.signals import Image, Signal, Vector
from fascore.data.batch import Batch
from fascore.data.loading import Loader
from fascore.data.prepare import Prepared, prepare
from fascore.data.store import Store
from fascore.spec.documents import RunSpec
from fascore.spec.plan import Plan, check
from fascore.testing.records import ToyFaces, toy_records

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fascore.contract.kinds.protocols import Draws

SEED = 3


class Summary(Encoder):
    """Flattens its inputs, any single tensors, and projects them to one Vector.

    For tests only, so it has no entry point.
    """

    type: Literal["testing.summary"] = "testing.summary"
    width: PositiveInt = Field(4, description="width of the vector")

    def infer(self, signals: Sequence[Signal]) -> Vector:
        """One Vector."""
        return Vector(self.width)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        """A linear projection."""
        from fascore.testing.summary import SummaryModule

        return SummaryModule([signal.shapes[0] for signal in signals], self.width)


class Reader(Modality):
    """Reads a modality that produces no signal, so that the modality has a reader. For tests only."""

    type: Literal["testing.reader"] = "testing.reader"
    stored = False

    def infer(self, signals: Sequence[Signal | None]) -> Signal:
        """One pixel."""
        return Image(1, 1, 1)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        """Black pixels."""
        return _Black()


class _Black(ModalityModule):
    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Tensor:
        return draws.affine.new_zeros(len(draws), 1, 1, 1)


@dataclass(frozen=True)
class Toy:
    """A checked graph with drawn records, prepared in its own store."""

    plan: Plan
    records: tuple[Record, ...]

    @cached_property
    def store(self) -> Store:
        """The store, in a folder that is deleted with this object."""
        return Store(Path(self._folder.name))

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="fascore-testing-")

    @cached_property
    def prepared(self) -> Prepared:
        """All records, prepared in this process."""
        return prepare(self.plan, self.records, self.store, processes=0)

    def evaluation(self, size: int = 64, ids: Sequence[str] | None = None) -> list[Batch]:
        """Evaluation batches."""
        return list(self._loader().evaluation_batches(size, ids))

    def training(self, size: int = 64, *, epoch: int = 0) -> list[Batch]:
        """Training batches, augmented."""
        ids = [record.id for record in self.prepared.records]
        return list(
            self._loader().training_batches(epoch, [ids[start : start + size] for start in range(0, len(ids), size)])
        )

    def _loader(self) -> Loader:
        return Loader(self.plan, self.prepared, self.store, seed=SEED)


AUGMENT = {
    "flip": 0.5,
    "rotation": 30,
    "scale": 0.2,
    "translate": 0.1,
    "crop": 0.2,
    "brightness": 0.3,
    "contrast": 0.3,
    "saturation": 0.3,
    "hue": 0.1,
    "gamma": 0.2,
    "blur": 1.0,
    "compression": 60,
    "cutout": 0.5,
}


def toy(
    modalities: Mapping[str, Any], model: Mapping[str, Any], records: Sequence[Record] | None = None, **sections: Any
) -> Toy:
    """A complete graph with drawn records. Raises SpecErrors if the check rejects it."""
    defaults = {
        "name": "conformance",
        "seed": SEED,
        "data": {"train": [{"dataset": ToyFaces(), "split": "train"}]},
        "augment": AUGMENT,
    }
    spec = validate(RunSpec, {**defaults, "modalities": dict(modalities), "model": dict(model), **sections})
    return Toy(check(spec), tuple(toy_records(8) if records is None else records))


def summary_model(refs: Sequence[str]) -> dict[str, Any]:
    """A model section that reads these outputs of modalities."""
    return {"encoders": {"summary": Summary(inputs=refs)}, "heads": {"main": {"type": "binary", "inputs": ["summary"]}}}
