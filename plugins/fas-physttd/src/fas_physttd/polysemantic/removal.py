"""Traces of the polysemantic generator in a record, as a block of the trace sheet (Li et al., Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fas_physttd.polysemantic.components import Generator
from fas_physttd.polysemantic.generator import replicated
from fas_physttd.sheet import Block, Picture, Shown, amplified, pixels
from fascore import FascoreError, Record, Trained


def blocks(
    trained: Trained, node: str, titles: Sequence[str], records: Sequence[Record], onto: Record | None
) -> list[Block]:
    """One row per stream: input, trace, amplified trace, live counterpart, and the trace added in place to another record.

    Uses the first view of each record. Raises FascoreError for a record that lacks a stream.
    """
    config = trained.plan.nodes[node].component
    assert isinstance(config, Generator)
    inputs = dict(zip(config.streams, map(str, trained.plan.nodes[node].inputs), strict=True))
    refs = [*inputs.values(), *(f"{node}.{stream}_{port}" for stream in inputs for port in ("trace", "live"))]
    arrays = trained.values([*records, *([onto] if onto else [])], refs)
    values = {ref: torch.from_numpy(array[:, 0]) for ref, array in arrays.items()}
    sheet_blocks = []
    for place, (title, record) in enumerate(zip(titles, records, strict=True)):
        rows = []
        for stream, modality in inputs.items():
            image, trace, live = (
                values[ref][place] for ref in (modality, f"{node}.{stream}_trace", f"{node}.{stream}_live")
            )
            if not bool(trace.isfinite().all()):
                streams = ", ".join(inputs)
                raise FascoreError(
                    f"record '{record.id}' has no {modality}, but the traces of {streams} need all streams; add it to the data"
                )
            rows.append(_row(stream, image, trace, live, values[modality][-1] if onto else None))
        sheet_blocks.append(Block(title, rows))
    return sheet_blocks


def _row(stream: str, image: Tensor, trace: Tensor, live: Tensor, host: Tensor | None) -> list[Shown | None]:
    shown = [
        None,
        Shown(stream, _picture(image, trace)),
        Shown("trace", pixels(0.5 + trace / 2)),
        amplified("trace", pixels(trace)),
        Shown("live counterpart", pixels(live)),
    ]
    return shown if host is None else [*shown, Shown("on another face", _picture(host, trace) + pixels(trace))]


def _picture(image: Tensor, trace: Tensor) -> Picture:
    return pixels(replicated(image[None], len(trace))[0])
