"""Decomposition of a picture by PhySTD, as pictures: traces, the face without them, and the traces on another face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fas_physttd.physttd.components import Generator
from fas_physttd.physttd.equations import Traces, synthesize, total
from fas_physttd.sheet import Picture, pixels
from fas_physttd.warp import offsets, warp
from fascore import FascoreError, Record, Trained


class TakenApart(NamedTuple):
    """Decomposition of one picture. Images (N, N, 3), `p` (N, N), `depth` (N/8, N/8); `parts`: summands of T_A by port.

    `removal` (Fig. 12): named images without T, without T and C, without all three, and finally with the inpainting
    too. `elsewhere`: the trace on another face (Eq. 8), or None.
    """

    image: Picture
    parts: dict[str, Picture]
    p: Picture
    content: Picture
    depth: Picture
    removal: list[tuple[str, Picture]]
    elsewhere: Picture | None


def landmarks_of(trained: Trained, image: str) -> str | None:
    """Port of the image's landmarks, or None."""
    port = f"{image}.points"
    return port if trained.plan.modalities[image].outputs.get("points") is not None else None


def take_apart(trained: Trained, name: str, records: Sequence[Record], onto: Record | None) -> list[TakenApart]:
    """Decomposition by the generator `name` of the first view of each record; `onto` receives the traces. Raises FascoreError."""
    config, image = trained.plan.nodes[name].component, str(trained.plan.nodes[name].inputs[0])
    assert isinstance(config, Generator)
    points = landmarks_of(trained, image)
    if onto is not None and points is None:
        raise FascoreError(
            f"modality '{image}' of the run has no landmarks, so traces cannot be moved to another face; leave that face out"
        )
    refs = [
        image,
        f"{name}.p",
        f"{name}.content",
        f"{name}.depth",
        *(f"{name}.{port}" for port in config.additive),
        *([points] if points else []),
    ]
    rows = [*records, *([onto] if onto else [])]
    values = {ref: torch.from_numpy(array[:, 0]) for ref, array in trained.values(rows, refs).items()}
    additive = {port: values[f"{name}.{port}"] for port in config.additive}
    traces = Traces(additive, values[f"{name}.p"], values[f"{name}.content"], config.lowpass)
    moved = None
    if onto is not None and points is not None:
        moved = _onto(values[image], traces, values[points])
    return [
        _taken_apart(
            values[image][row],
            traces.take(torch.tensor([row])),
            values[f"{name}.depth"][row],
            None if moved is None else moved[row],
        )
        for row in range(len(records))
    ]


def _onto(image: Tensor, traces: Traces, points: Tensor) -> Tensor:
    """The traces of every row on the last row's face."""
    live, target = image[-1:].expand_as(image), points[-1:].expand_as(points)
    delta = offsets(points, target, image.shape[-1])
    additive, p, source = (warp(picture, delta) for picture in (total(traces.parts), traces.p, image))
    return synthesize(live, additive, p, source)


def _taken_apart(image: Tensor, traces: Traces, depth: Tensor, elsewhere: Tensor | None) -> TakenApart:
    parts = {port: trace[0] for port, trace in traces.parts.items()}
    p, content = traces.p[0], traces.content[0]
    remaining, removal, removed = image, [], []
    for port in reversed(parts):
        remaining = remaining - parts[port]
        removed.append(port.upper())
        removal.append((f"without {', '.join(removed)}", pixels(remaining)))
    removal.append(("with P inpainted: live", pixels((1 - p) * remaining + p * content)))
    return TakenApart(
        pixels(image),
        {port: pixels(trace) for port, trace in parts.items()},
        p[0].numpy(),
        pixels(content),
        depth[0].numpy(),
        removal,
        None if elsewhere is None else pixels(elsewhere),
    )
