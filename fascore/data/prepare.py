"""Prepare: extract the stored data of every record in parallel processes, and set aside records that cannot be read."""

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
    """A sample that does not exist: the response for the score table, and the reason."""

    response: Response
    reason: str


Entry: TypeAlias = str | Missing
"""A key of the store (empty for a modality that only loads), or the reason why there is none."""
Shared: TypeAlias = str | tuple[Response, str]
"""An Entry as JSON carries it."""
Progress: TypeAlias = Callable[[int, int], None]
"""Called with (records done, total records)."""


@dataclass(frozen=True)
class Quarantined:
    """A record that lacks a required modality."""

    id: str
    response: Response
    reason: str
    modality: str


@dataclass(frozen=True)
class Prepared:
    """Usable records, in their order; `entries` of every modality, by record id; and records that were set aside."""

    records: tuple[Record, ...]
    entries: Mapping[str, Mapping[str, Entry]]
    quarantined: tuple[Quarantined, ...] = ()

    def present(self, id: str, modality: str) -> bool:
        """Whether a record has a modality."""
        return isinstance(self.entries[id][modality], str)

    def counts(self) -> dict[str, int]:
        """Number of usable records with each modality."""
        return dict(
            Counter(
                name
                for record in self.records
                for name, entry in self.entries[record.id].items()
                if isinstance(entry, str)
            )
        )

    def incomplete(self) -> dict[str, dict[str, Shared]]:
        """Entries of the records that lack a modality, as JSON: another process cannot look these up in the store."""
        lacking = (
            id for id, entries in self.entries.items() if any(isinstance(entry, Missing) for entry in entries.values())
        )
        return {id: {name: _shared(entry) for name, entry in self.entries[id].items()} for id in lacking}

    def write_quarantine(self, path: Path) -> None:
        """One JSON line per record that was set aside: id, response, reason, modality."""
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
    """Fill the store with every stored modality of the plan. Existing entries are not computed again.

    `processes` None means one per core, 0 only this process. `known` contains what another process reported as `incomplete`;
    it is not retried. `modules` keeps the modules of the data graph for the next call. Raises FascoreError for duplicate ids,
    a detector that cannot start, a worker that dies, and, if `strict`, for a record that lacks a required modality.
    """
    if twice := [id for id, count in Counter(record.id for record in records).items() if count > 1]:
        raise FascoreError(
            f"{len(twice)} record ids occur twice, such as '{twice[0]}'; ids must be unique across all datasets that are used together"
        )
    extraction = Extraction(tuple(plan.modalities.values()), store, modules)
    store.sweep()
    entries_of: dict[str, dict[str, Entry]] = {
        id: {name: entry if isinstance(entry, str) else Missing(*entry) for name, entry in entries.items()}
        for id, entries in (known or {}).items()
    }
    for record in records:
        if record.id not in entries_of and (there := extraction.look_up(record)) is not None:
            entries_of[record.id] = there
    pending = [record for record in records if record.id not in entries_of]
    done = len(entries_of)
    _tell(progress, done, len(records))
    for record, entries in spread(
        extraction.extract, pending, processes_for(processes, len(pending)), lambda record: record.id, "prepared"
    ):
        entries_of[record.id] = entries
        done += 1
        _tell(progress, done, len(records))
    return _sorted_out(plan, records, entries_of, strict)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _sorted_out(
    plan: Plan, records: Sequence[Record], entries_of: Mapping[str, Mapping[str, Entry]], strict: bool
) -> Prepared:
    usable, aside = [], []
    for record in records:
        lacks = ((n.name, entries_of[record.id].get(n.name)) for n in plan.modalities.values() if not n.optional)
        name, missing = next(((name, entry) for name, entry in lacks if isinstance(entry, Missing)), ("", None))
        if missing is None:
            usable.append(record)
        else:
            aside.append(Quarantined(record.id, missing.response, missing.reason, name))
    if strict and aside:
        first = aside[0]
        raise FascoreError(
            f"{len(aside)} of {len(records)} records lack a required modality; the first is '{first.id}' ({first.modality}: {first.reason}). "
            "Fix or remove them, make the modality optional, or run without --strict"
        )
    return Prepared(tuple(usable), entries_of, tuple(aside))


class Extraction:
    """The stored modalities to compute for each record, in a valid order."""

    def __init__(self, nodes: tuple[NodePlan, ...], store: Store, modules: Modules | None = None) -> None:
        self.nodes, self.store = nodes, store
        self._modules = Modules() if modules is None else modules

    def look_up(self, record: Record) -> dict[str, Entry] | None:
        """Entries of a record if the store has all of them; nothing is decoded or hashed."""
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
        """Entries of a record; whatever the store lacks is computed."""
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
        return None if missing is None else Missing(missing.response, _with(_paths(record), missing.reason))

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
            self.store.write_missing(key, NoResponse(missing.response, _with(channels, missing.reason)))
            raise
        except Exception as error:  # a record that breaks an extractor must not stop the run; it is not stored, so the next run tries again
            return Missing("unreadable", f"{node.component.type} failed: {type(error).__name__}: {error}")
        self.store.write(key, arrays[node.name])
        return key


def _paths(record: Record) -> dict[str, str]:
    """Paths of a record's media by `{channel}`, which replaces them in the store, because other files with the same bytes share the entries."""
    return {
        f"{{{name}}}": str(path)
        for name, source in record.channels.items()
        if (path := getattr(source, "path", None)) is not None
    }


def _with(names: Mapping[str, str], reason: str) -> str:
    """A reason with other names of the files, if it begins with one or quotes one."""
    for old, new in names.items():
        reason = new + reason.removeprefix(old) if reason.startswith(old) else reason
        reason = reason.replace(f"'{old}'", f"'{new}'")
    return reason
