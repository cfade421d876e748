"""Checks of modalities: they are prepared and loaded with drawn records, as in a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from fascore.contract.component import Node
from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Modality
from fascore.contract.record import Record
from fascore.contract.refs import Ref
from fascore.contract.signals import Clip, Image, Signal
from fascore.spec.plan import refs_in
from fascore.testing.case import Case, Check, Failure, author_code, shown
from fascore.testing.graphs import Reader, Toy, summary_model, toy
from fascore.testing.records import toy_records
from fascore.testing.tensors import mismatch
from fascore.testing.watch import watched

NAME = "example"
"""The example's name in its small data graph."""


def prepares(case: Case) -> None:
    """The small data graph of each example is accepted, prepared, and loaded, and no drawn record lacks a modality."""
    for place, (config, others) in enumerate(case.examples()):
        if not isinstance(others, Mapping):
            raise Failure(
                f"{shown(config)}: the second item of an example must be {{name: other modality}}, not {others!r:.80}"
            )
        try:
            made = _made(case, place)
            aside = made.prepared.quarantined
        except FascoreError as error:
            raise Failure(
                f"{shown(config)}: the check rejects the small data graph of its example:\n  {error}"
            ) from error
        if aside:
            raise Failure(f"{shown(config)}: a drawn record lacks '{aside[0].modality}': {aside[0].reason}")
        for what, load in (("evaluation", made.evaluation), ("training", made.training)):
            with author_code(f"{shown(config)}: loading for {what}", case.module):
                load()


def inputs_kept(case: Case) -> None:
    """`extract` does not write into the arrays of its inputs, and `load` does not write into stored arrays, draws, or
    inputs.
    """
    for made in _toys(case):
        with watched(NAME) as written:
            again = Toy(made.plan, made.records)
            again.evaluation()
            again.training()
        if written:
            raise Failure(f"{_text(made)}: {written[0]}")


def signal(case: Case) -> None:
    """Loaded for evaluation or, augmented, for training, it matches the Signals of `infer`; pictures stay in [0, 1]."""
    for made in _toys(case):
        rows = len(made.records)
        for batch in (*made.evaluation(), *made.training()):
            for ref, declared in _signals(made).items():
                tensor = batch.tensors[ref]
                if wrong := mismatch(declared, tensor, rows * batch.views):
                    raise Failure(f"{_text(made)}: '{ref}' {wrong}")
                if isinstance(declared, Image | Clip) and not (float(tensor.min()) >= 0 and float(tensor.max()) <= 1):
                    raise Failure(
                        f"{_text(made)}: '{ref}' is {declared}, but its values are in [{float(tensor.min()):.3g}, {float(tensor.max()):.3g}]"
                    )


def repeatable(case: Case) -> None:
    """Stored arrays and loaded tensors are the same the second time, regardless of earlier draws."""
    for made in _toys(case):
        again = Toy(made.plan, made.records)
        torch.manual_seed(1)
        np.random.seed(1)
        first = [*made.evaluation(), *made.training()]
        torch.manual_seed(2)
        np.random.seed(2)
        for record in made.records:
            key = made.prepared.entries[record.id][NAME]
            if key != again.prepared.entries[record.id][NAME]:
                raise Failure(f"{_text(made)}: the store's key of '{record.id}' changes")
            if key and not _same(made.store.read(str(key)), again.store.read(str(key))):
                raise Failure(f"{_text(made)}: extract() of '{record.id}' returns different arrays the second time")
        for one, two in zip(first, [*again.evaluation(), *again.training()]):
            if any(not torch.equal(one.tensors[ref], two.tensors[ref]) for ref in _signals(made)):
                raise Failure(f"{_text(made)}: load() returns different tensors the second time")


def record_order(case: Case) -> None:
    """A record's tensors depend neither on its position in a batch nor on the other records."""
    for made in _toys(case):
        ids = [record.id for record in made.records]
        (whole,) = made.evaluation()
        for what, batches in (("in another order", made.evaluation(ids=ids[::-1])), ("alone", made.evaluation(1))):
            for batch in batches:
                before = whole.take([ids.index(id) for id in batch.ids])
                if any(
                    not torch.allclose(before.tensors[ref], batch.tensors[ref], rtol=1e-4, atol=1e-5)
                    for ref in _signals(made)
                ):
                    raise Failure(f"{_text(made)}: a record {what} is loaded differently")


def declared_channels(case: Case) -> None:
    """It reads only the channels that `channels()` lists: removing the others changes nothing."""
    for made in _toys(case):
        names = {channel for node in made.plan.modalities.values() for channel in node.component.channels()}
        fewer = Toy(made.plan, tuple(_with_channels(record, names) for record in made.records))
        if fewer.prepared.quarantined:
            row = fewer.prepared.quarantined[0]
            raise Failure(
                f"{_text(made)}: with only its declared channels {sorted(names)}, '{row.modality}' is missing: {row.reason}"
            )
        for one, two in zip(made.evaluation(), fewer.evaluation()):
            if any(not torch.equal(one.tensors[ref], two.tensors[ref]) for ref in _signals(made)):
                raise Failure(f"{_text(made)}: channels that it does not declare change its output")


