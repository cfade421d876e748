"""Scoring: an evaluation pass that scores every record exactly once, with any number of processes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from fascore.contract.errors import FascoreError
from fascore.training import distributed

if TYPE_CHECKING:
    from fascore.data.batch import Batch
    from fascore.model import ModelGraph


@dataclass(frozen=True)
class Scores:
    """Scores of R records: `heads` maps a head or `<head>.<name>` to R numbers in `ids` order, NaN without input."""

    ids: tuple[str, ...]
    heads: Mapping[str, tuple[float, ...]]

    def by_record(self) -> dict[str, dict[str, float]]:
        """The numbers of each record, by its id."""
        return {
            identity: {head: values[position] for head, values in self.heads.items()}
            for position, identity in enumerate(self.ids)
        }


def score(
    model: ModelGraph,
    ids: Sequence[str],
    batches: Callable[[Sequence[str]], Iterable[Batch]],
    *,
    precision: str = "fp32",
    alone: bool = False,
) -> Scores:
    """Score records with the model in evaluation mode; every process gets all scores.

    `ids` must be the same on every process; `batches` returns the evaluation batches of some of them, in any order.
    With `alone`, this process scores all records, and no other takes part. Raises FascoreError if a record is missing,
    duplicated, or foreign, or if a score is infinite.
    """
    mine = list(ids) if alone else list(ids)[distributed.rank() :: distributed.world()]
    was_training = model.training
    model.eval()
    try:
        rows = _rows(model, batches(mine) if mine else (), bf16=precision == "bf16")
    finally:
        model.train(was_training)
    all_rows = rows if alone else [row for of_process in distributed.gather_json(rows) for row in of_process]
    _every_record_once([identity for identity, _ in all_rows], ids)
    by_id = dict(all_rows)
    heads = dict.fromkeys(head for identity in ids for head in by_id[identity])
    return Scores(tuple(ids), {head: tuple(_number(by_id[identity].get(head)) for identity in ids) for head in heads})


@torch.no_grad()
def _rows(model: ModelGraph, batches: Iterable[Batch], *, bf16: bool) -> list[tuple[str, dict[str, float | None]]]:
    """Scores by record in JSON form: None if there is no score."""
    rows: list[tuple[str, dict[str, float | None]]] = []
    for batch in batches:
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=bf16):
            outputs = model(batch)
        scores = {head: values.tolist() for head, values in model.scores(outputs, batch).items()}
        for position, identity in enumerate(batch.ids):
            rows.append(
                (identity, {head: _finite(values[position], head, identity) for head, values in scores.items()})
            )
    return rows


def _finite(value: float, head: str, identity: str) -> float | None:
    if math.isinf(value):
        raise FascoreError(
            f"head '{head}' produces an infinite score for record '{identity}'; its weights or its input are invalid"
        )
    return None if math.isnan(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _every_record_once(scored: Sequence[str], ids: Sequence[str]) -> None:
    if sorted(scored) == sorted(ids):
        return
    missing, extra = sorted(set(ids) - set(scored)), sorted(set(scored) - set(ids))
    duplicated = sorted(identity for identity, count in Counter(scored).items() if count > 1)
    listed = ", ".join(
        f"{len(affected)} {word} {affected[:3]}"
        for word, affected in (("missing", missing), ("duplicated", duplicated), ("foreign", extra))
    )
    raise FascoreError(f"evaluation must see every record once: {listed}; the loader or the list of records is wrong")
