"""`gallery`: the outputs of modalities and nodes for a few records of each species, side by side."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt

from fascore import Config, Ref, Section, hookimpl, validate

if TYPE_CHECKING:
    from fascore import Record, Trained


class GalleryOptions(Config):
    """The options of `trackers.gallery` in a spec."""

    of: tuple[Ref, ...] = Field(
        min_length=1, description="modalities, nodes or ports to show as pictures, one column each"
    )
    by: Ref = Field(Ref("record.species"), description="column that groups the records")
    records: PositiveInt = Field(2, description="number of records per group")
    groups: PositiveInt = Field(24, description="maximum number of groups shown")


class Gallery:
    """One table per test set with one row per record, only for datasets whose faces may be shown."""

    Options = GalleryOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(GalleryOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """A section with one table per test set that may be shown."""
        shown = {name: records for name, records in trained.tests.items() if name in trained.shown}
        body = "".join(self._table(trained, name, records) for name, records in shown.items())
        if hidden := sorted(set(trained.tests) - set(shown)):
            body += f'<p class="small soft">Not shown because their faces may not be published: {html.escape(", ".join(hidden))}.</p>'
        return [Section("What the model sees", body)]

    def _table(self, trained: Trained, test: str, records: Sequence[Record]) -> str:
        from fas_explain.pictures import table
        from fas_explain.sampled import listed

        rows = listed(
            records, str(self.options.by.column), trained.spec.seed, self.options.records, self.options.groups
        )
        values = trained.values([record for _, record in rows], self.options.of)
        columns = {
            str(ref): [_cell(trained, ref, array[0], record) for array, (_, record) in zip(values[ref], rows)]
            for ref in self.options.of
        }
        return table(test, [(name, record.id) for name, record in rows], columns)


def _cell(trained: Trained, ref: str, array: Any, record: Record) -> str:
    import numpy as np

    from fas_explain.pictures import NONE, embedded, pixels

    signal = trained.plan.signal(Ref(ref))
    assert signal is not None
    return embedded(pixels(array, signal, ref), f"{ref} of {record.id}") if np.isfinite(array).all() else NONE
