"""The interface of datasets."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from fascore.contract.component import Component
from fascore.contract.record import Record


class Dataset(Component):
    """Lists the records of its splits. Listing never decodes media.

    `examples()` returns `(dataset, split)` pairs of datasets that need no files. A dataset that reads files defines
    `fixture`, so that the suite can test the whole reader; it may then return no examples.
    """

    kind: ClassVar[str] = "dataset"
    publishable: ClassVar[bool] = False
    """True if the license permits showing faces of this dataset in a report."""

    @classmethod
    def fixture(cls, folder: Path) -> Self | None:
        """Write a small but complete copy of the dataset into an empty folder, and return the dataset that reads it.

        The suite lists all of its splits and opens every channel. Default: None; there is nothing to write.
        """
        return None

    def splits(self) -> tuple[str, ...]:
        """The names that `records` accepts."""
        raise NotImplementedError

    def records(self, split: str) -> Sequence[Record]:
        """The records of a split, in a fixed order. Raises SpecError for an unknown split or a missing folder."""
        raise NotImplementedError