def missing_channels(case: Case) -> None:
    """Records without any channel give a NoResponse, never another exception."""
    for made in _toys(case):
        empty = Toy(made.plan, tuple(_with_channels(record, set()) for record in made.records))
        for row in empty.prepared.quarantined:
            if row.modality == NAME and " failed: " in row.reason:
                raise Failure(f"{_text(made)}: a record without channels: {row.reason}")


def _with_channels(record: Record, names: set[str]) -> Record:
    kept = {name: source for name, source in record.channels.items() if name in names}
    return replace(record, channels=kept, annotation=record.annotation if "annotation" in names else None)


def _toys(case: Case) -> Iterator[Toy]:
    """Yield the prepared graph of each example."""
    for place, _ in enumerate(case.examples()):
        yield _made(case, place)


@cache
def _made(case: Case, place: int) -> Toy:
    """The graph of one example.

    A modality that no Ref names is read by a summary, or by a reader if it produces no signal.
    """
    config, others = case.examples()[place]
    graph: dict[str, Modality] = {
        name: TypeAdapter(Node[Modality]).validate_python(other) for name, other in others.items()
    }
    graph[NAME] = config
    named = {ref.node for modality in graph.values() for _, ref in refs_in(modality)}
    outputs = _inferred(graph)
    refs = [f"{NAME}.{port}" if port else NAME for port, signal in outputs[NAME].items() if signal is not None]
    refs += [
        name for name, ports in outputs.items() if name not in named and name != NAME and ports.get("") is not None
    ]
    if not refs:
        graph["reader"] = Reader(inputs=(Ref(NAME),))
        refs = ["reader"]
    return toy(graph, summary_model(refs), toy_records(6))


def _inferred(graph: Mapping[str, Modality]) -> dict[str, dict[str, Signal | None]]:
    """Outputs of each modality by port. Raises the errors of `infer`, and Failure if an input is not in the graph."""
    outputs: dict[str, dict[str, Signal | None]] = {}
    while len(outputs) < len(graph):
        ready = [
            name for name in graph if name not in outputs and all(ref.node in outputs for ref in graph[name].inputs)
        ]
        if not ready:
            lacks = next(
                ref.node
                for name in graph
                if name not in outputs
                for ref in graph[name].inputs
                if ref.node not in outputs
            )
            raise Failure(f"the example's data graph has no '{lacks}', which an input names")
        for name in ready:
            inferred: Any = graph[name].infer([outputs[ref.node].get(ref.port) for ref in graph[name].inputs])
            outputs[name] = dict(inferred) if isinstance(inferred, Mapping) else {"": inferred}
    return outputs


def _signals(made: Toy) -> dict[str, Signal]:
    """The example's outputs by Ref."""
    outputs = made.plan.modalities[NAME].outputs
    return {f"{NAME}.{port}" if port else NAME: signal for port, signal in outputs.items() if signal is not None}


def _text(made: Toy) -> str:
    return shown(made.plan.modalities[NAME].component)


def _same(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> bool:
    return set(first) == set(second) and all(
        a.dtype == second[n].dtype and np.array_equal(a, second[n], equal_nan=a.dtype.kind == "f")
        for n, a in first.items()
    )


_MODALITY = ("modality",)
_PREPARED = ("resolves", "has_examples", "prepares")
CHECKS = (
    Check(
        "prepares",
        _MODALITY,
        prepares,
        "In examples(), include every modality that `inputs` names; extract() and load() must accept the suite's short records.",
    ),
    Check(
        "inputs_kept",
        _MODALITY,
        inputs_kept,
        "Copy arrays before you change them (x = x * 2 instead of x *= 2); other modalities read the same arrays.",
        needs=_PREPARED,
    ),
    Check(
        "signal",
        _MODALITY,
        signal,
        "Correct infer(), extract(), or load(): float32 (N, …) with the Signal's shape; the first axis of stored arrays is the view.",
        needs=_PREPARED,
    ),
    Check(
        "repeatable",
        _MODALITY,
        repeatable,
        "Make no random choices in extract(); in load(), take them only from `draws`.",
        needs=_PREPARED,
    ),
    Check(
        "record_order",
        _MODALITY,
        record_order,
        "Process the rows of a batch independently: scale each by its own values.",
        needs=(*_PREPARED, "repeatable"),
    ),
    Check(
        "declared_channels",
        _MODALITY,
        declared_channels,
        "List in channels() every raw channel, `annotation`, and `record.<column>` that extract() reads.",
        needs=(*_PREPARED, "repeatable"),
    ),
    Check(
        "missing_channels",
        _MODALITY,
        missing_channels,
        "Raise NoResponse('unreadable', …) if record.channels lacks a required channel.",
        needs=_PREPARED,
    ),
)
