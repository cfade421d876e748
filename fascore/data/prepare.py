"""Prepare: extract the stored modalities of every record, in parallel processes, and quarantine unusable records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from fascore.contract.errors import FascoreError, NoResponse, Response
from fascore.contract.files import write_whole
from fascore.contract.kinds.modality import Arrays
from fascore.contract.record import Record
from fascore.data.modules import Modules
from fascore.data.store import Store
from fascore.data.workers import processes_for, spread
from fascore.spec.plan import NodePlan, Plan


@dataclass(frozen=True)
class Missing:
    """A sample that does not exist: its response in the score table, and the reason."""

    response: Response
    reason: str


Entry: TypeAlias = str | Missing
"""A key of the store (empty for a modality that is computed when loading), or why there is none."""
Shared: TypeAlias = str | tuple[Response, str]
"""An Entry in its JSON form."""
Progress: TypeAlias = Callable[[int, int], None]
"""Called with (records done, records in total)."""


@dataclass(frozen=True)
class Quarantined:
    """A record that lacks a required modality."""

    id: str
    response: Response
    reason: str
    modality: str


@dataclass(frozen=True)
class Prepared:
    """Usable records in order, the `entries` of every modality by record id, and the quarantined records."""

    records: tuple[Record, ...]
    entries: Mapping[str, Mapping[str, Entry]]
    quarantined: tuple[Quarantined, ...] = ()

    def present(self, id: str, modality: str) -> bool:
        """Whether a record has a modality."""
        return isinstance(self.entries[id][modality], str)

    def counts(self) -> dict[str, int]:
        """Number of usable records that have each modality."""
        return dict(
            Counter(
                name
                for record in self.records
                for name, entry in self.entries[record.id].items()
                if isinstance(entry, str)
            )
        )

    def incomplete(self) -> dict[str, dict[str, Shared]]:
        """Entries, as JSON, of the records that lack a modality; other processes cannot look these up in the store."""
        incomplete_ids = (
            id for id, entries in self.entries.items() if any(isinstance(entry, Missing) for entry in entries.values())
        )
        return {id: {name: _shared(entry) for name, entry in self.entries[id].items()} for id in incomplete_ids}

    def write_quarantine(self, path: Path) -> None:
        """Write one JSON line per quarantined record: id, response, reason, modality."""
        write_whole(path, "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in self.quarantined))


def _shared(entry: Entry) -> Shared:
    return entry if isinstance(entry, str) else (entry.response, entry.reason)


def prepare(
    plan: Plan,
    records: Sequence[Record],
    store: Store,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
    strict: bool = False,
    known: Mapping[str, Mapping[str, Shared]] | None = None,
    modules: Modules | None = None,
) -> Prepared:
    """Fill the store with every stored modality of the plan; existing entries are reused.

    `processes` None means one per core, 0 only this process. `known` contains what another process returned from
    `incomplete`; it is not retried. `modules` keeps the modules of the data graph for the next call. Raises
    FascoreError for duplicate ids, a detector that cannot start, a worker that dies, and, if `strict`, a record that
    lacks a required modality.
    """
    if repeated := [id for id, count in Counter(record.id for record in records).items() if count > 1]:
        raise FascoreError(
            f"{len(repeated)} record ids occur twice, such as '{repeated[0]}'; ids must be unique across all datasets that are used together"
        )
    extraction = Extraction(tuple(plan.modalities.values()), store, modules)
    store.sweep()
    entries_of: dict[str, dict[str, Entry]] = {
        id: {name: entry if isinstance(entry, str) else Missing(*entry) for name, entry in entries.items()}
        for id, entries in (known or {}).items()
    }
    for record in records:
        if record.id not in entries_of and (stored_entries := extraction.look_up(record)) is not None:
            entries_of[record.id] = stored_entries
    pending = [record for record in records if record.id not in entries_of]
    done = len(entries_of)
    _report(progress, done, len(records))
    for record, entries in spread(
        extraction.extract, pending, processes_for(processes, len(pending)), lambda record: record.id, "prepared"
    ):
        entries_of[record.id] = entries
        done += 1
        _report(progress, done, len(records))
    return _separate(plan, records, entries_of, strict)


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _separate(
    plan: Plan, records: Sequence[Record], entries_of: Mapping[str, Mapping[str, Entry]], strict: bool
) -> Prepared:
    usable, quarantined = [], []
    for record in records:
        required = ((n.name, entries_of[record.id].get(n.name)) for n in plan.modalities.values() if not n.optional)
        name, missing = next(((name, entry) for name, entry in required if isinstance(entry, Missing)), ("", None))
        if missing is None:
            usable.append(record)
        else:
            quarantined.append(Quarantined(record.id, missing.response, missing.reason, name))
    if strict and quarantined:
        first = quarantined[0]
        raise FascoreError(
            f"{len(quarantined)} of {len(records)} records lack a required modality; the first is '{first.id}' ({first.modality}: {first.reason}). "
            "Fix or remove them, make the modality optional, or run without --strict"
        )
    return Prepared(tuple(usable), entries_of, tuple(quarantined))


class Extraction:
    """Extraction of the stored modalities of each record, in dependency order."""

    def __init__(self, nodes: tuple[NodePlan, ...], store: Store, modules: Modules | None = None) -> None:
        self.nodes, self.store = nodes, store
        self._modules = Modules() if modules is None else modules

    def look_up(self, record: Record) -> dict[str, Entry] | None:
        """Entries of a record, or None if the store lacks any of them; nothing is decoded or hashed."""
        entries: dict[str, Entry] = {}
        try:
            for node in self.nodes:
                if node.component.stored and not self.store.knows(record, node.component):
                    return None
                known = self._known(record, node, entries)
                if known is None:
                    return None
                entries[node.name] = known
        except NoResponse:
            return None
        return entries

    def extract(self, record: Record) -> dict[str, Entry]:
        """Entries of a record; those that the store lacks are extracted."""
        entries: dict[str, Entry] = {}
        arrays: dict[str, Arrays] = {}
        for node in self.nodes:
            try:
                known = self._known(record, node, entries)
                entries[node.name] = self._extract_one(record, node, entries, arrays) if known is None else known
            except NoResponse as missing:
                entries[node.name] = Missing(missing.response, missing.reason)
        return entries

    def _known(self, record: Record, node: NodePlan, entries: Mapping[str, Entry]) -> Entry | None:
        for ref in node.inputs:
            entry = entries[ref.node]
            if isinstance(entry, Missing):
                return Missing(entry.response, f"there is no '{ref.node}': {entry.reason}")
        if not node.component.stored:
            return ""
        key = self._key(record, node, entries)
        if self.store.has(key):
            return key
        missing = self.store.missing(key)
        return None if missing is None else Missing(missing.response, _replace_names(_paths(record), missing.reason))

    def _key(self, record: Record, node: NodePlan, entries: Mapping[str, Entry]) -> str:
        return self.store.key(record, node.component, [str(entries[ref.node]) for ref in node.inputs])

    def _extract_one(
        self, record: Record, node: NodePlan, entries: Mapping[str, Entry], arrays: dict[str, Arrays]
    ) -> Entry:
        key = self._key(record, node, entries)
        module = self._modules.of(node)
        try:
            for ref in node.inputs:
                if ref.node not in arrays:
                    arrays[ref.node] = self.store.read(str(entries[ref.node]))
            arrays[node.name] = module.extract(record, [arrays[ref.node] for ref in node.inputs])
        except NoResponse as missing:
            channels = {path: channel for channel, path in _paths(record).items()}
            self.store.write_missing(key, NoResponse(missing.response, _replace_names(channels, missing.reason)))
            raise
        except Exception as error:  # must not stop the run; it is not stored, so the next run retries
            return Missing("unreadable", f"{node.component.type} failed: {type(error).__name__}: {error}")
        self.store.write(key, arrays[node.name])
        return key


def _paths(record: Record) -> dict[str, str]:
    """Paths of a record's media by `{channel}`.

    The store contains these placeholders instead of the paths, because other files with the same bytes share its
    entries.
    """
    return {
        f"{{{name}}}": str(path)
        for name, source in record.channels.items()
        if (path := getattr(source, "path", None)) is not None
    }


def _replace_names(names: Mapping[str, str], reason: str) -> str:
    """A reason with file names replaced where it begins with one or quotes one."""
    for old, new in names.items():
        reason = new + reason.removeprefix(old) if reason.startswith(old) else reason
        reason = reason.replace(f"'{old}'", f"'{new}'")
    return reason
