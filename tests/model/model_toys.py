"""Toys for tests of the model graph: modalities of any signal, nodes with ports and context, batches without media."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import nn

from fascore import Dataset, Encoder, Fusion, Image, Modality, Objective, Plane, RunSpec, Vector, validate
from fascore.contract.kinds import ModalityModule
from fascore.contract.registry import Index, index
from fascore.data.batch import Batch
from fascore.spec.plan import Plan, check


class ToyData(Dataset):
    type: Literal["toy.data"] = "toy.data"

    def splits(self):
        return ("train",)

    def records(self, split):
        return []


class ToyModality(Modality):
    type: Literal["toy.modality"] = "toy.modality"
    shape: tuple[int, ...] = Field((6,), description="of one record: a vector, or an image")
    plane: bool = Field(False, description="a Plane, no Image")
    views: int = Field(1, description="views")

    def infer(self, signals):
        return Vector(*self.shape) if len(self.shape) == 1 else (Plane if self.plane else Image)(*self.shape)

    def count(self, views):
        return self.views

    def build(self, signals):
        return ModalityModule()


class ToyLinear(Encoder):
    """Linear and, where asked, batch norm."""

    type: Literal["toy.linear"] = "toy.linear"
    width: int = Field(4, description="width")
    norm: bool = Field(False, description="batch norm behind it")

    def infer(self, signals):
        return Vector(self.width)

    def build(self, signals):
        return nn.Sequential(
            nn.Linear(signals[0].d, self.width), nn.BatchNorm1d(self.width) if self.norm else nn.Identity()
        )


class ToyPorts(Encoder):
    type: Literal["toy.ports"] = "toy.ports"

    def infer(self, signals):
        return {"low": Vector(2), "high": Vector(signals[0].d - 2)}

    def build(self, signals):
        return _Ports()


class _Ports(nn.Module):
    def forward(self, x):
        return {"low": x[:, :2], "high": x[:, 2:]}


class ToyContext(Encoder):
    """Remembers the context that it was given."""

    type: Literal["toy.context"] = "toy.context"
    context: ClassVar[tuple[str, ...]] = ("task", "label")

    def infer(self, signals):
        return Vector(1)

    def build(self, signals):
        return _Context()


class _Context(nn.Module):
    def forward(self, x, *, task, label):
        self.seen = (task, label)
        return task[:, None].float()


class ToyStreams(Fusion):
    """One output for each input: each plus the sum of all."""

    type: Literal["toy.streams"] = "toy.streams"

    def infer(self, signals):
        return {str(i): signal for i, signal in enumerate(signals)}

    def build(self, signals):
        return _Streams()


class _Streams(nn.Module):
    def forward(self, *features):
        return {str(i): feature + sum(features) for i, feature in enumerate(features)}


class ToyMasked(Objective):
    """Its loss is how many inputs a row has; remembers what it was given."""

    type: Literal["toy.masked"] = "toy.masked"
    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    def check(self, signals, target):
        pass

    def build(self, signals, target):
        return _Masked()


class _Masked(nn.Module):
    def forward(self, *features, target, mask):
        self.seen = (features, target, mask)
        return mask.sum(1).float()


NAMES = ("ToyData", "ToyModality", "ToyLinear", "ToyPorts", "ToyContext", "ToyStreams", "ToyMasked")


def toy_index() -> Index:
    return index().including(*(f"{__name__}:{name}" for name in NAMES))


LINEAR = {"type": "toy.linear"}
BINARY = {"type": "binary"}


def plan_of(modalities: dict, **model: object) -> Plan:
    """The checked plan of a model; a modality is given as its shape or as fields."""
    nodes = {
        name: {"type": "toy.modality", **(fields if isinstance(fields, dict) else {"shape": fields})}
        for name, fields in modalities.items()
    }
    data = {"train": [{"dataset": "toy.data", "split": "train"}]}
    document = {"name": "toy", "data": data, "modalities": nodes, "model": model, "metrics": ["auc"]}
    return check(validate(RunSpec, document))


def batch_of(
    plan: Plan, rows: int = 6, *, seed: int = 0, absent: dict[str, Sequence[int]] | None = None, **columns: Sequence
) -> Batch:
    """Random records; `absent` lists the records that lack a modality, whose rows hold zeros."""
    generator = torch.Generator().manual_seed(seed)
    tensors, present = {}, {}
    for name, node in plan.modalities.items():
        there = torch.ones(rows, dtype=torch.bool)
        there[list((absent or {}).get(name, ()))] = False
        drawn = torch.rand(rows * plan.views, *node.outputs[""].shape, generator=generator)
        if node.views == 1:
            drawn = drawn[:: plan.views].repeat_interleave(plan.views, 0)
        tensors[name] = drawn * there.repeat_interleave(plan.views).view(-1, *[1] * (drawn.ndim - 1))
        present[name] = there
    known = {
        "label": tuple(i % 2 for i in range(rows)),
        "task": tuple("spoof" if i % 4 < 2 else "forgery" for i in range(rows)),
    }
    return Batch(
        tuple(f"r{i}" for i in range(rows)),
        tensors,
        present,
        {**known, **{k: tuple(v) for k, v in columns.items()}},
        plan.views,
    )
