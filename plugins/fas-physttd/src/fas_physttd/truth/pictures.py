"""The phantom's truth about the crops that a model saw, and estimates by the model and by trivial estimators."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fas_physttd.physttd.components import Generator as PhySTD
from fas_physttd.physttd.equations import filtered, total
from fas_physttd.sheets import generator_of
from fas_physttd.truth.measures import Estimate, Known
from fascore import BONA_FIDE, FascoreError, Record, Ref, Trained, cut

if TYPE_CHECKING:
    from fas_phantom.oracle import Truth


def rendered(records: Sequence[Record]) -> list[Record]:
    """Those of `records` that the phantom rendered; their truth is known."""
    if find_spec("fas_phantom") is None:
        return []
    return [record for record in records if _truth(record) is not None]


def _truth(record: Record) -> Truth | None:
    from fas_phantom import truth

    try:
        return truth(record)
    except FascoreError:
        return None


def network_of(trained: Trained) -> tuple[str, str]:
    """Names of the run's generator of RGB traces and of its face modality. Raises FascoreError if there is no such generator."""
    name = generator_of(trained)
    node = trained.plan.nodes[name]
    config: Any = node.component
    if isinstance(config, PhySTD):
        return name, str(node.inputs[0])
    if "rgb" not in config.streams:
        raise FascoreError(
            f"'{name}' has no stream 'rgb', but the phantom knows only RGB traces; name the stream of the picture 'rgb'"
        )
    return name, str(node.inputs[config.streams.index("rgb")])


def seen(trained: Trained, records: Sequence[Record]) -> tuple[Known, Tensor]:
    """Truth of each view of rendered records, cropped like the faces, and the faces (R, 3, N, N); R = records x views. Raises FascoreError."""
    _, faces = network_of(trained)
    crop, image = _values(trained, records, f"{faces}.crop", faces)
    matrices = crop.reshape(-1, 2, 3).numpy()
    frames = [row for record in records for row in _frames(trained, record, faces)]
    truths = [truth for record in records for truth in [_truth(record)] * trained.plan.views]
    signal = trained.plan.signal(Ref(faces))
    assert signal is not None
    size = signal.shapes[0][-1]
    crops = [
        _crop(truth, row, matrix, size)
        for truth, row, matrix in zip(truths, frames, matrices, strict=True)
        if truth is not None
    ]
    shown, live, p, face = (
        torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) for pictures in zip(*crops, strict=True)
    )
    return Known(live, shown - live, p > 0, face > 1 - 1e-4), image


def _crop(truth: Truth, row: int, matrix: NDArray[np.float32], size: int) -> list[NDArray[np.float32]]:
    """(N, N, C) shown picture, live counterpart, P, and hull of the face, as float32."""
    pictures = truth.shown(row), truth.live(row), truth.inpainting(row), truth.hull(row)
    crops = [cut(np.ascontiguousarray(picture, np.float32), matrix, size, 1.0) for picture in pictures]
    return [crop if crop.ndim == 3 else crop[..., None] for crop in crops]


def _frames(trained: Trained, record: Record, faces: str) -> list[int]:
    """Index of the clip frame that each view shows."""
    stored = trained.stored(record, faces)
    if stored is None:
        raise FascoreError(
            f"record '{record.id}': its faces are not in the store; run fascore prepare with the spec of the run"
        )
    times = record.channels["rgb"].times()
    return [int(np.abs(times - time).argmin()) for time in np.asarray(stored["times"]).reshape(-1)]


def estimated(trained: Trained, records: Sequence[Record]) -> Estimate:
    """Estimate of the run's generator for every view of the records."""
    name, _ = network_of(trained)
    config: Any = trained.plan.nodes[name].component
    if not isinstance(config, PhySTD):
        trace, live = _values(trained, records, f"{name}.rgb_trace", f"{name}.rgb_live")
        return Estimate(trace, live)
    live, p, *traces = _values(trained, records, *(f"{name}.{port}" for port in ("live", "p", *config.additive)))
    parts = filtered(dict(zip(config.additive, traces, strict=True)), config.lowpass)
    return Estimate(total(parts), live, p, parts)


def without(image: Tensor, trace: Tensor) -> Estimate:
    """Estimate with an additive trace (R or 1, 3, N, N) and nothing inpainted."""
    return Estimate(trace.expand_as(image), image - trace, torch.zeros_like(image[:, :1]))


def perfect(image: Tensor, truth: Known) -> Estimate:
    """The truth as an estimate; its only errors come from camera noise and coding."""
    p = truth.p.float()
    return Estimate(truth.trace, (1 - p) * (image - truth.trace) + p * truth.live, p)


def mean_difference(trained: Trained) -> Tensor:
    """(1, 3, N, N) mean view of training attacks minus mean view of bona fide ones. Raises FascoreError if a class is missing."""
    by_label = [[r for r in trained.splits["train"] if (r.label == BONA_FIDE) == genuine] for genuine in (True, False)]
    if not all(by_label):
        raise FascoreError(
            "the training data contain only one class, so there is no mean difference; use a run that was trained on both"
        )
    faces = network_of(trained)[1]
    live, attacks = (_values(trained, records, faces)[0].mean(0, keepdim=True) for records in by_label)
    return attacks - live


def _values(trained: Trained, records: Sequence[Record], *refs: str) -> list[Tensor]:
    """(R, …) values of each Ref, one row per view; the model runs once."""
    values = trained.values(records, refs)
    return [torch.from_numpy(values[ref]).flatten(0, 1) for ref in refs]
