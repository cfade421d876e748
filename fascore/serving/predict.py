"""Predict: score images and videos that have no label, with a finished run, at its threshold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from fascore.component import replaced, validate
from fascore.data.loading import Loader
from fascore.data.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES, open_source
from fascore.data.prepare import Missing, Prepared, prepare
from fascore.data.store import Store
from fascore.errors import FascoreError, Response
from fascore.evaluation.recalibration import read_recalibration
from fascore.evaluation.threshold import Threshold
from fascore.graph import Plan, check, refs_in
from fascore.model import ModelGraph
from fascore.record import ATTACK, Record
from fascore.running.folder import open_run
from fascore.running.scores import head_columns, score_table
from fascore.spec import Json, RunSpec
from fascore.training import checkpoint, distributed
from fascore.training.scoring import score
from fascore.training.trainer import pick_precision

CHUNK = 16
"""Files that are decoded, scored and answered at a time."""


@dataclass(frozen=True)
class Prediction:
    """The answer for one file.

    `decision` is `bona fide` or `attack` at `threshold`, and `no decision` where there is no score: `response` and
    `reason` say why. `frames` is how many frames were searched for a face, `faces` in how many there was one (both None
    where the run looks for no faces, or the file could not be read).
    """

    path: str
    score: float | None
    decision: str
    threshold: float
    response: Response
    reason: str
    frames: int | None
    faces: int | None


def predict(
    run: Path, paths: Sequence[Path], *, detector: Json = None, device: str = "auto", recalibrated: Path | None = None,
    note: Callable[[str], None] | None = None,
) -> Iterator[Prediction]:  # fmt: skip
    """Answers in the order of the files; a folder stands for the images and videos below it.

    `detector` (a name, or a detector's JSON) finds the faces instead of the run's; a run whose detector reads what its
    dataset knew takes `mtcnn` by default. `recalibrated` is a file of `fascore recalibrate`, whose threshold decides then. A
    file that cannot be read or shows no face is an answer, never an error.
    Raises FascoreError for a run that is not finished, a path that does not exist, a detector that cannot start.
    """
    folder = open_run(run)
    spec = _for_new_files(folder.run_spec(), detector, note or (lambda text: print(text, file=sys.stderr)))
    plan = check(spec)
    threshold, weights = folder.decision()
    if recalibrated is not None:
        threshold = read_recalibration(recalibrated, threshold).threshold
    files = _files(paths)
    target = distributed.pick_device(device)
    graph = ModelGraph.build(plan, spec.seed).to(target)
    checkpoint.load_best(folder.checkpoints / checkpoint.BEST, graph)
    for start in range(0, len(files), CHUNK):
        with TemporaryDirectory(prefix="fascore-") as aside:  # one a chunk: the crops of a large folder would fill the disk
            yield from _Predictor(plan, graph, target, Store(Path(aside)), threshold, weights).answers(files[start : start + CHUNK])


class _Predictor:
    def __init__(
        self, plan: Plan, graph: ModelGraph, device: torch.device, store: Store, threshold: Threshold, weights: Mapping[str, float]
    ) -> None:
        self.plan, self.graph, self.device, self.store, self.threshold, self.weights = plan, graph, device, store, threshold, weights

    def answers(self, files: Sequence[Path]) -> Iterator[Prediction]:
        """One answer a file."""
        # A record must have a label; this one is never read: there are no losses here, and scores do not know it.
        records = [Record(str(path), ATTACK, {"rgb": open_source(path)}, species="unknown") for path in files]
        prepared = prepare(self.plan, records, self.store, processes=0)
        scores = self._scores(prepared)
        columns = head_columns(records, scores, [head for head, node in self.plan.heads.items() if node.component.scores])
        table = score_table(records, prepared, columns, self.plan.spec.model.score, self.weights)
        for record, value, response in zip(records, table.score, table.column("response").tolist(), strict=True):
            yield self._answer(record, prepared, float(value), response)

    def _scores(self, prepared: Prepared) -> dict[str, dict[str, float]]:
        if not prepared.records:
            return {}
        loader = Loader(self.plan, prepared, self.store, device=self.device)
        compute = self.plan.spec.compute
        found = score(
            self.graph, [r.id for r in prepared.records], lambda ids: loader.evaluation_batches(compute.eval_batch, ids),
            precision=pick_precision(compute.precision, self.device),
        )  # fmt: skip
        return found.by_record()

    def _answer(self, record: Record, prepared: Prepared, value: float, response: Response) -> Prediction:
        limit = self.threshold.value
        frames, faces = self._counted(record, prepared)
        if not np.isfinite(value):
            return Prediction(record.id, None, "no decision", limit, response, _reason(record, prepared), frames, faces)
        decision = "bona fide" if value >= limit else "attack"
        return Prediction(record.id, value, decision, limit, "ok", "", frames, faces)

    def _counted(self, record: Record, prepared: Prepared) -> tuple[int | None, int | None]:
        """Frames that were searched, and those with a face."""
        for name, node in self.plan.modalities.items():
            entry = prepared.entries[record.id][name]
            if node.component.type == "faces" and isinstance(entry, str):
                seen = np.isfinite(self.store.read(entry)["boxes"]).all(axis=1)
                return len(seen), int(seen.sum())
        return None, None


def _reason(record: Record, prepared: Prepared) -> str:
    missing = [entry for entry in prepared.entries[record.id].values() if isinstance(entry, Missing)]
    return missing[0].reason if missing else "the model gives no score for what this file shows"


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files to score: a folder stands for the images and videos below it, in order. Raises FascoreError."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES and not p.is_dir())
            if not found:
                raise FascoreError(f"{path}: there is no image and no video in this folder")
            files += found
        elif path.exists():
            files.append(path)
        else:
            raise FascoreError(f"{path}: there is no such file")
    return list(dict.fromkeys(files))


def _only_learnt(plan: Plan) -> set[str]:
    """Modalities that are targets, or that only training reads: the model gives its scores without them."""
    sinks = [*plan.nodes.values(), *plan.heads.values(), *plan.objectives.values()]
    read = {ref.node for node in sinks for path, ref in refs_in(node.component) if path != "target"}
    for node in reversed(list(plan.modalities.values())):
        if node.name in read:
            read |= {ref.node for _, ref in refs_in(node.component)}
    return set(plan.modalities) - read


def _for_new_files(spec: RunSpec, detector: Json, note: Callable[[str], None]) -> RunSpec:
    """The run's spec with a detector that looks at pictures, since new files bring no boxes along."""
    document = spec.model_dump(mode="json", by_alias=True)
    for name in _only_learnt(check(spec)):
        document["modalities"][name]["optional"] = True  # a depth map that only trained the model is nothing that a new file must have
    for name, modality in spec.modalities.items():
        own = getattr(modality, "detector", None)
        if own is None or (detector is None and not own.reads_annotation):
            continue
        chosen = detector or "mtcnn"
        document["modalities"][name] |= {"detector": replaced(modality, detector=chosen).model_dump(mode="json", by_alias=True)["detector"]}
        note(f"modality '{name}': faces are found by {chosen if isinstance(chosen, str) else chosen.get('type')}; the run itself used {own.type}")
    return validate(RunSpec, document)


