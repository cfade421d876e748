"""The interface of modalities: what a record shows, as stored arrays and then as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias, Union

from pydantic import Field

from fascore.contract.component import Component
from fascore.contract.kinds.protocols import Draws
from fascore.contract.record import Record
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Arrays: TypeAlias = Mapping[str, "np.ndarray"]
"""What one modality stores of one record. The first axis of every array is the view, except in `faces`."""
Loaded: TypeAlias = Union["Tensor", Mapping[str, "Tensor"]]
"""A tensor (N, …), or one for each port; `""` is the main output."""


class ModalityModule:
    """What a modality builds. Override `extract`, `load` or both.

    `extract` is deterministic and cached: it sees one record and the stored arrays of its inputs (all views).
    `load` is online: it sees a whole batch on its device, one view a row (N rows), and its inputs already augmented.
    """

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        """Arrays to store, the first axis the view. Raises NoResponse where the record has no such sample."""
        raise NotImplementedError

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        """Tensors of the batch, never NaN. Default: the stored arrays as float32, `value` the main output."""
        return {"" if name == "value" else name: array.float() for name, array in stored.items()}


class Modality(Component):
    """A typed view of a record.

    `examples()` gives `(modality, others)` pairs: `others` is the rest of a small data graph, the modalities that
    `inputs` name and those that they name in turn, `{name: modality}`, each a Python object or the JSON of a spec.
    `(FaceFrames(inputs=("faces",), size=32), {"faces": {"type": "faces", "detector": "boxes"}})` is one; `others` is
    `{}` where nothing is named. The suite checks, prepares and loads that graph as a run does, on short records that
    it draws itself: channels `rgb`, `depth` and `infrared` of 96 x 96 pixels, and an annotation of box and five points.
    """

    kind: ClassVar[str] = "modality"
    stored: ClassVar[bool] = True
    """False for a modality that only loads: nothing of it is cached."""
    version: ClassVar[int] = 1
    """Of the extraction code; a change makes new store keys."""

    inputs: tuple[Ref, ...] = Field((), description="modalities, or their ports, that this one is made from")
    optional: bool = Field(False, description="records may lack it; otherwise such a record is quarantined")

    def channels(self) -> tuple[str, ...]:
        """Raw channels that `extract` reads; their bytes are part of the store's key.

        `annotation` is what the record knows of its faces; `record.label` or another column has its value in the key.
        """
        return ()

    def infer(self, signals: Sequence[Signal | None]) -> Signal | Mapping[str, Signal] | None:
        """What `load` gives: a Signal, one for each port (`""` the main output), or None: only other modalities read it.

        An input that gives no Signal is None in `signals`. Raises SpecError.
        """
        raise NotImplementedError

    def count(self, views: Sequence[int]) -> int:
        """Number of views, from those of the inputs. Default: the most of them, or 1."""
        return max(views, default=1)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        """The module that extracts and loads."""
        raise NotImplementedError
