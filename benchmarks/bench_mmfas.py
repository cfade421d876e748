"""Switch-attention fusion compared with torch decoder layers of equal depth and width, and with the other two fusions
of the paper.

    python -m pytest benchmarks/bench_mmfas.py
    python benchmarks/bench_mmfas.py --device cuda --precision bf16 --compile     # samples/s, share of the matrix peak

Six layers on three streams of 196 tokens of width 270, forward and backward. The limit is 1.05 times a stack of
`nn.TransformerDecoderLayer` (self-attention, cross-attention, feed-forward network), as the median of interleaved
rounds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from fas_mmfas.fusions import CrossAttention, MergeAttention, SwitchAttention
from timing import clock, medians
from torch import Tensor, nn

from fascore import Tokens

LIMIT, ROUNDS = 1.05, 5
N, WIDTH, HEADS, DEPTH = 196, 270, 6, 6
FUSIONS = {"switch": SwitchAttention, "cross": CrossAttention, "merge": MergeAttention}


class Peer(nn.Module):
    """Decoder layers that read the second stream.

    As in the fusion, the output is the mean over the three streams, then over tokens.
    """

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerDecoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.stack = nn.TransformerDecoder(layer, DEPTH)

    def forward(self, *streams: Tensor, mask: Tensor) -> Tensor:
        x = self.stack(streams[0], streams[1])
        return torch.stack([x.mean(1), streams[1].mean(1), streams[2].mean(1)], 1).mean(1)


class Step(NamedTuple):
    """Seconds and FLOPs (a multiply-add counts as two) of one forward and backward pass, and the peak memory in bytes."""

    seconds: float
    flops: int
    memory: int


def module_of(name: str) -> nn.Module:
    """A fusion with the paper's size, or `peer`."""
    torch.manual_seed(0)
    return Peer() if name == "peer" else FUSIONS[name]().build([Tokens(N, WIDTH)] * 3)


def step_of(module: nn.Module, batch: int, device: torch.device, *, bf16: bool) -> Callable[[], None]:
    """One forward and backward pass on streams that require gradients, as after encoders."""
    streams = [torch.randn(batch, N, WIDTH, device=device, requires_grad=True) for _ in range(3)]
    mask = torch.ones(batch, 3, dtype=torch.bool, device=device)

    def step() -> None:
        module.zero_grad(set_to_none=True)
        for stream in streams:
            stream.grad = None
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            fused = module(*streams, mask=mask)
        fused.float().square().sum().backward()

    return step


def measured(
    names: list[str],
    batch: int = 64,
    device: torch.device | str = "cpu",
    *,
    bf16: bool = False,
    compiled: bool = False,
    rounds: int = ROUNDS,
) -> dict[str, Step]:
    """The median of interleaved rounds of each, in processor seconds on a CPU. Memory is measured only on a GPU."""
    from torch.utils.flop_counter import FlopCounterMode

    device = torch.device(device)
    timed, steps, flops, memory = clock(device.type), {}, {}, {}
    for name in names:
        module = module_of(name).to(device)
        with FlopCounterMode(display=False) as counter:
            step_of(module, 2, device, bf16=bf16)()
        flops[name] = counter.get_total_flops() * batch // 2
        steps[name] = step_of(torch.compile(module) if compiled else module, batch, device, bf16=bf16)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        for _ in range(2):
            timed(steps[name])
        memory[name] = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    taken = medians(steps, rounds, timed, warm=0)
    return {name: Step(taken[name], flops[name], memory[name]) for name in names}


def peak(device: torch.device, *, bf16: bool) -> float:
    """FLOP/s of a large matrix product, the most that plain code achieves on this device."""
    side = 8192 if device.type == "cuda" else 1024
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16 if bf16 else torch.float32) for _ in range(2))
    return 2 * side**3 / min(clock(device.type)(lambda: a @ b) for _ in range(8))


def resident(name: str, batch: int) -> int:
    """Peak resident memory of a separate process that runs two steps on the CPU, minus that of one that runs none;
    bytes, Linux only.
    """
    peaks = []
    for steps in (0, 2):
        code = f"import bench_mmfas as b; b.alone({name!r}, {batch}, {steps})"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=__file__.rpartition("/")[0], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout) * 1024)
    return peaks[1] - peaks[0]


def alone(name: str, batch: int, steps: int) -> None:
    """Run some steps and print this program's peak resident memory in KiB; getrusage would include the process that
    started it.
    """
    step = step_of(module_of(name), batch, torch.device("cpu"), bf16=False)
    for _ in range(steps):
        step()
    print(
        next(
            line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")
        )
    )


def test_switch_attention_over_decoder_layers(benchmark: Any) -> None:
    """At batch size 64, on one thread: at most 1.05 times the decoder stack.

    Cross and merge run once each, for comparison.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        steps = measured(["switch", "peer"])
        others = measured(["cross", "merge"], rounds=1)
    finally:
        torch.set_num_threads(threads)
    ratio = steps["switch"].seconds / steps["peer"].seconds
    ratios = {f"{name} over switch": round(step.seconds / steps["switch"].seconds, 2) for name, step in others.items()}
    memory = {f"{name} MiB at batch 64": resident(name, 64) // 2**20 for name in ("switch", "peer", "cross", "merge")}
    benchmark.extra_info |= {"over the decoder": round(ratio, 3), "limit": LIMIT, **ratios, **memory}
    print(f"switch over decoder layers: {ratio:.3f} (limit {LIMIT}); {ratios}; {memory}")
    small = step_of(module_of("switch"), 2, torch.device("cpu"), bf16=False)
    benchmark.pedantic(small, rounds=1, warmup_rounds=1)
    assert ratio <= LIMIT


def main() -> None:
    """Print the figures of one device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    device, bf16 = torch.device(options.device), options.precision == "bf16"
    if device.type == "cpu":
        torch.set_num_threads(1)  # processor seconds add up over threads
    best = peak(device, bf16=bf16)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu, one thread"
    print(
        f"{name}, {options.precision}{', compiled' if options.compile else ''}, batch {options.batch}; matrix peak {best / 1e12:.2f} TFLOP/s"
    )
    steps = measured(
        ["switch", "peer", "cross", "merge"],
        options.batch,
        device,
        bf16=bf16,
        compiled=options.compile,
        rounds=options.rounds,
    )
    for fusion, step in steps.items():
        memory = step.memory or resident(fusion, options.batch)
        share, speed = 100 * step.flops / step.seconds / best, options.batch / step.seconds
        ratio = step.seconds / steps["peer"].seconds
        rates = f"{speed:.1f} samples/s, {share:.0f} % of the matrix peak"
        print(f"{fusion}: {rates}, {ratio:.3f} of the decoder's time, peak {memory / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
