"""`saliency`: Grad-CAM of the score at a node, laid over a modality (Selvaraju et al., ICCV 2017)."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt

from fascore import Config, Ref, Section, hookimpl, validate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fascore import Record, Trained


class Overlay(Config):
    """One column of pictures."""

    node: Ref = Field(
        description="node whose feature map (Tokens with a grid, a Pyramid's last level, a Plane) is looked at"
    )
    layer: str | None = Field(
        None, description="a module inside the node, such as 'model.layer4', whose (N, C, h, w) is looked at instead"
    )
    over: Ref = Field(description="modality that the map is laid over")


class SaliencyOptions(Config):
    """What `trackers.saliency` of a spec may say."""

    maps: tuple[Overlay, ...] = Field(
        min_length=1, description="a column of pictures each: a node, and the modality that it looks at"
    )
    head: str = Field(description="head whose score is explained")
    by: Ref = Field(Ref("record.species"), description="column that groups the records")
    records: PositiveInt = Field(2, description="records of each group")
    groups: PositiveInt = Field(12, description="groups shown, at most")


class Saliency:
    """A table a test set, a row a record: where the score would change. Only of datasets whose faces may be shown."""

    Options = SaliencyOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(SaliencyOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """A section with a table for each test set that may be shown."""
        lead = (
            f"Grad-CAM: light places make the score of head '{html.escape(self.options.head)}' more bona fide, each map from nothing to its own "
            "greatest value. It shows where a score comes from, not whether it is right."
        )
        tables = [
            self._table(trained, name, records) for name, records in trained.tests.items() if name in trained.shown
        ]
        if not tables:
            tables = ['<p class="small soft">Not shown: the faces of these datasets may not be published.</p>']
        return [Section("Where the score comes from", f'<p class="small soft">{lead}</p>{"".join(tables)}')]

    def _table(self, trained: Trained, test: str, records: Sequence[Record]) -> str:
        from fas_explain.pictures import table
        from fas_explain.sampled import listed

        rows = listed(
            records, str(self.options.by.column), trained.spec.seed, self.options.records, self.options.groups
        )
        chosen = [record for _, record in rows]
        below = trained.values(chosen, list(dict.fromkeys(overlay.over for overlay in self.options.maps)))
        columns = {
            f"{o.node} over {o.over}": self._column(trained, o, chosen, below[o.over][:, 0]) for o in self.options.maps
        }
        return table(test, [(name, record.id) for name, record in rows], columns)

    def _column(
        self, trained: Trained, overlay: Overlay, records: Sequence[Record], below: NDArray[np.float32]
    ) -> list[str]:
        import numpy as np

        from fas_explain.grad_cam import grad_cam
        from fas_explain.pictures import NONE, embedded, laid_over, pixels

        maps = grad_cam(trained, records, self.options.head, overlay.node, overlay.layer)
        signal = trained.plan.signal(overlay.over)
        assert signal is not None
        cells = []
        for record, picture, heat in zip(records, below, maps):
            there = np.isfinite(picture).all() and np.isfinite(heat).all()
            what = f"{overlay.node} over {overlay.over} of {record.id}"
            cells.append(embedded(laid_over(pixels(picture, signal, overlay.over), heat), what) if there else NONE)
        return cells
