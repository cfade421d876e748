"""Trains both recipes for a few steps on one or two processes, and gives all that was learnt.

Usage, under torchrun: physttd_shared.py FOLDER. Also used with one process, by `steps`. Batch norm and dropout act as in evaluation and no
traces are mixed with the next attack's, so that two processes compute what one does.
"""

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from fas_physttd.physttd.recipes import EXAMPLE
from fas_physttd.polysemantic.recipes import toy_graph
from safetensors.torch import save_file
from torch import Tensor, nn

from fascore.data.loading import Loader
from fascore.model import ModelGraph
from fascore.testing import toy_records
from fascore.testing.graphs import toy
from fascore.training import distributed
from fascore.training.engine import Engine

SGD = {"name": "sgd", "lr": 0.01, "momentum": 0.9}
RECIPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "three_steps": (
        EXAMPLE,
        {"type": "physttd.three_steps", "discriminator_width": 0.06, "optimizer": SGD, "discriminator": SGD},
    ),
    "polysemantic": (
        toy_graph(("rgb", "depth")),
        {"type": "physttd.polysemantic", "scales": [32, 16], "discriminator_width": 0.1, "optimizer": SGD, "mixing": 0},
    ),
}
COUNT = 3


def learnt(engine: Engine) -> dict[str, Tensor]:
    """Parameters of graph and discriminators, and states of the optimisers."""
    found = {
        f"{part}.{name}": value.detach().clone()
        for part in ("model", "own")
        for name, value in getattr(engine, part).named_parameters()
    }
    for name, part in engine.optimizers.items():
        found |= {f"{name}.{key}": value.clone() for key, value in part.state()[0].items()}
    return found


def steps(name: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What was learnt in three steps, and what it began from."""
    graph, recipe = deepcopy(RECIPES[name])
    made = toy(graph["modalities"], graph["model"], toy_records(8), recipe=recipe)
    network = ModelGraph.build(made.plan, 3)
    torch.manual_seed(3)
    training: Any = made.plan.spec.recipe.build(network, COUNT)
    engine = Engine(network, training, device=torch.device("cpu"), precision="fp32", seed=3)
    engine.train()
    for part in (*engine.model.modules(), *engine.own.modules()):
        if isinstance(part, nn.BatchNorm2d | nn.Dropout):
            part.eval()
    began = learnt(engine)
    by_class: dict[int, list[str]] = {}
    for record in made.prepared.records:
        by_class.setdefault(record.label, []).append(record.id)
    ids = [*by_class[1][:4], *by_class[0][:4]]
    mine = ids[distributed.rank() :: distributed.world()]
    loader = Loader(made.plan, made.prepared, made.store, seed=3)
    for step in range(COUNT):
        (batch,) = loader.training_batches(step, [mine])
        engine.begin(0, step)
        training.step(engine, batch)
        engine.finish()
    return learnt(engine), began


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    distributed.start(torch.device("cpu"))
    for name in RECIPES:
        save_file(steps(name)[0], folder / f"{name}.{distributed.rank()}.safetensors")
    distributed.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
