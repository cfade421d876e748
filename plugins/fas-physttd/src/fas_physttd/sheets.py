"""The trace sheet of a run with either generator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fas_physttd.physttd.components import Generator as PhySTD
from fas_physttd.physttd.removal import landmarks_of, take_apart
from fas_physttd.physttd.sheet import block
from fas_physttd.polysemantic.components import Generator as Polysemantic
from fas_physttd.polysemantic.removal import blocks as polysemantic_blocks
from fas_physttd.sheet import Block
from fascore import FascoreError, Record, Trained, open_trained


def generator_of(trained: Trained) -> str:
    """Name of the run's trace generator. Raises FascoreError if there is none."""
    for name, node in trained.plan.nodes.items():
        if isinstance(node.component, PhySTD | Polysemantic):
            return name
    raise FascoreError(
        f"the run '{trained.spec.name}' has no physttd.generator and no physttd.polysemantic, so there are no traces to show; train one of the specs "
        "in specs/ of fas-physttd"
    )


def moves(trained: Trained) -> bool:
    """Whether traces can be moved to another face. PhySTD warps them by landmarks; polysemantic traces are added in place."""
    node = trained.plan.nodes[generator_of(trained)]
    return isinstance(node.component, Polysemantic) or landmarks_of(trained, str(node.inputs[0])) is not None


def blocks(trained: Trained, titles: Sequence[str], records: Sequence[Record], onto: Record | None) -> list[Block]:
    """One block per record; the face of `onto` receives the traces. Raises FascoreError."""
    name = generator_of(trained)
    if isinstance(trained.plan.nodes[name].component, Polysemantic):
        return polysemantic_blocks(trained, name, titles, records, onto)
    return [block(title, face) for title, face in zip(titles, take_apart(trained, name, records, onto), strict=True)]


def of_run(run: Path, what: str, onto: str | None, detector: str | None) -> list[Block]:
    """The block of a file or of a record of the run's own data; its title contains the run's name. Raises FascoreError."""
    wanted = [what, *([onto] if onto else [])]
    files = [Path(name) for name in wanted if Path(name).exists()]
    if files and len(files) < len(wanted):
        (other,) = set(wanted) - set(map(str, files))
        raise FascoreError(
            f"{other}: there is no such file; specify two files, or the ids of two records of the run's data"
        )
    with open_trained(run, files or None, detector=detector) as trained:
        generator_of(trained)
        record_of = {name: _record(trained, run, name) for name in wanted}
        return blocks(
            trained, [f"{Path(what).name}\n{trained.spec.name}"], [record_of[what]], record_of[onto] if onto else None
        )


def _record(trained: Trained, run: Path, name: str) -> Record:
    """The usable record with this id. Raises FascoreError."""
    for records in trained.splits.values():
        for record in records:
            if record.id == name:
                return record
    for excluded in trained.prepared.quarantined:
        if excluded.id == name:
            reason = excluded.reason if excluded.reason.startswith(name) else f"{name}: {excluded.reason}"
            if excluded.response == "refused" and "files" in trained.splits:
                reason += f"; a file contains only its picture: name a record of the run's data by its id; {run}/scores/ lists the ids"
            raise FascoreError(reason)
    raise FascoreError(
        f"{name}: there is no such file, and no record of the run's data has this id; {run}/scores/ lists the ids"
    )
