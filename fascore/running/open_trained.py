"""Open a finished run: its model with the records of its own splits, or with unlabeled files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from fascore.contract.component import replaced, validate
from fascore.contract.errors import FascoreError
from fascore.contract.record import ATTACK, Record, Source
from fascore.data.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from fascore.data.modules import Modules
from fascore.data.open_source import open_source
from fascore.data.prepare import Prepared, prepare
from fascore.data.store import Store
from fascore.model import ModelGraph
from fascore.running.folder import RunFolder, open_run
from fascore.running.prepare import prepare_records, store_of
from fascore.running.progress import say
from fascore.running.report_facts import publishable
from fascore.running.splits import list_records
from fascore.running.trained import Trained
from fascore.spec.documents import Json, RunSpec
from fascore.spec.plan import Plan, check, refs_in
from fascore.training import checkpoint, distributed
from fascore.training.trainer import pick_precision

Note = Callable[[str], None]


@contextmanager
def open_trained(
    run: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]] | None = None,
    *,
    detector: Json = None,
    device: str = "auto",
    note: Note | None = None,
) -> Iterator[Trained]:
    """The model of a finished run. Without `files`, it comes with the records of its splits; whatever the store lacks is prepared again.

    With `files` (images, videos, or folders of them), its only split is `files`: one record per file, without a label, whose id is the path. A
    file that cannot be read or shows no face is left out: `prepared.quarantined` contains the reason. `detector` is that of `fascore
    predict`. Prepared data of files are deleted when the block ends. Raises FascoreError for a run that is not finished, or files that
    do not exist.
    """
    folder = open_run(Path(run))
    if files is None:
        plan = check(folder.run_spec())
        model, on = loaded(folder, plan, device)
        yield _with_splits(plan, model, on)
        return
    plan = check(for_new_files(folder.run_spec(), detector, note or say))
    model, on = loaded(folder, plan, device)
    with TemporaryDirectory(prefix="fascore-") as aside:
        yield with_records(
            plan,
            model,
            on,
            [unlabelled(str(path), open_source(path)) for path in listed(list(map(Path, files)))],
            Store(Path(aside)),
        )


def loaded(folder: RunFolder, plan: Plan, device: str) -> tuple[ModelGraph, torch.device]:
    """The model of a run with its best weights, in evaluation mode, and its device."""
    target = distributed.pick_device(device)
    graph = ModelGraph.build(plan, plan.spec.seed, pretrained=False).to(target)
    checkpoint.load_best(folder.checkpoints / checkpoint.BEST, graph)
    return graph.eval(), target


def unlabelled(identity: str, source: Source) -> Record:
    """A record of unlabeled media. Its label is never read: there are no losses here, and scores do not depend on it."""
    return Record(identity, ATTACK, {"rgb": source}, species="unknown")


def with_records(
    plan: Plan,
    graph: ModelGraph,
    device: torch.device,
    records: Sequence[Record],
    store: Store,
    modules: Modules | None = None,
) -> Trained:
    """A model with the records of files; `splits["files"]` contains the usable ones, and `prepared` describes the others.

    `modules` are modules of the data graph that earlier calls have built, such as a face detector.
    """
    prepared = prepare(plan, records, store, processes=0, modules=modules)
    return _trained(plan, graph, device, prepared, store, {"files": prepared.records}, frozenset({"files"}))


def _with_splits(plan: Plan, graph: ModelGraph, device: torch.device) -> Trained:
    splits, store = list_records(plan.spec), store_of(plan.spec)
    prepared = prepare_records(plan, splits.every(), store, processes=plan.spec.compute.prepare, strict=False)
    usable = {record.id for record in prepared.records}
    named = {
        name: tuple(record for record in records if record.id in usable) for name, records in splits.named().items()
    }
    return _trained(plan, graph, device, prepared, store, named, publishable(plan.spec))


def _trained(
    plan: Plan,
    graph: ModelGraph,
    device: torch.device,
    prepared: Prepared,
    store: Store,
    splits: Mapping[str, tuple[Record, ...]],
    shown: frozenset[str],
) -> Trained:
    return Trained(
        plan, graph, prepared, store, device, pick_precision(plan.spec.compute.precision, device), splits, shown
    )


def listed(paths: Sequence[Path]) -> list[Path]:
    """The files; a folder stands for the images and videos below it, in order. Raises FascoreError."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            media = sorted(
                p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES and not p.is_dir()
            )
            if not media:
                raise FascoreError(f"{path}: this folder contains no image and no video")
            files += media
        elif path.exists():
            files.append(path)
        else:
            raise FascoreError(f"{path}: there is no such file")
    return list(dict.fromkeys(files))


def for_new_files(spec: RunSpec, detector: Json, note: Note) -> RunSpec:
    """The run's spec with a detector that examines images, since new files have no boxes."""
    document = spec.model_dump(mode="json", by_alias=True)
    plan = check(spec)
    learnt, read = _only_learnt(plan)
    for name in learnt:
        document["modalities"][name]["optional"] = (
            True  # a new file does not need a depth map that was only used in training
        )
    for name, modality in spec.modalities.items():
        if getattr(modality, "landmarks", None) not in (None, "five") and f"{name}.points" not in read:
            document["modalities"][name]["landmarks"] = (
                "five"  # the output of image detectors; the points were only used in training
            )
    for name, modality in spec.modalities.items():
        own = getattr(modality, "detector", None)
        if own is None or (detector is None and not own.reads_annotation):
            continue
        chosen = detector or "mtcnn"
        document["modalities"][name] |= {
            "detector": replaced(modality, detector=chosen).model_dump(mode="json", by_alias=True)["detector"]
        }
        note(
            f"modality '{name}': faces are detected by {chosen if isinstance(chosen, str) else chosen.get('type')}; the run itself used {own.type}"
        )
    return validate(RunSpec, document)


def _only_learnt(plan: Plan) -> tuple[set[str], set[str]]:
    """Modalities that are targets or that only training reads, so that scores do not need them; and the Refs that scores read."""
    sinks = [*plan.nodes.values(), *plan.heads.values(), *plan.objectives.values()]
    refs = {ref for node in sinks for path, ref in refs_in(node.component) if path != "target"}
    for node in reversed(list(plan.modalities.values())):
        if node.name in {ref.node for ref in refs}:
            refs |= {ref for _, ref in refs_in(node.component)}
    return set(plan.modalities) - {ref.node for ref in refs}, set(refs)
