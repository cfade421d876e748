"""Loading: batches from the store, identical for any number of workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fascore.contract.errors import FascoreError
from fascore.contract.kinds.head import Scalar
from fascore.contract.kinds.modality import Loaded
from fascore.contract.random_streams import generator
from fascore.contract.record import FIELDS, Record
from fascore.contract.refs import Ref
from fascore.contract.signals import Pyramid, Signal
from fascore.data.augmentation import draws
from fascore.data.batch import Batch
from fascore.data.draws import Draws
from fascore.data.modules import Modules
from fascore.data.prepare import Prepared
from fascore.data.store import Store
from fascore.spec.plan import NodePlan, Plan, refs_in

AHEAD = 2
"""Number of batches whose arrays are read ahead of the one in use."""

Read: TypeAlias = dict[str, dict[str, np.ndarray]]
"""Stored arrays of one record by modality; the first axis is that of the rows of the record."""


class Loader:
    """Batches of prepared records.

    `workers` threads read the store ahead of use (0: no threads); augmentation runs on `device`, one whole batch at a
    time. Every choice is a function of (seed, epoch, id), so batches depend neither on the number of workers nor on
    each other. `also` names modalities to load that the model does not read.
    """

    def __init__(
        self,
        plan: Plan,
        prepared: Prepared,
        store: Store,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        workers: int = 0,
        also: Sequence[str] = (),
    ) -> None:
        self.plan, self.prepared, self.store, self.seed, self.workers = plan, prepared, store, seed, workers
        self.device = torch.device(device)
        self.records = {record.id: record for record in prepared.records}
        self._wanted = _wanted(plan, also)
        self._nodes = [plan.modalities[name] for name in plan.modalities if name in self._wanted]
        self._modules = Modules()
        self._checked: set[str] = set()
        self._metadata = tuple(dict.fromkeys(key for record in prepared.records for key in record.metadata))

    def training_batches(self, epoch: int, batches: Iterable[Sequence[str]]) -> Iterator[Batch]:
        """One batch for each list of ids, in order: one view drawn per record, augmented."""
        for ids, read in self._read(batches, lambda id: self._view(epoch, id)):
            choices = draws(self.plan.spec.augment, self.seed, epoch, ids, self.device)
            yield self._batch(ids, read, choices, 1, self._dropped(epoch, ids))

    def evaluation_batches(
        self, size: int, ids: Sequence[str] | None = None, without: Collection[str] = ()
    ) -> Iterator[Batch]:
        """The records `ids` (default: all) in order, `size` per batch, all views folded into the rows, nothing drawn.

        `without` names modalities that are treated as absent from every record.
        """
        ids = list(self.records) if ids is None else ids
        views = self.plan.views
        for batch_ids, read in self._read((ids[i : i + size] for i in range(0, len(ids), size)), lambda id: None):
            yield self._batch(
                batch_ids,
                read,
                Draws.none(len(batch_ids) * views, self.device),
                views,
                {name: [True] * len(batch_ids) for name in without},
            )

    def _view(self, epoch: int, id: str) -> int:
        return int(generator(self.seed, "view", epoch, id).integers(self.plan.views))

    def _dropped(self, epoch: int, ids: Sequence[str]) -> dict[str, list[bool]]:
        """Which optional modalities are dropped, by record. The model keeps at least one, if the record has one."""
        share = self.plan.spec.augment.modality_dropout
        seen = [self.plan.modalities[name] for name in seen_by_model(self.plan)]
        optional = [node.name for node in seen if node.optional]
        if not share or not optional:
            return {}
        others_remain = len(optional) < len(seen)
        rows = [self._dropped_of(id, epoch, share, optional, others_remain) for id in ids]
        return {name: [name in row for row in rows] for name in optional}

    def _dropped_of(self, id: str, epoch: int, share: float, optional: Sequence[str], others_remain: bool) -> set[str]:
        choice = generator(self.seed, "drop", epoch, id)
        dropped = {name for name, number in zip(optional, choice.random(len(optional))) if number < share}
        available = [name for name in optional if self.prepared.present(id, name)]
        if available and not others_remain and dropped.issuperset(available):
            dropped.discard(available[int(choice.integers(len(available)))])
        return dropped

    def _read(self, batches: Iterable[Sequence[str]], view_of: Any) -> Iterator[tuple[tuple[str, ...], list[Read]]]:
        """(ids, stored arrays of each) in order, read ahead by the workers."""
        if not self.workers:
            for ids in batches:
                yield tuple(ids), [self._read_record(id, view_of(id)) for id in ids]
            return
        remaining = iter(batches)
        with ThreadPoolExecutor(self.workers, thread_name_prefix="loading") as pool:
            ahead: deque[tuple[tuple[str, ...], list[Future[Read]]]] = deque()
            try:
                while True:
                    for ids in islice(remaining, 1 + AHEAD - len(ahead)):
                        ahead.append((tuple(ids), [pool.submit(self._read_record, id, view_of(id)) for id in ids]))
                    if not ahead:
                        return
                    ids, futures = ahead.popleft()
                    yield ids, [future.result() for future in futures]
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read_record(self, id: str, view: int | None) -> Read:
        if id not in self.records:
            raise FascoreError(f"there is no prepared record '{id}'; it may be in quarantine")
        read: Read = {}
        for node in self._nodes:
            key = self.prepared.entries[id][node.name]
            if not isinstance(key, str) or not node.component.stored or _silent(node):
                continue
            if view is None:
                read[node.name] = self._all_views(node, self.store.read(key))
            else:
                arrays = self.store.read(key, 0 if node.views == 1 else view)
                read[node.name] = {name: array[None] for name, array in arrays.items()}
        return read

    def _all_views(self, node: NodePlan, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if any(len(array) != node.views for array in arrays.values()):
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise FascoreError(
                f"{node.path}: {node.component.type} has {node.views} views and stores {shapes}; the first axis is the view"
            )
        repeats = self.plan.views // node.views
        return {name: np.repeat(array, repeats, axis=0) for name, array in arrays.items()}

    def _batch(
        self, ids: tuple[str, ...], read: list[Read], choices: Draws, views: int, dropped: Mapping[str, list[bool]]
    ) -> Batch:
        present = {
            node.name: torch.tensor([self.prepared.present(id, node.name) for id in ids], dtype=torch.bool)
            for node in self._nodes
        }
        outputs: dict[str, dict[str, Tensor]] = {}
        for node in self._nodes:
            outputs[node.name] = self._load(node, read, choices, views, present[node.name], outputs)
        shown = _after_dropout(self._nodes, present, dropped)
        tensors: dict[str, Tensor] = {}
        for ref in self._shown():
            tensor = outputs[ref.node][ref.port]
            hidden = (present[ref.node] & ~shown[ref.node]).repeat_interleave(views)
            tensors[str(ref)] = (
                tensor.masked_fill(hidden.to(self.device).reshape(-1, *(1,) * (tensor.ndim - 1)), 0)
                if hidden.any()
                else tensor
            )
        columns = {name: tuple(self._column(id, name) for id in ids) for name in (*FIELDS, *self._metadata)}
        return Batch(ids, tensors, {name: mask.to(self.device) for name, mask in shown.items()}, columns, views)

    def _column(self, id: str, name: str) -> Scalar | None:
        record: Record = self.records[id]
        return record.column(name)

    def _shown(self) -> list[Ref]:
        """The contents of a batch: every output, by its Ref."""
        return [
            Ref(f"{n.name}.{port}" if port else n.name)
            for n in self._nodes
            for port, signal in n.outputs.items()
            if signal is not None
        ]

    def _load(
        self,
        node: NodePlan,
        read: list[Read],
        choices: Draws,
        views: int,
        present: Tensor,
        before: Mapping[str, Mapping[str, Tensor]],
    ) -> dict[str, Tensor]:
        """The tensor (N, …) of every port: rows of records that have the modality are loaded; the others are zeros."""
        signals = {port: signal for port, signal in node.outputs.items() if signal is not None}
        if not signals:
            return {}
        rows = present.repeat_interleave(views).nonzero().flatten()
        zeros = {
            port: torch.zeros(len(present) * views, *_shape(node, signal), device=self.device)
            for port, signal in signals.items()
        }
        if not len(rows):
            return zeros
        rows = rows.to(self.device)
        stored = _collated([r[node.name] for r in read if node.name in r], self.device)
        complete = len(rows) == len(present) * views
        inputs: list[Loaded] = []
        for ref in node.inputs:
            source = before.get(ref.node, {})
            inputs.append({} if ref.port not in source else source[ref.port] if complete else source[ref.port][rows])
        with torch.no_grad():
            loaded = self._modules.of(node).load(stored, choices if complete else choices.take(rows), inputs)
        ports = {"": loaded} if isinstance(loaded, Tensor) else dict(loaded)
        self._check(node, signals, ports, len(rows))
        return ports if complete else {port: tensor.index_copy(0, rows, ports[port]) for port, tensor in zeros.items()}

    def _check(self, node: NodePlan, signals: Mapping[str, Signal], ports: Mapping[str, Tensor], rows: int) -> None:
        """Check, once per modality, that the output of `load` is as `infer` declared it."""
        if node.name in self._checked:
            return
        if set(ports) != set(signals):
            produced = ", ".join(repr(port) for port in ports)
            raise FascoreError(
                f"{node.path}: {node.component.type} produced the ports {produced}, but declares {', '.join(map(repr, signals))}"
            )
        for port, signal in signals.items():
            tensor, shape = ports[port], (rows, *_shape(node, signal))
            if tuple(tensor.shape) != shape or tensor.dtype != torch.float32:
                output = f"port '{port}'" if port else "its output"
                got = f"{tuple(tensor.shape)} {tensor.dtype}".replace("torch.", "")
                raise FascoreError(
                    f"{node.path}: {node.component.type} produced {got} as {output}, but declares {signal}, which is {shape} float32"
                )
            if not torch.isfinite(tensor).all():
                raise FascoreError(
                    f"{node.path}: {node.component.type} produced NaN or infinite values as {f'port {port!r}' if port else 'its output'}"
                )
        self._checked.add(node.name)


def _wanted(plan: Plan, also: Sequence[str]) -> set[str]:
    """Modalities that the model reads, those in `also`, and those that these read when loading."""
    wanted = {ref.node for ref in plan.loaded()} | set(also)
    for node in reversed(list(plan.modalities.values())):
        if node.name in wanted:
            wanted |= {ref.node for _, ref in refs_in(node.component) if ref.node in plan.modalities}
    return wanted


def seen_by_model(plan: Plan) -> list[str]:
    """Stored modalities that the model sees, directly or through one that is computed when loading."""
    seen = {ref.node for ref in plan.loaded()}
    for node in reversed(list(plan.modalities.values())):
        if node.name in seen and not node.component.stored:
            seen |= {ref.node for ref in node.inputs}
    return [name for name, node in plan.modalities.items() if name in seen and node.component.stored]


def _silent(node: NodePlan) -> bool:
    """Whether only other modalities read this one, during preparation."""
    return all(signal is None for signal in node.outputs.values())


def _shape(node: NodePlan, signal: Signal) -> tuple[int, ...]:
    if isinstance(signal, Pyramid) or len(signal.shapes) != 1:
        raise FascoreError(f"{node.path}: a modality produces single tensors, not {signal}")
    return signal.shapes[0]


def _after_dropout(
    nodes: Sequence[NodePlan], present: Mapping[str, Tensor], dropped: Mapping[str, list[bool]]
) -> dict[str, Tensor]:
    """Presence after dropout. A modality computed when loading from a dropped one is dropped, too."""
    shown: dict[str, Tensor] = {}
    for node in nodes:
        shown[node.name] = present[node.name] & ~torch.tensor(
            dropped.get(node.name, [False] * len(present[node.name])), dtype=torch.bool
        )
        if not node.component.stored:
            for ref in node.inputs:
                shown[node.name] = shown[node.name] & shown[ref.node]
    return shown


def _collated(rows: Sequence[Mapping[str, np.ndarray]], device: torch.device) -> dict[str, Tensor]:
    """Arrays of some records, each (views, …), as tensors of all rows; uint16 becomes int32 for torch."""
    tensors: dict[str, Tensor] = {}
    for name in rows[0] if rows else ():
        array = np.concatenate([row[name] for row in rows])
        tensor = torch.from_numpy(array.astype(np.int32) if array.dtype == np.uint16 else array)
        tensors[name] = tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
    return tensors
