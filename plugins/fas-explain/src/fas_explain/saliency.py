"""`saliency`: Grad-CAM of the score at a node, overlaid on a modality (Selvaraju et al., ICCV 2017)."""

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
        description="node whose feature map is used: Tokens with a grid, the last level of a Pyramid, or a Plane"
    )
    layer: str | None = Field(
        None, description="module inside the node, such as 'model.layer4', whose (N, C, h, w) output is used instead"
    )
    over: Ref = Field(description="modality on which the map is overlaid")


class SaliencyOptions(Config):
    """The options of `trackers.saliency` in a spec."""

    maps: tuple[Overlay, ...] = Field(
        min_length=1, description="columns of pictures, each with a node and the modality on which its map is overlaid"
    )
    head: str = Field(description="head whose score is explained")
    by: Ref = Field(Ref("record.species"), description="column that groups the records")
    records: PositiveInt = Field(2, description="number of records per group")
    groups: PositiveInt = Field(12, description="maximum number of groups shown")


class Saliency:
    """One table per test set with one row per record: where the score would change.

    Only datasets whose faces may be shown are included.
    """

    Options = SaliencyOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(SaliencyOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """A section with one table per test set that may be shown."""
        lead = (
            f"Grad-CAM: bright areas raise the score of head '{html.escape(self.options.head)}' toward bona "
            "fide. Each map is scaled from zero to its own maximum. It shows where a score comes from, not whether the "
            "score is correct."
        )
        tables = [
            self._table(trained, name, records) for name, records in trained.tests.items() if name in trained.shown
        ]
        if not tables:
            tables = ['<p class="small soft">Not shown because the faces of these datasets may not be published.</p>']
        return [Section("Where the score comes from", f'<p class="small soft">{lead}</p>{"".join(tables)}')]

    def _table(self, trained: Trained, test: str, records: Sequence[Record]) -> str:
        from fas_explain.pictures import table
        from fas_explain.sampled import listed

        rows = listed(
            records, str(self.options.by.column), trained.spec.seed, self.options.records, self.options.groups
        )
        chosen = [record for _, record in rows]
        backgrounds = trained.values(chosen, list(dict.fromkeys(overlay.over for overlay in self.options.maps)))
        columns = {
            f"{overlay.node} over {overlay.over}": self._column(
                trained, overlay, chosen, backgrounds[overlay.over][:, 0]
            )
            for overlay in self.options.maps
        }
        return table(test, [(name, record.id) for name, record in rows], columns)

    def _column(
        self, trained: Trained, overlay: Overlay, records: Sequence[Record], backgrounds: NDArray[np.float32]
    ) -> list[str]:
        import numpy as np

        from fas_explain.grad_cam import grad_cam
        from fas_explain.pictures import NONE, embedded, laid_over, pixels

        maps = grad_cam(trained, records, self.options.head, overlay.node, overlay.layer)
        signal = trained.plan.signal(overlay.over)
        assert signal is not None
        cells = []
        for record, picture, heat in zip(records, backgrounds, maps):
            present = np.isfinite(picture).all() and np.isfinite(heat).all()
            alt = f"{overlay.node} over {overlay.over} of {record.id}"
            cells.append(embedded(laid_over(pixels(picture, signal, overlay.over), heat), alt) if present else NONE)
        return cells
