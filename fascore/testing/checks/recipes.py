"""Checks of recipes: they train a toy graph on drawn records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from fascore.contract.errors import FascoreError
from fascore.model import ModelGraph
from fascore.testing.case import Case, Check, Failure, shown
from fascore.testing.graphs import Toy, summary_model, toy
from fascore.training.engine import Engine

STEPS = 2
FACE = {
    "faces": {"type": "faces", "detector": "boxes"},
    "face": {"type": "face_frames", "inputs": ["faces"], "size": 16},
}


def trains(case: Case) -> None:
    """A few steps give finite float32 losses, change some weights, and leave all of them finite."""
    for recipe, made in _toys(case):
        engine, losses = _train(recipe, made)
        if not losses or not losses[0]:
            raise Failure(f"{shown(recipe)}: step() gives no losses")
        for step in losses:
            for name, loss in step.items():
                if loss.shape != () or loss.dtype != torch.float32 or not bool(torch.isfinite(loss)):
                    raise Failure(
                        f"{shown(recipe)}: loss '{name}' is {loss.dtype} {tuple(loss.shape)} = {loss.tolist()}"
                    )
        after, before = engine.model.state_dict(), _graph(made).state_dict()
        if bad := [name for name, tensor in after.items() if not bool(torch.isfinite(tensor).all())]:
            raise Failure(f"{shown(recipe)}: '{bad[0]}' is not finite after {STEPS} steps")
        if all(torch.equal(tensor, before[name]) for name, tensor in after.items()):
            raise Failure(f"{shown(recipe)}: no weight has changed")


def repeatable(case: Case) -> None:
    """Two trainings from one seed end in the same bits."""
    for recipe, made in _toys(case):
        first, second = (_train(recipe, made)[0] for _ in range(2))
        for part in ("model", "own"):
            one, two = (getattr(engine, part).state_dict() for engine in (first, second))
            if bad := [name for name, tensor in one.items() if not torch.equal(tensor, two[name])]:
                raise Failure(f"{shown(recipe)}: '{bad[0]}' of {part} differs between two trainings from one seed")


def optimizes(case: Case) -> None:
    """Every trainable parameter of the graph and of `own` belongs to exactly one optimiser."""
    for recipe, made in _toys(case):
        graph = _graph(made)
        training = recipe.build(graph, STEPS)
        owners: dict[int, list[str]] = {}
        for name, part in training.optimizers().items():
            for parameter in part.parameters:
                owners.setdefault(id(parameter), []).append(name)
        for name, parameter in [*graph.named_parameters(), *training.own.named_parameters()]:
            who = owners.get(id(parameter), [])
            if parameter.requires_grad and len(who) != 1:
                raise Failure(f"{shown(recipe)}: '{name}' belongs to {' and '.join(who) if who else 'no optimiser'}")


def _toys(case: Case) -> list[tuple[Any, Toy]]:
    found = []
    for recipe, *rest in case.examples():
        graph: Mapping[str, Any] = rest[0] if rest else {"modalities": FACE, "model": summary_model(["face"])}
        try:
            found.append((recipe, toy(graph["modalities"], graph["model"], recipe=recipe)))
        except FascoreError as error:
            raise Failure(f"{shown(recipe)}: the toy graph is refused: {error}") from error
    return found


def _graph(made: Toy) -> ModelGraph:
    return ModelGraph.build(made.plan, made.plan.spec.seed)


def _train(recipe: Any, made: Toy) -> tuple[Engine, list[Mapping[str, Tensor]]]:
    """As a run does it, without its folder."""
    graph = _graph(made)
    torch.manual_seed(made.plan.spec.seed)
    training = recipe.build(graph, STEPS)
    engine = Engine(
        graph, training, device=torch.device("cpu"), precision="fp32", seed=made.plan.spec.seed, ema=recipe.ema
    )
    engine.train()
    losses = []
    for step, batch in enumerate(made.training(len(made.records) // STEPS)):
        engine.begin(0, step)
        losses.append(training.step(engine, batch))
        engine.finish()
    engine.flush()
    return engine, losses


_RECIPE = ("recipe",)
CHECKS = (
    Check(
        "trains",
        _RECIPE,
        trains,
        "Call engine.graph, engine.losses and engine.optimize in step(), and return the losses as float32 scalars.",
    ),
    Check(
        "repeatable",
        _RECIPE,
        repeatable,
        "Draw with engine.rand, or from torch, which the engine seeds before each step.",
    ),
    Check(
        "optimizes",
        _RECIPE,
        optimizes,
        "Give each parameter to one optimiser, or set requires_grad_(False) on what is not trained.",
    ),
)
