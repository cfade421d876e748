"""The interface of modalities: views of a record's content, as stored arrays and then as tensors."""

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
"""The stored arrays of one modality for one record. The first axis of every array is the view, except in `faces`."""
Loaded: TypeAlias = Union["Tensor", Mapping[str, "Tensor"]]
"""A tensor (N, …), or one tensor per port; `""` is the main output."""


class ModalityModule:
    """The implementation that a modality builds. Override `extract`, `load`, or both.

    `extract` is deterministic and cached: it receives one record and the stored arrays of its inputs (all views).
    `load` runs online: it receives a whole batch on its device, one row per view (N rows), and its inputs already augmented.
    """

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        """The arrays to store; their first axis is the view. Raises NoResponse if the record has no such sample."""
        raise NotImplementedError

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        """The tensors of the batch, never NaN. Default: the stored arrays as float32, with `value` as the main output."""
        return {"" if name == "value" else name: array.float() for name, array in stored.items()}


class Modality(Component):
    """A typed view of a record.

    `examples()` returns `(modality, others)` pairs: `others` is the rest of a small data graph, the modalities that
    `inputs` name and those that they name in turn, `{name: modality}`, each a Python object or the JSON of a spec.
    `(FaceFrames(inputs=("faces",), size=32), {"faces": {"type": "faces", "detector": "boxes"}})` is one; `others` is
    `{}` if there are no inputs. The suite checks, prepares, and loads that graph as a run does, on short records that it
    generates: channels `rgb`, `depth`, and `infrared` of 96 x 96 pixels, and an annotation with a box and five points.
    """

    kind: ClassVar[str] = "modality"
    stored: ClassVar[bool] = True
    """False for a modality that only loads: nothing is cached."""
    version: ClassVar[int] = 1
    """Version of the extraction code; a new version changes the store keys."""

    inputs: tuple[Ref, ...] = Field((), description="modalities, or their ports, that this one is computed from")
    optional: bool = Field(
        False, description="whether records may lack it; if false, a record without it is quarantined"
    )

    def channels(self) -> tuple[str, ...]:
        """The raw channels that `extract` reads; their bytes are part of the store key.

        `annotation` is the record's face annotation. For a column such as `record.label`, the key contains its value.
        """
        return ()

    def infer(self, signals: Sequence[Signal | None]) -> Signal | Mapping[str, Signal] | None:
        """The type of what `load` returns: a Signal, or one per port (`""` is the main output). None: only modalities read it.

        An input without a Signal is None in `signals`. Raises SpecError.
        """
        raise NotImplementedError

    def count(self, views: Sequence[int]) -> int:
        """The number of views, given those of the inputs. Default: the largest of them, or 1."""
        return max(views, default=1)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        """Build the module that extracts and loads."""
        raise NotImplementedError
