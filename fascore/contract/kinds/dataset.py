"""The interface of datasets."""

from collections.abc import Sequence
from typing import ClassVar

from fascore.contract.component import Component
from fascore.contract.record import Record


class Dataset(Component):
    """Lists the records of its splits. Listing never decodes media.

    `examples()` gives `(dataset, split)` pairs; the suite skips a dataset whose media it cannot make.
    """

    kind: ClassVar[str] = "dataset"
    publishable: ClassVar[bool] = False
    """True where the license lets a report show faces of this dataset."""

    def splits(self) -> tuple[str, ...]:
        """The names that `records` takes."""
        raise NotImplementedError

    def records(self, split: str) -> Sequence[Record]:
        """Records of a split, in a fixed order. Raises SpecError for an unknown split or a missing folder."""
        raise NotImplementedError
