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
from fascore.running.open_trained import for_new_files, listed, loaded, unlabelled, with_records
from fascore.running.progress import say
from fascore.running.trained import Trained
from fascore.spec.documents import Json
from fascore.spec.plan import Plan, check

CHUNK = 16
"""Number of files that are decoded, scored, and answered at a time."""


@dataclass(frozen=True)
class Prediction:
    """The answer for one file.

    `decision` is `bona fide` or `attack` at `threshold`, and `no decision` without a score: `response` and
    `reason` state why. `frames` is the number of frames that were searched for a face, and `faces` the number with one (both None
    if the run detects no faces or the file cannot be read). `start` and `end` are the seconds of a clip of the file.
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
    """Answers in the order of the files; a folder stands for the images and videos below it.

    `detector` (a name, or the JSON of a detector) replaces the detector of the run. A run whose detector reads annotations of its
    dataset uses `mtcnn` by default. `recalibrated` is a file of `fascore recalibrate`, whose threshold then decides. `clips`
    divides each video into parts of so many seconds with one answer each; `progress` receives (done, total). A
    file that cannot be read or shows no face is an answer, never an error.
    Raises FascoreError for a run that is not finished, a path that does not exist, a detector that cannot start.
    """
    open_run(run)
    parts = _parts(listed(paths), clips)
    opened = Opened.of(run, detector=detector, device=device, recalibrated=recalibrated, note=note)
    done, chunk = 0, CHUNK if clips is None else 1
    for some in (parts[start : start + chunk] for start in range(0, len(parts), chunk)):
        answers = opened.answers([part.record for part in some])
        done += len(some)
        if progress is not None:
            progress(done, len(parts))
        yield from (
            replace(answer, path=str(part.path), start=part.start, end=part.end)
            for part, answer in zip(some, answers, strict=True)
        )


@dataclass(frozen=True)
class Opened:
    """A finished run with its model in memory, ready to score unlabeled records."""

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
        """One answer per record, in order. Crops and other intermediate files are deleted before it returns."""
        with TemporaryDirectory(prefix="fascore-") as aside:
            trained = with_records(self.plan, self.graph, self.device, records, Store(Path(aside)), self.modules)
            return list(_answers(records, trained, self.threshold, self.weights))


def _parts(files: Sequence[Path], seconds: float | None) -> list[Part]:
    """Files as they are, or divided into clips of so many seconds."""
    if seconds is None:
        return [Part(unlabelled(str(path), open_source(path)), path, None, None) for path in files]
    return [part for path in files for part in parts_of(path, seconds)]


def _answers(
    records: Sequence[Record], trained: Trained, threshold: Threshold, weights: Mapping[str, float]
) -> Iterator[Prediction]:
    """One answer per record."""
    table = trained.table(records, weights)
    for record, value, response in zip(records, table.score, table.column("response").tolist(), strict=True):
        yield _answer(record, trained, float(value), response, threshold.value)


def _answer(record: Record, trained: Trained, value: float, response: Response, limit: float) -> Prediction:
    frames, faces = _counted(record, trained)
    if not np.isfinite(value):
        return Prediction(
            record.id, None, "no decision", limit, response, _reason(record, trained.prepared), frames, faces
        )
    decision = "bona fide" if value >= limit else "attack"
    return Prediction(record.id, value, decision, limit, "ok", "", frames, faces)


def _counted(record: Record, trained: Trained) -> tuple[int | None, int | None]:
    """Number of frames that were searched, and number of frames with a face."""
    for name, node in trained.plan.modalities.items():
        entry = trained.prepared.entries[record.id][name]
        if node.component.type == "faces" and isinstance(entry, str):
            seen = np.isfinite(trained.store.read(entry)["boxes"]).all(axis=1)
            return len(seen), int(seen.sum())
    return None, None


def _reason(record: Record, prepared: Prepared) -> str:
    missing = [entry for entry in prepared.entries[record.id].values() if isinstance(entry, Missing)]
    return missing[0].reason if missing else "the model has no score for the content of this file"
