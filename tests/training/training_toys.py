"""Toy components and jobs: the shapes of training on records that are vectors, without media."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from fascore import Dataset, Encoder, Modality, Record, Ref, Sampler, Signal, Vector
from fascore.components.recipes import Optimizer, Schedule
from fascore.contract.component import validate
from fascore.contract.hooks import Hooks
from fascore.contract.kinds import ModalityModule, Recipe
from fascore.contract.random_streams import generator
from fascore.contract.registry import Index, index
from fascore.data.batch import Batch
from fascore.evaluation.table import ScoreTable
from fascore.model import ModelGraph
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check
from fascore.training.optim import ManagedOptimizer, make_optimizer
from fascore.training.scoring import Scores
from fascore.training.trainer import TrainingJob

WIDTH = 6
NAMES = ("ToyData", "ToyVector", "ToyMlp", "ToyTaskMlp", "ToyGenerator", "ToyOrder", "ToyAdversarial")


class ToyData(Dataset):
    """Records without media."""

    type: Literal["toy.data"] = "toy.data"

    def splits(self) -> tuple[str, ...]:
        return ("train", "dev")

    def records(self, split: str) -> Sequence[Record]:
        return records(24, split)


class ToyVector(Modality):
    """Six numbers a record."""

    type: Literal["toy.vector"] = "toy.vector"

    def infer(self, signals: Sequence[Signal | None]) -> Vector:
        return Vector(WIDTH)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        return ModalityModule()


class Mlp(nn.Module):
    def __init__(self, width: int, norm: bool, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, WIDTH), nn.BatchNorm1d(WIDTH) if norm else nn.Identity(), nn.Tanh(), nn.Dropout(dropout)
        )

    def forward(self, feature: Tensor) -> Tensor:
        return self.layers(feature)


class ToyMlp(Encoder):
    """Linear, batch norm, tanh, dropout."""

    type: Literal["toy.mlp"] = "toy.mlp"
    norm: bool = Field(True, description="batch norm")
    dropout: float = Field(0.1, description="share dropped")

    def infer(self, signals: Sequence[Signal]) -> Vector:
        return Vector(WIDTH)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        return Mlp(signals[0].d, self.norm, self.dropout)


class TaskMlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared, self.by_task = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * WIDTH)

    def forward(self, feature: Tensor, task: Tensor) -> Tensor:
        split = self.by_task(feature).unflatten(1, (2, WIDTH))
        return (self.shared(feature) + split[torch.arange(len(task)), task.clamp(min=0)]).tanh()


class ToyTaskMlp(Encoder):
    """Layers of its own for each task."""

    type: Literal["toy.task_mlp"] = "toy.task_mlp"
    context = ("task",)

    def infer(self, signals: Sequence[Signal]) -> Vector:
        return Vector(WIDTH)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        return TaskMlp()


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.Tanh())
        self.trace, self.content = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, face: Tensor) -> dict[str, Tensor]:
        hidden = self.body(face)
        return {"trace": self.trace(hidden), "content": self.content(hidden)}


class ToyGenerator(Encoder):
    """Splits a face into its trace and its content."""

    type: Literal["toy.generator"] = "toy.generator"

    def infer(self, signals: Sequence[Signal]) -> Mapping[str, Signal]:
        return {"trace": Vector(WIDTH), "content": Vector(WIDTH)}

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        return Generator()


class ToyOrder(Sampler):
    """Every record once, in an order of the epoch; labels interleaved."""

    type: Literal["toy.order"] = "toy.order"

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        order = [records[i].id for i in generator(seed, "toy.order", epoch).permutation(len(records))]
        return [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]


class ToyAdversarial(Recipe):
    """Physics-guided disentanglement in small: a generator node against two discriminators."""

    type: Literal["toy.adversarial"] = "toy.adversarial"
    generator: Ref = Field(Ref("gen"), description="the node that makes traces")
    optimizer: Optimizer = Field(default_factory=lambda: Optimizer(name="adam", lr=1e-2), description="of both sides")

    def build(self, graph: ModelGraph, steps_per_epoch: int) -> AdversarialTraining:
        return AdversarialTraining(self, graph, steps_per_epoch)


class AdversarialTraining:
    """A generator step with losses of heads, a critic step, and a generator step on re-synthesised faces with heads frozen."""

    def __init__(self, config: ToyAdversarial, graph: ModelGraph, steps: int) -> None:
        self.config = config
        critic = lambda: nn.Sequential(nn.Linear(WIDTH, 8), nn.BatchNorm1d(8), nn.LeakyReLU(), nn.Linear(8, 1))
        self.own = nn.ModuleDict({"large": critic(), "small": critic()})
        cosine = Schedule(name="cosine")
        self.parts = {
            "generator": make_optimizer(
                graph.parameters(), config.optimizer, cosine, epochs=config.epochs, steps_per_epoch=2 * steps
            ),
            "critic": make_optimizer(
                self.own.parameters(), config.optimizer, cosine, epochs=config.epochs, steps_per_epoch=steps, clip=1.0
            ),
        }

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self.parts

    def step(self, engine: Any, batch: Batch) -> Mapping[str, Tensor]:
        name = self.config.generator
        fakes: list[Tensor] = []

        def generate() -> Tensor:
            outputs = engine.graph(batch)
            fakes.append((batch.tensors["face"] - outputs.values[f"{name}.trace"]).detach())
            with engine.frozen(self.own):
                fooled = sum(
                    critic(batch.tensors["face"] - outputs.values[f"{name}.trace"]).float().square().mean()
                    for critic in self.own.values()
                )
            return sum(engine.losses(outputs, batch).values()) + fooled

        def criticise() -> Tensor:
            real = batch.tensors["face"]
            return sum(
                (critic(real).float() - 1).square().mean() + (critic(fakes[0]).float() + 1).square().mean()
                for critic in self.own.values()
            )

        def again() -> Tensor:
            attacks = sorted(range(len(batch)), key=lambda i: int(batch.columns["label"][i]))[:2]
            noise = engine.rand("strength", [batch.ids[i] for i in attacks], (1,))
            part = batch.take(attacks)
            outputs = engine.graph(part.replace(face=fakes[0][attacks] * noise), nodes=["gen"])
            return outputs.values[f"{name}.trace"].float().square().mean()

        losses = {"generator": engine.optimize("generator", generate), "critic": engine.optimize("critic", criticise)}
        return {**losses, "again": engine.optimize("generator", again)}


def records(count: int, split: str = "train") -> list[Record]:
    """Half bona fide, tasks in turn; every third record lacks the modality `pulse`."""
    return [
        Record(
            f"{split}{i:02d}",
            i % 2,
            {},
            "toy",
            "forgery" if i % 4 > 1 else "spoof",
            None if i % 2 else "print.flat",
            f"s{i // 4}",
        )
        for i in range(count)
    ]


def batch_of(rows: Sequence[Record], modalities: Sequence[str] = ("face", "pulse")) -> Batch:
    """The tensors of records, a function of their ids: bona fide records lie to one side, with noise."""
    tensors = {
        m: torch.stack([torch.from_numpy(generator(0, m, r.id).normal(0.6 * r.label, 1, WIDTH)).float() for r in rows])
        for m in modalities
    }
    present = {m: torch.tensor([m != "pulse" or int(r.id[-2:]) % 3 > 0 for r in rows]) for m in modalities}
    tensors = {m: tensor * present[m][:, None] for m, tensor in tensors.items()}
    names = ("id", "label", "task", "species", "subject", "dataset")
    return Batch(
        tuple(r.id for r in rows), tensors, present, {name: tuple(r.column(name) for r in rows) for name in names}
    )


def toy_index() -> Index:
    """What is installed, and the toys."""
    names = [f"{__name__}:{name}" for name in NAMES]
    return index().including(*names, "two_step_recipes:ToySam", "two_step_recipes:ToyCritic")


HEAD = {"type": "binary"}
MLP = {"type": "toy.mlp"}
SGD = {"type": "supervised", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}, "epochs": 2}
SHAPES: dict[str, dict[str, Any]] = {
    "classification": {
        "model": {
            "encoders": {"a": {**MLP, "inputs": ["face"]}, "b": {**MLP, "inputs": ["face"]}},
            "fusions": {"all": {"type": "concat", "inputs": ["a", "b"]}},
            "heads": {"main": {**HEAD, "inputs": ["all"]}, "aux": {**HEAD, "inputs": ["a"], "weight": 0.5}},
            "score": "main",
        },
        "recipe": {**SGD, "schedule": {"name": "cosine", "warmup_steps": 2}, "clip": 1.0, "ema": 0.9},
    },
    "alignment": {
        "model": {
            "encoders": {"a": {**MLP, "inputs": ["face"]}},
            "heads": {"main": {**HEAD, "inputs": ["a"]}},
            "objectives": {
                "centre": {"type": "center", "inputs": ["a"], "weight": 0.1},
                "pull": {"type": "supervised_contrastive", "inputs": ["a"]},
            },
        },
        "recipe": {**SGD, "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.1}},
    },
    "sharpness": {
        "model": {
            "encoders": {"a": {**MLP, "dropout": 0.0, "inputs": ["face"]}},
            "heads": {"main": {**HEAD, "inputs": ["a"]}},
            "objectives": {"center": {"type": "center", "inputs": ["a"], "weight": 0.1}},
        },
        "recipe": {"type": "toy.sam", "optimizer": SGD["optimizer"], "epochs": 2},
    },
    "task_split": {
        "model": {
            "encoders": {"a": {"type": "toy.task_mlp", "inputs": ["face"]}},
            "heads": {
                "spoof": {**HEAD, "inputs": ["a"], "where": {"task": "spoof"}},
                "forgery": {**HEAD, "inputs": ["a"], "where": {"task": "forgery"}},
            },
            "score": {"by_task": {"spoof": "spoof", "forgery": "forgery"}},
        },
        "recipe": SGD,
    },
    "two_branches": {
        "modalities": {"face": {"type": "toy.vector"}, "pulse": {"type": "toy.vector", "optional": True}},
        "model": {
            "encoders": {"a": {**MLP, "inputs": ["face"]}, "b": {**MLP, "norm": False, "inputs": ["pulse"]}},
            "fusions": {"all": {"type": "mean", "inputs": ["a", "b"]}},
            "heads": {"main": {**HEAD, "inputs": ["all"]}, "second": {**HEAD, "inputs": ["b"], "weight": 0.3}},
            "score": {"sum": ["main", "second"]},
        },
        "recipe": {**SGD, "optimizer": {"name": "rmsprop", "lr": 0.003}},
    },
    "adversarial": {
        "model": {
            "encoders": {"gen": {"type": "toy.generator", "inputs": ["face"]}},
            "heads": {
                "trace": {**HEAD, "inputs": ["gen.trace"]},
                "content": {**HEAD, "inputs": ["gen.content"], "weight": 0.1},
            },
            "score": "trace",
        },
        "recipe": {"type": "toy.adversarial", "epochs": 2},
    },
}


def spec_of(shape: str, **changes: Any) -> RunSpec:
    """The spec of a shape; `changes` replace top-level fields, or update the recipe."""
    base = SHAPES[shape]
    document: dict[str, Any] = {
        "name": shape,
        "seed": 3,
        "data": {"train": [{"dataset": "toy.data", "split": "train"}]},
        "modalities": {"face": {"type": "toy.vector"}},
        "sampler": {"type": "toy.order", "batch_size": 6},
        "metrics": ["auc"],
        **base,
    }
    recipe = {**document["recipe"], **changes.pop("recipe", {})}
    return validate(RunSpec, {**document, **changes, "recipe": recipe})


def job_of(spec: RunSpec, folder: Path, *, count: int = 24, hooks: Hooks | None = None, **changes: Any) -> TrainingJob:
    """A job whose batches are made from ids in memory."""
    train, dev = records(count), records(15, "dev")
    by_id = {record.id: record for record in (*train, *dev)}
    plan = check(spec)
    modalities = tuple(plan.modalities)

    def batches(epoch: int, ids: Sequence[Sequence[str]]) -> Iterator[Batch]:
        return (batch_of([by_id[i] for i in some], modalities) for some in ids)

    def dev_batches(ids: Sequence[str]) -> Iterator[Batch]:
        return (batch_of([by_id[i] for i in ids[k : k + 4]], modalities) for k in range(0, len(ids), 4))

    def table(scores: Scores) -> ScoreTable:
        values = [sum(v for v in row if v == v) for row in zip(*scores.heads.values())]
        return ScoreTable.from_columns(
            {"id": scores.ids, "label": [by_id[i].label for i in scores.ids], "score": values}
        )

    facts: dict[str, Any] = {
        "spec": spec,
        "graph": ModelGraph.build(plan, spec.seed),
        "folder": folder,
        "records": train,
        "train_batches": batches,
        "dev": [r.id for r in dev],
        "dev_batches": dev_batches,
        "dev_table": table,
        "hooks": hooks or Hooks(),
        "device": torch.device("cpu"),
        "save_seconds": None,
    }
    return TrainingJob(**{**facts, **changes})
