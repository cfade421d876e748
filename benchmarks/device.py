"""A check for machines with a GPU: rendered frames, batches, scores, and training match those of the CPU; and their
speed.

    python benchmarks/device.py [--device cuda] [--records 64] [--model resnet18] [--size 128]

Compares frames of every phantom species rendered on the device with frames rendered on the CPU, then augmented training
batches and float32 scores of rendered clips. Finally trains ten steps in float32 and in bfloat16. The exit status is 1
if there is a mismatch. Speeds are shown for the device and the CPU of this machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fas_phantom.components import Phantom
from fas_phantom.render import Scene
from fas_phantom.sources import CHANNELS

from fascore import validate
from fascore.data.batch import Batch
from fascore.data.loading import Loader
from fascore.data.prepare import prepare
from fascore.data.store import Store
from fascore.model import ModelGraph
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check
from fascore.training.engine import Engine
from fascore.training.trainer import pick_precision

AUGMENT = {
    "flip": 0.5,
    "rotation": 10,
    "scale": 0.1,
    "brightness": 0.2,
    "contrast": 0.2,
    "hue": 0.05,
    "blur": 1.0,
    "compression": 40,
    "cutout": 0.3,
}


def spec_of(model: str, size: int, subjects: int) -> RunSpec:
    """A spec with RGB and depth of the phantom, and two encoders of the same model."""
    data = [{"dataset": {"type": "phantom", "subjects": subjects, "frames": 8, "size": size}, "split": "all"}]
    return validate(
        RunSpec,
        {
            "name": "device",
            "data": {"train": data},
            "modalities": {
                "faces": {"type": "faces", "detector": "boxes"},
                "face": {"type": "face_frames", "inputs": ["faces"], "size": size, "views": 2},
                "depth": {"type": "depth_map", "inputs": ["face"], "optional": True},
            },
            "augment": AUGMENT,
            "model": {
                "encoders": {
                    "app": {"type": "timm", "name": model, "inputs": ["face"]},
                    "shape": {"type": "timm", "name": model, "inputs": ["depth"]},
                },
                "fusions": {"all": {"type": "gated", "inputs": ["app", "shape"]}},
                "heads": {"main": {"type": "binary", "inputs": ["all"]}},
            },
            "recipe": {"type": "supervised", "optimizer": {"name": "sgd", "lr": 0.01}, "epochs": 1},
        },
    )


def timed(work: Callable[[], Any], device: torch.device) -> tuple[Any, float]:
    """The result of the second call of `work`, and the seconds of that call."""
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return result, time.perf_counter() - start


def trained(graph: ModelGraph, spec: RunSpec, batch: Batch, device: torch.device, precision: str) -> list[float]:
    """Losses of ten steps on one batch."""
    training = spec.recipe.build(graph.to(device), 10)
    engine = Engine(graph, training, device=device, precision=precision, seed=0, ema=None)
    losses = []
    engine.train()
    for step in range(10):
        engine.begin(0, step, 1.0)
        losses.append(sum(value.item() for value in training.step(engine, batch).values()))
        engine.finish()
    return losses


def rendered(device: torch.device, size: int) -> tuple[float, dict[str, float]]:
    """The lowest share, over clips and channels, of pixels at most one step off the CPU's, and frames per second by
    device.

    Frames are compared before the codec, which runs on the CPU and turns a difference in the last bit into different
    blocks.
    """
    clips = [
        record.channels["rgb"].clip for record in Phantom(subjects=3, frames=8, size=size, species="all").records("dev")
    ]
    places = ("cpu", "torch:cpu" if device.type == "cpu" else str(device))
    frames: dict[str, list[np.ndarray]] = {place: [] for place in places}
    speed: dict[str, float] = {}
    for place in places:
        seconds = 0.0
        for clip in clips:
            scene = Scene(clip, device=place)
            scene.rgb(0)
            start = time.perf_counter()
            for channel in CHANNELS:
                frames[place] += [getattr(scene, channel)(index).astype(int) for index in range(clip.frames)]
            seconds += time.perf_counter() - start
        speed[place] = len(frames[place]) / len(CHANNELS) / seconds
    left, right = (frames[place] for place in places)
    return min(float(np.mean(np.abs(a - b) <= 1)) for a, b in zip(left, right, strict=True)), speed


def main() -> int:
    """Compare and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--records", type=int, default=64)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--size", type=int, default=128)
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    device, cpu = torch.device(options.device), torch.device("cpu")
    spec = spec_of(options.model, options.size, max(3, options.records // 8))
    plan = check(spec)
    records = list(spec.data.train[0].dataset.records("all"))[: options.records]
    ids, wrong = [record.id for record in records], []

    def compare(what: str, difference: float, limit: float) -> None:
        print(f"{what}: largest difference {difference:.2e}, limit {limit:.0e}")
        if not difference <= limit:
            wrong.append(what)

    share, speed = rendered(device, options.size)
    compare("share of rendered pixels more than a step off", 1 - share, 0.01)
    print(", ".join(f"{name}: {rate:.0f} rendered frames/s in all channels" for name, rate in speed.items()))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        prepared = prepare(plan, records, store)
        batches, scores = {}, {}
        for place in (cpu, device):
            loader = Loader(plan, prepared, store, device=place, workers=2)
            (batch,), loading = timed(lambda loader=loader: list(loader.training_batches(0, [ids])), place)
            graph = ModelGraph.build(plan, 0).to(place).eval()
            with torch.no_grad():
                scores[place], forward = timed(
                    lambda graph=graph, batch=batch: graph.scores(graph(batch), batch)["main"].cpu(), place
                )
            batches[place] = batch
            print(f"{place}: {len(ids) / loading:.0f} augmented records/s, {len(ids) / forward:.0f} scored records/s")
        for name, tensor in batches[cpu].tensors.items():
            # JPEG's rounding turns a last-bit difference into one quantizer step at a few pixels: compare the bulk.
            difference = (tensor - batches[device].tensors[name].cpu()).abs().flatten().float().sort().values
            compare(
                f"batch '{name}', 99.9 % of its values", float(difference[int(0.999 * (len(difference) - 1))]), 1e-3
            )
        compare("float32 scores", float((scores[cpu] - scores[device]).abs().max()), 1e-3)
        reference = trained(ModelGraph.build(plan, 0), spec, batches[cpu], cpu, "fp32")
        for precision, limit in {pick_precision("auto", device): 1e-1, "fp32": 1e-2}.items():
            losses = trained(ModelGraph.build(plan, 0), spec, batches[cpu].to(device), device, precision)
            print(
                f"{device} {precision}: loss {losses[0]:.4f} -> {losses[-1]:.4f} in ten steps; cpu fp32 {reference[0]:.4f} -> {reference[-1]:.4f}"
            )
            compare(f"losses in {precision}", max(abs(a - b) for a, b in zip(losses, reference, strict=True)), limit)
    print("disagrees: " + ", ".join(wrong) if wrong else "agrees")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
