"""Predict: score unlabeled images and videos with a finished run, at its threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from fascore.contract.errors import Response
from fascore.contract.record import Record
from fascore.data.modules import Modules
from fascore.data.open_source import open_source
from fascore.data.prepare import Missing, Prepared, Progress
from fascore.data.store import Store
from fascore.evaluation.recalibration import read_recalibration
from fascore.evaluation.threshold import Threshold
from fascore.model import ModelGraph
from fascore.running.clips import Part, parts_of
from fascore.running.folder import open_run
from fascore.running.open_trained import for_new_files, listed, loaded, say, unlabelled, with_records
from fascore.running.trained import Trained
from fascore.spec.documents import Json
from fascore.spec.plan import Plan, check

CHUNK = 16
"""Number of files that are decoded, scored, and answered at a time."""


@dataclass(frozen=True)
class Prediction:
    """The answer for one file.

    `decision` is `bona fide` or `attack` at `threshold`, or `no decision` without a score; `response` and `reason` then
    state why. `frames` is the number of frames searched for a face, `faces` the number of frames with one (both are
    None if the run does not detect faces, or if the file could not be read). `start` and `end` delimit a clip of the
    file, in seconds.
    """

    path: str
    score: float | None
    decision: str
    threshold: float
    response: Response
    reason: str
    frames: int | None
    faces: int | None
    start: float | None = None
    end: float | None = None


def predict(
    run: Path,
    paths: Sequence[Path],
    *,
    detector: Json = None,
    device: str = "auto",
    recalibrated: Path | None = None,
    clips: float | None = None,
    note: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> Iterator[Prediction]:
    """Yield predictions in the order of the files; a folder is replaced with the images and videos below it.

    `detector` (a name, or a detector's JSON) replaces the detector of the run; for a run whose detector reads
    annotations of its dataset, the default is `mtcnn`. `recalibrated` is a file of `fascore recalibrate`, whose
    threshold then applies. `clips` divides each video into parts of so many seconds, with one prediction for each.
    `progress` is called with the number of completed predictions. A file that cannot be read or shows no face yields a
    prediction, never an error. Raises FascoreError for a run that is not finished, a path that does not exist, or a
    detector that cannot start.
    """
    open_run(run)
    parts = _parts(listed(paths), clips)
    opened = Opened.of(run, detector=detector, device=device, recalibrated=recalibrated, note=note)
    done, chunk_size = 0, CHUNK if clips is None else 1
    for chunk_parts in (parts[start : start + chunk_size] for start in range(0, len(parts), chunk_size)):
        answers = opened.answers([part.record for part in chunk_parts])
        done += len(chunk_parts)
        if progress is not None:
            progress(done, len(parts))
        yield from (
            replace(answer, path=str(part.path), start=part.start, end=part.end)
            for part, answer in zip(chunk_parts, answers, strict=True)
        )


@dataclass(frozen=True)
class Opened:
    """A finished run with its model in memory, ready to predict unlabeled records."""

    plan: Plan
    graph: ModelGraph
    device: torch.device
    threshold: Threshold
    weights: Mapping[str, float]
    modules: Modules

    @classmethod
    def of(
        cls,
        run: Path,
        *,
        detector: Json = None,
        device: str = "auto",
        recalibrated: Path | None = None,
        note: Callable[[str], None] | None = None,
    ) -> Opened:
        """Load a run; the parameters and errors are those of `predict`."""
        folder = open_run(run)
        plan = check(for_new_files(folder.run_spec(), detector, note or say))
        threshold, weights = folder.decision()
        if recalibrated is not None:
            threshold = read_recalibration(recalibrated, threshold).threshold
        graph, target = loaded(folder, plan, device)
        return cls(plan, graph, target, threshold, weights, Modules())

    def answers(self, records: Sequence[Record]) -> list[Prediction]:
        """One prediction per record, in order. Crops and other intermediate files are deleted before it returns."""
        with TemporaryDirectory(prefix="fascore-") as temporary_folder:
            trained = with_records(
                self.plan, self.graph, self.device, records, Store(Path(temporary_folder)), self.modules
            )
            return list(_answers(records, trained, self.threshold, self.weights))


def _parts(files: Sequence[Path], seconds: float | None) -> list[Part]:
    """Files as they are, or as clips of so many seconds."""
    if seconds is None:
        return [Part(unlabelled(str(path), open_source(path)), path, None, None) for path in files]
    return [part for path in files for part in parts_of(path, seconds)]


def _answers(
    records: Sequence[Record], trained: Trained, threshold: Threshold, weights: Mapping[str, float]
) -> Iterator[Prediction]:
    """One prediction per record."""
    table = trained.table(records, weights)
    for record, value, response in zip(records, table.score, table.column("response").tolist(), strict=True):
        yield _answer(record, trained, float(value), response, threshold.value)


def _answer(record: Record, trained: Trained, value: float, response: Response, limit: float) -> Prediction:
    frames, faces = _frame_counts(record, trained)
    if not np.isfinite(value):
        return Prediction(
            record.id, None, "no decision", limit, response, _reason(record, trained.prepared), frames, faces
        )
    decision = "bona fide" if value >= limit else "attack"
    return Prediction(record.id, value, decision, limit, "ok", "", frames, faces)


def _frame_counts(record: Record, trained: Trained) -> tuple[int | None, int | None]:
    """Numbers of frames searched and of frames with a face."""
    for name, node in trained.plan.modalities.items():
        entry = trained.prepared.entries[record.id][name]
        if node.component.type == "faces" and isinstance(entry, str):
            has_face = np.isfinite(trained.store.read(entry)["boxes"]).all(axis=1)
            return len(has_face), int(has_face.sum())
    return None, None


def _reason(record: Record, prepared: Prepared) -> str:
    missing = [entry for entry in prepared.entries[record.id].values() if isinstance(entry, Missing)]
    return missing[0].reason if missing else "the model has no score for the content of this file"
