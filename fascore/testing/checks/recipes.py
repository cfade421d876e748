"""Checks of recipes: each trains a toy graph on drawn records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fascore.contract.errors import FascoreError
from fascore.model import ModelGraph
from fascore.testing.case import Case, Check, Failure, author_code, shown
from fascore.testing.graphs import Toy, summary_model, toy
from fascore.training.engine import Engine

STEPS = 2
FACE = {
    "faces": {"type": "faces", "detector": "boxes"},
    "face": {"type": "face_frames", "inputs": ["faces"], "size": 16},
}


def builds(case: Case) -> None:
    """It accepts a toy graph, and `build` returns a training with `own` and `optimizers()`."""
    for recipe, *rest in case.examples():
        try:
            made = _toy(recipe, *rest)
        except FascoreError as error:
            raise Failure(f"{shown(recipe)}: it rejects the toy graph: {error}") from error
        with author_code(f"{shown(recipe)}: build()", case.module):
            training = recipe.build(_graph(made), STEPS)
        if not isinstance(getattr(training, "own", None), nn.ModuleDict):
            raise Failure(
                f"{shown(recipe)}: the training has no `own`, a torch.nn.ModuleDict (empty if it has no modules)"
            )
        with author_code(f"{shown(recipe)}: optimizers()", case.module):
            training.optimizers()


def trains(case: Case) -> None:
    """A few steps give finite float32 losses, change some weights, and keep all weights finite."""
    for recipe, made in _toys(case):
        with author_code(f"{shown(recipe)}: step()", case.module):
            engine, losses = _train(recipe, made)
        if not losses or not losses[0]:
            raise Failure(f"{shown(recipe)}: step() returns no losses")
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
    """Two trainings with the same seed give identical bits."""
    for recipe, made in _toys(case):
        first, second = (_train(recipe, made)[0] for _ in range(2))
        for owner in ("model", "own"):
            weights, again = (getattr(engine, owner).state_dict() for engine in (first, second))
            if bad := [name for name, tensor in weights.items() if not torch.equal(tensor, again[name])]:
                raise Failure(
                    f"{shown(recipe)}: '{bad[0]}' of {owner} differs between two trainings with the same seed"
                )


def optimizes(case: Case) -> None:
    """Every trainable parameter of the graph and of `own` belongs to exactly one optimizer."""
    for recipe, made in _toys(case):
        graph = _graph(made)
        training = recipe.build(graph, STEPS)
        owners: dict[int, list[str]] = {}
        for name, optimizer in training.optimizers().items():
            for parameter in optimizer.parameters:
                owners.setdefault(id(parameter), []).append(name)
        for name, parameter in [*graph.named_parameters(), *training.own.named_parameters()]:
            names = owners.get(id(parameter), [])
            if parameter.requires_grad and len(names) != 1:
                raise Failure(f"{shown(recipe)}: '{name}' belongs to {' and '.join(names) or 'no optimizer'}")


def _toys(case: Case) -> list[tuple[Any, Toy]]:
    return [(recipe, _toy(recipe, *rest)) for recipe, *rest in case.examples()]


def _toy(recipe: Any, graph: Mapping[str, Any] | None = None) -> Toy:
    graph = graph or {"modalities": FACE, "model": summary_model(["face"])}
    return toy(graph["modalities"], graph["model"], recipe=recipe)


def _graph(made: Toy) -> ModelGraph:
    return ModelGraph.build(made.plan, made.plan.spec.seed)


def _train(recipe: Any, made: Toy) -> tuple[Engine, list[Mapping[str, Tensor]]]:
    """Train as in a run, but without a run folder."""
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
        "builds",
        _RECIPE,
        builds,
        "In examples(), return (recipe, {modalities, model}) if the recipe needs its own graph.",
    ),
    Check(
        "trains",
        _RECIPE,
        trains,
        "Call engine.graph, engine.losses, and engine.optimize in step(), and return the losses as float32 scalars.",
        needs=("resolves", "has_examples", "builds"),
    ),
    Check(
        "repeatable",
        _RECIPE,
        repeatable,
        "Draw random numbers with engine.rand or with torch, which the engine seeds before each step.",
        needs=("resolves", "has_examples", "builds", "trains"),
    ),
    Check(
        "optimizes",
        _RECIPE,
        optimizes,
        "Assign each parameter to one optimizer, or set requires_grad_(False) on parameters that are not trained.",
        needs=("resolves", "has_examples", "builds"),
    ),
)
