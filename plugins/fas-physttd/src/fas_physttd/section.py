"""`physttd.traces`: the trace sheet as a section of the report."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt

from fas_physttd.species import by_species, name_of
from fascore import BONA_FIDE, Config, Record, Section, hookimpl, validate

if TYPE_CHECKING:
    from fascore import Trained


class TracesOptions(Config):
    """Options of `trackers."physttd.traces"` in a spec."""

    records: PositiveInt = Field(1, description="number of records per species")
    species: PositiveInt = Field(12, description="maximum number of species shown; bona fide counts as one")


class TracesSection:
    """One sheet per test set: traces of records of each species, the faces without them, and the traces on a live face of the set."""

    Options = TracesOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(TracesOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """One section; it shows only data whose faces may be published."""
        shown = {name: records for name, records in trained.tests.items() if name in trained.shown and records}
        lead = (
            "Traces are amplified by the stated factor; gray means no trace. For PhySTD, the lower row shows the image after T, then C, then B is "
            "removed, and the live face with the inpainted region. The last picture shows the traces on the face of a bona fide record of the set."
        )
        body = "".join(self._sheet(trained, name, records) for name, records in shown.items())
        if hidden := sorted(set(trained.tests) - set(shown)):
            body += f'<p class="small soft">Not shown, because their faces may not be published: {html.escape(", ".join(hidden))}.</p>'
        return [Section("Spoof traces", f'<p class="small soft">{lead}</p>{body}')]

    def _sheet(self, trained: Trained, test: str, records: Sequence[Record]) -> str:
        from fas_physttd.sheet import draw, encoded
        from fas_physttd.sheets import blocks, moves

        groups = list(by_species(records).values())[: self.options.species]
        chosen = [record for group in groups for record in group[: self.options.records]]
        live = [record for record in records if record.label == BONA_FIDE]
        onto = live[-1] if live and moves(trained) else None
        figure = draw(blocks(trained, [name_of(record) for record in chosen], chosen, onto))
        picture = base64.b64encode(encoded(figure)).decode()
        name = html.escape(test)
        return f'<h3>{name}</h3><img style="max-width:100%" alt="spoof traces, {name}" src="data:image/png;base64,{picture}">'


__all__ = ["TracesSection"]
