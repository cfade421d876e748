"""The start of a run: its folder, whether it is resumed, and exclusive access to it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fascore.contract.errors import FascoreError
from fascore.running.folder import RunFolder
from fascore.spec.documents import Json, RunSpec

FREE = ("compute", "$schema", "name", "trackers")
"""Fields that may differ when a run is continued: none of them changes what is learned, except compute.precision."""


@contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Lock a run's folder. Raises FascoreError if another process has locked it; a killed process leaves no lock."""
    folder.root.mkdir(parents=True, exist_ok=True)
    with (folder.root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FascoreError(
                f"{folder.root}: another process is running this run; wait for it, or choose another name"
            ) from None
        yield


def begin(folder: RunFolder, document: Json, spec: RunSpec, *, fresh: bool) -> None:
    """Write the spec into an empty folder, or verify that the folder's run has the same spec.

    `fresh` first moves an old run aside. Raises FascoreError with the fields that differ.
    """
    if fresh and folder.exists():
        _move_aside(folder)
    if not folder.exists():
        folder.write(folder.spec, document)
        return
    if not folder.resolved.exists():
        folder.write(folder.spec, document)
        return
    changed = differences(folder.spec_now(), spec.model_dump(mode="json", by_alias=True))
    if changed:
        listed = "; ".join(f"{path} was {old}, is {new}" for path, (old, new) in list(changed.items())[:5])
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        raise FascoreError(
            f"{folder.root} contains a run of another spec: {listed}{more}; choose another name for this run, or start over with --fresh"
        )


def refuse_other_data(folder: RunFolder, resolved: Json) -> None:
    """Raise FascoreError if training would continue with other records than it started with."""
    if not (folder.checkpoints / "last.safetensors").exists() or not folder.resolved.exists():
        return
    before, now = folder.read(folder.resolved)["data"], resolved["data"]
    if before["manifest"] != now["manifest"]:
        counts = "; ".join(
            f"{name} had {count} records, has {now['records'].get(name)}" for name, count in before["records"].items()
        )
        raise FascoreError(
            f"{folder.root} was trained on records other than those that its spec now lists ({counts}): ids, labels, species, subjects or channels "
            "have changed; restore the old manifest, choose another name for this run, or start over with --fresh"
        )


def differences(before: Json, now: Json) -> dict[str, tuple[str, str]]:
    """Fields that differ and matter, by path, with both values as short text."""
    old, new = dict(_flat(before)), dict(_flat(now))
    paths = [
        p
        for p in {**old, **new}
        if old.get(p) != new.get(p) and (p.partition(".")[0] not in FREE or p == "compute.precision")
    ]
    return {path: (_short(old, path), _short(new, path)) for path in paths}


def _short(values: Mapping[str, Any], path: str) -> str:
    return repr(values[path])[:60] if path in values else "not there"


def _flat(value: Json, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _move_aside(folder: RunFolder) -> None:
    number = 1
    while (aside := folder.root.with_name(f"{folder.root.name}.old{number}")).exists():
        number += 1
    aside.mkdir()
    # Checkpoints first, spec last: a partial move is never mistaken for a run that can be resumed.
    priorities = {folder.checkpoints: 0, folder.spec: 2}
    for item in sorted(folder.root.iterdir(), key=lambda item: priorities.get(item, 1)):
        if item.name != ".lock":
            item.rename(aside / item.name)
