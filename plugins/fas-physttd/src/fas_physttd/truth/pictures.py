"""What the phantom knows of the crops that a model saw, and what the model and trivial estimators say of them."""

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
    """Those of `records` that the phantom rendered, whose truth is known."""
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
    """Name of the run's generator of RGB traces, and of the modality of faces that it reads. Raises FascoreError where there is none."""
    name = generator_of(trained)
    node = trained.plan.nodes[name]
    config: Any = node.component
    if isinstance(config, PhySTD):
        return name, str(node.inputs[0])
    if "rgb" not in config.streams:
        raise FascoreError(
            f"'{name}' has no stream 'rgb', and the phantom knows traces of RGB alone; name the stream of the picture 'rgb'"
        )
    return name, str(node.inputs[config.streams.index("rgb")])


def seen(trained: Trained, records: Sequence[Record]) -> tuple[Known, Tensor]:
    """The truth of each view of rendered records, R = records x views, cut out as the faces were; and these, (R, 3, N, N). Raises FascoreError."""
    _, faces = network_of(trained)
    crop, image = _values(trained, records, f"{faces}.crop", faces)
    matrices = crop.reshape(-1, 2, 3).numpy()
    frames = [row for record in records for row in _frames(trained, record, faces)]
    of = [truth for record in records for truth in [_truth(record)] * trained.plan.views]
    signal = trained.plan.signal(Ref(faces))
    assert signal is not None
    size = signal.shapes[0][-1]
    crops = [
        _crop(truth, row, matrix, size)
        for truth, row, matrix in zip(of, frames, matrices, strict=True)
        if truth is not None
    ]
    shown, live, p, face = (
        torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) for pictures in zip(*crops, strict=True)
    )
    return Known(live, shown - live, p > 0, face > 1 - 1e-4), image


def _crop(truth: Truth, row: int, matrix: NDArray[np.float32], size: int) -> list[NDArray[np.float32]]:
    """(N, N, C) the picture shown, the live counterpart, P and the face's hull, as float32."""
    pictures = truth.shown(row), truth.live(row), truth.inpainting(row), truth.hull(row)
    crops = [cut(np.ascontiguousarray(picture, np.float32), matrix, size, 1.0) for picture in pictures]
    return [crop if crop.ndim == 3 else crop[..., None] for crop in crops]


def _frames(trained: Trained, record: Record, faces: str) -> list[int]:
    """The frame of the clip that each view shows."""
    stored = trained.stored(record, faces)
    if stored is None:
        raise FascoreError(
            f"record '{record.id}': its faces are not in the store; run fascore prepare on the spec of the run"
        )
    times = record.channels["rgb"].times()
    return [int(np.abs(times - time).argmin()) for time in np.asarray(stored["times"]).reshape(-1)]


def estimated(trained: Trained, records: Sequence[Record]) -> Estimate:
    """What the run's generator says of every view of records."""
    name, _ = network_of(trained)
    config: Any = trained.plan.nodes[name].component
    if not isinstance(config, PhySTD):
        trace, live = _values(trained, records, f"{name}.rgb_trace", f"{name}.rgb_live")
        return Estimate(trace, live)
    live, p, *traces = _values(trained, records, *(f"{name}.{port}" for port in ("live", "p", *config.additive)))
    parts = filtered(dict(zip(config.additive, traces, strict=True)), config.lowpass)
    return Estimate(total(parts), live, p, parts)


def without(image: Tensor, trace: Tensor) -> Estimate:
    """An additive trace (R or 1, 3, N, N) and nothing inpainted."""
    return Estimate(trace.expand_as(image), image - trace, torch.zeros_like(image[:, :1]))


def perfect(image: Tensor, truth: Known) -> Estimate:
    """The truth as an estimate: what is left to lose is the camera's noise and coding."""
    p = truth.p.float()
    return Estimate(truth.trace, (1 - p) * (image - truth.trace) + p * truth.live, p)


def mean_difference(trained: Trained) -> Tensor:
    """(1, 3, N, N): mean of all views of the attacks of training less that of its bona fide records. Raises FascoreError where a class is missing."""
    by_label = [[r for r in trained.splits["train"] if (r.label == BONA_FIDE) == genuine] for genuine in (True, False)]
    if not all(by_label):
        raise FascoreError("the training data have one class alone, and no mean difference; a run of both is measured")
    faces = network_of(trained)[1]
    live, attacks = (_values(trained, records, faces)[0].mean(0, keepdim=True) for records in by_label)
    return attacks - live


def _values(trained: Trained, records: Sequence[Record], *refs: str) -> list[Tensor]:
    """(R, …) what each Ref gives, a row a view; the model runs once."""
    values = trained.values(records, refs)
    return [torch.from_numpy(values[ref]).flatten(0, 1) for ref in refs]
