"""Overhead of the engine: a step through graph, recipe, and engine, relative to a bare torch loop on the same network,
interleaved.

The limit is 1.15 times the bare loop, for resnet18 on 16 images of 64 pixels, on one thread.
"""

import statistics

import timm
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from timing import processor

from fascore import validate
from fascore.data.batch import Batch
from fascore.model import ModelGraph
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check
from fascore.training.engine import Engine

LIMIT, ROUNDS = 1.15, 12
SPEC = {
    "name": "engine",
    "data": {"train": [{"dataset": "phantom", "split": "train"}]},
    "modalities": {"faces": "faces", "face": {"type": "face_frames", "inputs": ["faces"], "size": 64}},
    "model": {
        "encoders": {"app": {"type": "timm", "name": "resnet18", "inputs": ["face"]}},
        "heads": {"main": {"type": "binary", "inputs": ["app"]}},
    },
    "recipe": {"type": "supervised", "optimizer": {"name": "sgd", "lr": 0.01}, "epochs": 1},
}


def test_a_step_over_the_bare_loop(benchmark: BenchmarkFixture) -> None:
    torch.set_num_threads(1)
    spec = validate(RunSpec, SPEC)
    images, labels = torch.rand(16, 3, 64, 64), torch.arange(16) % 2
    ids = tuple(map(str, range(16)))
    batch = Batch(
        ids,
        {"face": images},
        {"face": torch.ones(16, dtype=torch.bool)},
        {"label": tuple(labels.tolist()), "task": ("spoof",) * 16},
    )
    graph = ModelGraph.build(check(spec), 0)
    training = spec.recipe.build(graph, 10)
    engine = Engine(graph, training, device=torch.device("cpu"), precision="fp32", seed=0)
    engine.train()

    def ours() -> None:
        engine.begin(0, 0, 1.0)
        training.step(engine, batch)
        engine.finish()

    bare = torch.nn.Sequential(timm.create_model("resnet18", num_classes=0), torch.nn.Linear(512, 1)).train()
    optimizer, loss = torch.optim.SGD(bare.parameters(), lr=0.01), torch.nn.BCEWithLogitsLoss()
    mean, deviation = (
        torch.tensor([0.485, 0.456, 0.406])[:, None, None],
        torch.tensor([0.229, 0.224, 0.225])[:, None, None],
    )

    def peer() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(bare((images - mean) / deviation)[:, 0], labels.float()).backward()
        optimizer.step()

    peer()
    ratios = []
    benchmark.pedantic(ours, rounds=1, warmup_rounds=1)
    for _ in range(ROUNDS):
        ratios.append(processor(ours) / processor(peer))
    ratio = statistics.median(ratios)
    benchmark.extra_info |= {"over_bare": round(ratio, 3), "limit": LIMIT}
    print(f"engine over bare torch: {ratio:.3f} (limit {LIMIT})")
    assert ratio <= LIMIT
