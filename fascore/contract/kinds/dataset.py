"""The interface of datasets."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from fascore.contract.component import Component
from fascore.contract.record import Record


class Dataset(Component):
    """Lists the records of its splits. Listing never decodes media.

    `examples()` gives `(dataset, split)` pairs of datasets that need no files. One that reads files defines `fixture`, so
    that the suite can test the reader whole; it may then give no examples.
    """

    kind: ClassVar[str] = "dataset"
    publishable: ClassVar[bool] = False
    """True where the license lets a report show faces of this dataset."""

    @classmethod
    def fixture(cls, folder: Path) -> Self | None:
        """Write a small but complete copy of the data set into an empty folder, and give the dataset that reads it.

        The suite lists all its splits and opens every channel. Default: None, there is nothing to write.
        """
        return None

    def splits(self) -> tuple[str, ...]:
        """The names that `records` takes."""
        raise NotImplementedError

    def records(self, split: str) -> Sequence[Record]:
        """Records of a split, in a fixed order. Raises SpecError for an unknown split or a missing folder."""
        raise NotImplementedError
