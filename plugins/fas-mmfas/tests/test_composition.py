"""Encoders and fusions of all packages together: forward and backward on every pair that the static checks allow."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fascore import Encoder, Fusion, Image, Plane, Signal, SpecError, Tokens, Vector, validate
from fascore.components.fusions import AttentionPool
from fascore.contract.registry import index

TIMM_VIT = {"type": "timm", "name": "test_vit", "img_size": 32, "output": "tokens"}
OWN = {"type": "mmfas.vit_tokens", "patch": 8, "width": 12, "depth": 1, "heads": 2}
PACKAGES = ("fascore", "fas-joint", "fas-mmfas")
FUSIONS = [name for name in index().names("fusion") if index().provider("fusion", name).source.split()[0] in PACKAGES]


def component(kind: str, name: str) -> Any:
    return index().provider(kind, name).load()


def encoders() -> Iterator[tuple[str, Encoder, Image | Plane]]:
    """Every encoder that gives a Vector or Tokens of one picture, by its package's first such example; and timm's and mmFAS's tokens."""
    yield "timm tokens", validate(component("encoder", "timm"), TIMM_VIT), Image(3, 32, 32)
    yield "mmfas tokens", validate(component("encoder", "mmfas.vit_tokens"), OWN), Image(1, 32, 32)
    for name in index().names("encoder"):
        if index().provider("encoder", name).source.split()[0] in PACKAGES:
            for config, signals in component("encoder", name).examples():
                if (
                    len(signals) == 1
                    and isinstance(signals[0], Image | Plane)
                    and isinstance(config.infer(signals), Vector | Tokens)
                ):
                    yield name, config, signals[0]
                    break


def allowed(name: str, given: Signal) -> Iterator[tuple[Fusion, list[Signal], bool]]:
    """A config of a fusion that takes two or three of this signal, as it is, and one that takes it pooled to a vector."""
    assert isinstance(given, Vector | Tokens)
    configs = [config for config, _ in component("fusion", name).examples()]
    for pooled in (False, True) if isinstance(given, Tokens) else (False,):
        for config, count in product(configs, (3, 2)):
            signals: list[Signal] = [Vector(given.d) if pooled else given] * count
            with suppress(SpecError):
                config.infer(signals)
                yield config, signals, pooled
                break


PAIRS = [(encoder, fusion) for encoder, _, _ in encoders() for fusion in FUSIONS]
BY_NAME = {name: (config, picture) for name, config, picture in encoders()}


def context(component_: Any, rows: int, inputs: int) -> Mapping[str, Tensor]:
    known = {
        "task": torch.arange(rows) % 2,
        "label": torch.arange(rows) % 2,
        "mask": torch.ones(rows, inputs, dtype=torch.bool),
    }
    return {word: known[word] for word in component_.context}


def run(
    encoder: Encoder, picture: Image | Plane, fusion: Fusion, signals: Sequence[Signal], *, pooled: bool
) -> list[nn.Module]:
    """Forward and backward; the encoders' modules."""
    given = encoder.infer([picture])
    modules: list[Any] = [encoder.build([picture]) for _ in signals]
    features = [module(torch.rand(4, *picture.shape), **context(encoder, 4, 1)) for module in modules]
    if pooled:
        features = [
            AttentionPool().build([given])(feature, mask=torch.ones(4, 1, dtype=torch.bool)) for feature in features
        ]
    fused = fusion.build(signals)(*features, **context(fusion, 4, len(signals)))
    assert isinstance(signal := fusion.infer(signals), Vector) and fused.shape == (4, signal.d)
    assert fused.isfinite().all()
    (fused * torch.randn(fused.shape)).sum().backward()
    return modules


def moved(module: nn.Module) -> bool:
    return any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in module.parameters())


@pytest.mark.parametrize(("encoder", "fusion"), PAIRS)
def test_a_pair_that_the_checks_allow_runs_forward_and_backward(encoder: str, fusion: str) -> None:
    config, picture = BY_NAME[encoder]
    torch.manual_seed(0)
    found = list(allowed(fusion, config.infer([picture])))
    for some, signals, pooled in found:
        assert all(map(moved, run(config, picture, some, signals, pooled=pooled)))
    three_streams = fusion.startswith("mmfas.")
    if encoder == "mmfas tokens" and not three_streams:
        assert any(pooled for *_, pooled in found), "every fusion takes these encoders after pooling"
    if encoder in ("timm tokens", "mmfas tokens") and three_streams:
        assert any(isinstance(signals[0], Tokens) and len(signals) == 3 for _, signals, _ in found)
    if not isinstance(config.infer([picture]), Tokens) and three_streams:
        assert not found


def test_the_pairs_cover_the_fusions_of_all_three_packages() -> None:
    assert {name.partition(".")[0] for name in FUSIONS if "." in name} == {"joint", "mmfas"}
    assert {"concat", "mean", "gated", "attention_pool", "sum"} < set(FUSIONS)
    assert {"timm tokens", "mmfas tokens", "timm", "mmfas.vit_tokens", "joint.mesonet", "joint.task_split"} <= set(
        BY_NAME
    )
