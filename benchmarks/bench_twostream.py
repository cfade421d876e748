"""Latency of the two-stream model with its preprocessing, compared with timm's bare MobileNetV3-Small on the same
frames.

    python benchmarks/bench_twostream.py [--threads 1 2] [--k 4] [--side 224] [--rounds 20]
    python -m pytest benchmarks/bench_twostream.py

One clip, both branches, batch size 1: eager, compiled, and with ONNX Runtime if it is installed. The peer processes the
k + 1 frames as a batch. Rounds are interleaved; figures are medians. Then come registration and selection of key frames
of a two-second video, and parameters and FLOPs of each node.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from fas_phantom.components import Phantom
from fas_twostream.encoders import Difference, MultiFrame
from fas_twostream.modalities import KeyFrames
from timing import medians, wall
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from fascore import Clip, Plane, Ref, RunSpec, validate
from fascore.components.modalities import Faces
from fascore.model import describe_cost
from fascore.spec.plan import check

PEER = "mobilenetv3_small_100"
ONNX = ("onnxruntime", "onnxscript")


class Both(nn.Module):
    """Both branches, reduced to the sum of their scores. Shapes: (B, k + 1, 3, H, W) -> (B,)."""

    def __init__(self, k: int, side: int) -> None:
        super().__init__()
        self.multi = MultiFrame().build([Clip(k + 1, 3, side, side)])
        self.diff = Difference().build([Plane(3 * k, side, side)])
        self.heads = nn.ModuleList([nn.Linear(5 * 64, 2), nn.Linear(5 * 48, 2)])

    def forward(self, clip: Tensor) -> Tensor:
        change = (clip[:, 1:] - clip[:, :-1]).flatten(1, 2)
        scores = [
            head(feature).softmax(1)[:, 1] for head, feature in zip(self.heads, (self.multi(clip), self.diff(change)))
        ]
        return scores[0] + scores[1]


def runners(k: int, side: int, kinds: Sequence[str]) -> dict[str, Callable[[], object]]:
    """The call of each round, by name: both branches in each mode, and the bare network on the same frames."""
    torch.manual_seed(0)
    clip, both, peer = torch.rand(1, k + 1, 3, side, side), Both(k, side).eval(), timm.create_model(PEER).eval()
    made: dict[str, Callable[[], object]] = {}
    if "eager" in kinds:
        made |= {"two-stream, eager": lambda: both(clip), f"{PEER}, eager": lambda: peer(clip[0])}
    if "compiled" in kinds:
        fast, fast_peer = torch.compile(both), torch.compile(peer)
        made |= {"two-stream, compiled": lambda: fast(clip), f"{PEER}, compiled": lambda: fast_peer(clip[0])}
    if "onnx" in kinds:
        made |= {"two-stream, ONNX Runtime": session(both, clip), f"{PEER}, ONNX Runtime": session(peer, clip[0])}
    return made


def session(module: nn.Module, example: Tensor) -> Callable[[], object]:
    """A call of the exported module, with the same output.

    The older, tracing exporter does not support adaptive pooling to 3 and 6 bins.
    """
    import onnxruntime

    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "The tensor attributes .* were assigned during export"
        )  # cuDNN's view of an LSTM's weights
        program = torch.onnx.export(module, (example,), dynamo=True, input_names=["clip"], verbose=False)
    assert program is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    running = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = {"clip": example.numpy()}
    np.testing.assert_allclose(running.run(None, feed)[0], module(example).detach().numpy(), rtol=1e-3, atol=1e-4)
    return lambda: running.run(None, feed)


def preprocessing(k: int, side: int, frames: int = 50) -> Callable[[], object]:
    """Registration and selection of key frames of one rendered video.

    Frames are decoded and faces detected beforehand.
    """
    record = Phantom(subjects=3, frames=frames, size=320).records("train")[0]
    images = list(record.channels["rgb"].read())
    rgb = type("Decoded", (), {"read": staticmethod(lambda indices: [images[i] for i in indices])})()
    faces = Faces().build([]).extract(record, [])
    decoded: Any = type("Shown", (), {"channels": {"rgb": rgb}})()
    module = KeyFrames(inputs=(Ref("faces"),), k=k, size=side, reserve=0).build([None])
    return lambda: module.extract(decoded, [{name: np.asarray(array) for name, array in faces.items()}])


def table(k: int) -> str:
    """Parameters and FLOPs of each node of the spec of both branches."""
    specs = Path(__file__).parents[1] / "plugins" / "fas-twostream" / "specs"
    document: Any = json.loads((specs / "both.json").read_text())
    document["modalities"]["keys"]["k"] = k
    return describe_cost(check(validate(RunSpec, document)))


def operations(module: nn.Module, example: Tensor) -> int:
    """FLOPs of one pass; a multiply-add counts as two. The LSTMs are omitted: they are a millionth of the total."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(example)
    return int(counter.get_total_flops())


def test_both_branches_take_no_more_time_over_the_bare_network_than_their_operations_say(benchmark: Any) -> None:
    torch.set_num_threads(1)
    k, side = 4, 224
    made = runners(k, side, ["eager"])
    with torch.inference_mode():
        ours, bare = medians(made, 7, wall, warm=2).values()
    clip = torch.rand(1, k + 1, 3, side, side)
    work = operations(Both(k, side).eval(), clip) / operations(timm.create_model(PEER).eval(), clip[0])
    benchmark.extra_info |= {"ratio to the bare network": round(ours / bare, 2), "ratio of operations": round(work, 2)}
    with torch.inference_mode():
        benchmark(next(iter(made.values())))
    assert ours < work * bare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--k", type=int, default=4)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--eager-only", action="store_true", help="do not compile or export")
    arguments = parser.parse_args()
    kinds = (
        ["eager"] if arguments.eager_only else ["eager", "compiled", *(["onnx"] if all(map(find_spec, ONNX)) else [])]
    )
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        made, first = runners(arguments.k, arguments.side, kinds), preprocessing(arguments.k, arguments.side)
        with torch.inference_mode():
            latencies, before = medians(made, arguments.rounds, wall, warm=2), medians({"": first}, 3, wall)[""]
        print(f"{threads} thread{'s' if threads > 1 else ''}, k = {arguments.k}, {arguments.side} px")
        for (name, ours), (peer, bare) in zip(list(latencies.items())[::2], list(latencies.items())[1::2]):
            print(f"  {name:28} {1000 * ours:8.1f} ms   {peer:38} {1000 * bare:8.1f} ms   ratio {ours / bare:.2f}")
        model = next(iter(latencies.values()))
        print(
            f"  registration and key frames of 50 frames {1000 * before:8.1f} ms, {before / (before + model):.0%} of all with the eager model"
        )
    if "onnx" not in kinds and not arguments.eager_only:
        print(f"ONNX Runtime is not measured: {' and '.join(ONNX)} must both be installed")
    print(table(arguments.k))


if __name__ == "__main__":
    main()
