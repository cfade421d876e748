"""The polysemantic generator, its gates and its training step, against the paper's sizes and equations written out."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from fas_physttd.polysemantic.components import (
    ConcatGate,
    Generator,
    Intensity,
    RecalibratingGate,
    SaGate,
    TraceClassifier,
)
from fas_physttd.polysemantic.recipes import toy_graph
from fas_physttd.polysemantic.training import Pairs, PolysemanticTraining
from torch import Tensor, nn

from fascore import FascoreError, Image, Labels, Plane, RunSpec, Signal, SpecError, SpecErrors, validate
from fascore.data.batch import Batch
from fascore.model import ModelGraph
from fascore.spec.plan import check
from fascore.testing import ToyFaces
from fascore.training import checkpoint
from fascore.training.checkpoint import Counters
from fascore.training.engine import Engine

PAIR = [Image(3, 256, 256), Plane(1, 256, 256)]
SIZE = 32


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def on_meta(config: Any, *arguments: Any) -> Any:
    with torch.device("meta"):
        return config.build(*arguments)


def test_generator_and_classifier_have_the_papers_parameters_part_by_part() -> None:
    module = on_meta(Generator(), PAIR)
    assert [parameters(part) for part in module.encoders] == [8_543_296] * 2
    assert [parameters(part) for part in module.decoders] == [7_763_619] * 2
    assert [parameters(part) for part in module.fusions] == [26_146, 101_442, 399_490]
    heads = 2 * (1024 + 1)  # psi of each stream, Linear(1024, 1)
    assert parameters(module) + heads == 33_142_958
    assert parameters(on_meta(TraceClassifier(), [Plane(3, 256, 256)] * 2, Labels("label"))) == 243_105


def test_maps_have_the_tabled_sizes() -> None:
    module = on_meta(Generator(), PAIR)
    sizes: list[tuple[int, ...]] = []
    for part in (*module.fusions, *module.decoders[0].ups):
        part.register_forward_hook(
            lambda _, __, given: sizes.append(tuple((given["0"] if isinstance(given, dict) else given).shape[1:]))
        )
    ports = module(torch.empty(2, 3, 256, 256, device="meta"), torch.empty(2, 1, 256, 256, device="meta"))
    assert sizes[:3] == [(256, 64, 64), (512, 32, 32), (1024, 16, 16)]
    assert sizes[3:] == [(256, 32, 32), (128, 64, 64), (64, 128, 128), (32, 256, 256)]
    shapes = {name: tuple(value.shape[1:]) for name, value in ports.items()}
    assert shapes["depth_trace"] == (3, 256, 256)
    assert (shapes["rgb_bottleneck"], shapes["rgb_feature"]) == ((1024,), (64,))


def test_two_stages_leave_a_bottleneck_of_32_and_the_same_center_feature() -> None:
    module = on_meta(Generator(stages=2), PAIR)
    ports = module(torch.empty(1, 3, 256, 256, device="meta"), torch.empty(1, 1, 256, 256, device="meta"))
    assert (
        len(module.decoders[0].ups),
        tuple(ports["rgb_feature"].shape[1:]),
        tuple(ports["rgb_trace"].shape[1:]),
    ) == (3, (64,), (3, 256, 256))


def small(**fields: Any) -> Any:
    base = {"network": {"type": "timm", "name": "test_resnet"}, "widths": (8, 8, 6, 4), "frozen_norm": []}
    return Generator.model_validate({**base, **fields}).build([Image(3, SIZE, SIZE), Plane(1, SIZE, SIZE)])


def test_trace_and_live_counterpart_sum_to_the_image_and_depth_is_repeated() -> None:
    face, depth = torch.rand(2, 3, SIZE, SIZE), torch.rand(2, 1, SIZE, SIZE)
    ports = small()(face, depth)
    assert torch.allclose(ports["rgb_trace"] + ports["rgb_live"], face, atol=1e-6)
    assert torch.allclose(ports["depth_trace"] + ports["depth_live"], depth.expand(-1, 3, -1, -1), atol=1e-6)


def test_frozen_norms_keep_their_statistics_and_those_of_other_streams_do_not() -> None:
    module = small(frozen_norm=["rgb"]).train()
    before = [{name: value.clone() for name, value in encoder.named_buffers()} for encoder in module.encoders]
    module(torch.rand(4, 3, SIZE, SIZE), torch.rand(4, 1, SIZE, SIZE))
    same = [
        all(torch.equal(value, old[name]) for name, value in e.named_buffers())
        for e, old in zip(module.encoders, before, strict=True)
    ]
    assert same == [True, False]


def gate(config: Any, seed: int = 0) -> tuple[Any, list[Tensor]]:
    torch.manual_seed(seed)
    return config.build([Plane(32, 3, 4)] * 2), [torch.randn(2, 32, 3, 4), torch.randn(2, 32, 3, 4)]


@torch.no_grad()
def by_hand(module: Any, features: list[Tensor]) -> tuple[list[Tensor], list[list[list[float]]]]:
    """Eq. 2-4 and the logits of Eq. 5, a number at a time, for the first record."""
    rgb, depth = (feature[0] for feature in features)
    pooled = torch.cat([rgb, depth]).mean((1, 2))
    filtered = []
    for own, channel in zip((rgb, depth), module.channel, strict=True):
        first, second = channel.layers[0], channel.layers[2]
        hidden = [max(0.0, float(first.weight[i] @ pooled + first.bias[i])) for i in range(2)]
        weights = [
            1 / (1 + math.exp(-float(second.weight[c] @ torch.tensor(hidden) + second.bias[c]))) for c in range(32)
        ]
        filtered.append(torch.stack([weights[c] * own[c] for c in range(32)]))
    recalibrated = [rgb + filtered[1], depth + filtered[0]]
    both = torch.cat(recalibrated)
    logits = [
        [[float(m.weight[0, :, 0, 0] @ both[:, y, x] + m.bias[0]) for x in range(4)] for y in range(3)]
        for m in module.spatial
    ]
    return recalibrated, logits


def test_the_gate_is_equations_2_to_5_in_a_loop() -> None:
    module, features = gate(RecalibratingGate())
    recalibrated, logits = by_hand(module, features)
    given = module(*features)
    for place, other in ((0, 1), (1, 0)):
        for y, x in ((0, 0), (1, 3), (2, 2)):
            mine = math.exp(logits[place][y][x])
            wanted = recalibrated[place][:, y, x] * mine / (mine + math.exp(logits[other][y][x]))
            assert torch.allclose(given[str(place)][0, :, y, x], wanted, atol=1e-5)


def test_softmax_over_places_averages_to_one() -> None:
    module, features = gate(RecalibratingGate(spatial_softmax="hw_scaled"))
    recalibrated, logits = by_hand(module, features)
    whole = sum(math.exp(value) for row in logits[0] for value in row)
    assert torch.allclose(
        module(*features)["0"][0, :, 1, 2], recalibrated[0][:, 1, 2] * math.exp(logits[0][1][2]) / whole * 12, atol=1e-5
    )


def test_sa_gate_merges_raw_features_and_moves_each_stream_half_way() -> None:
    module, features = gate(SaGate())
    _, logits = by_hand(module, features)
    first, second = math.exp(logits[0][2][1]), math.exp(logits[1][2][1])
    rgb, depth = features[0][0, :, 2, 1], features[1][0, :, 2, 1]
    merged = (first * rgb + second * depth) / (first + second)
    given = module(*features)
    assert torch.allclose(given["merged"][0, :, 2, 1], merged, atol=1e-5)
    assert torch.allclose(given["1"][0, :, 2, 1], ((depth + merged) / 2).clamp(min=0), atol=1e-5)


def test_concatenation_is_one_matrix_a_stream() -> None:
    module, features = gate(ConcatGate())
    both = torch.cat(features, 1)[1, :, 0, 0]
    assert torch.allclose(
        module(*features)["1"][1, :, 0, 0], module.mixed[1].weight[:, :, 0, 0] @ both + module.mixed[1].bias, atol=1e-5
    )


def test_merged_maps_reach_the_decoders_and_streams_the_next_stage() -> None:
    module = small(fusion={"type": "physttd.sa_gate"}).eval()
    seen: dict[str, Any] = {}
    module.fusions[1].register_forward_hook(lambda _, __, given: seen.update(given))
    module.decoders[0].register_forward_pre_hook(lambda _, given: seen.update(skip=given[0][1]))
    module(torch.rand(1, 3, SIZE, SIZE), torch.rand(1, 1, SIZE, SIZE))
    assert seen["skip"] is seen["merged"]
    assert not torch.equal(seen["merged"], seen["0"])


def test_intensity_and_classifier_losses_by_hand() -> None:
    trace = torch.tensor([0.5, -0.25]).view(2, 1, 1, 1).expand(2, 3, 8, 8)
    loss = Intensity().build([Plane(3, 8, 8)] * 2, Labels("label"))(trace, trace, target=torch.tensor([1, 0]))
    assert loss.tolist() == pytest.approx([1.0, 0.5e-4])
    head: Any = TraceClassifier(width=0.1).build([Plane(3, 8, 8)], Labels("label"))
    maps = torch.tensor([[0.25, 0.75], [0.5, 1.5]]).view(2, 1, 1, 2)
    assert head.loss(maps, torch.tensor([1, 0])).tolist() == pytest.approx([0.5, 0.5])
    assert head.score(maps).tolist() == pytest.approx([0.5, 0.0])


class OneMap(ConcatGate):
    """Fuses two streams to one map only."""

    def infer(self, signals: Sequence[Signal]) -> Mapping[str, Signal]:
        return {"0": signals[0]}


def test_signals_that_do_not_fit_are_refused_with_a_remedy() -> None:
    for signals, what in (
        ([Image(3, 64, 48), Plane(1, 64, 48)], "squares of one size"),
        ([Image(3, 40, 40), Plane(1, 40, 40)], "multiple of 16"),
        ([Image(3, 64, 64)], "name one input per stream"),
    ):
        with pytest.raises(SpecError, match=what):
            Generator().infer(signals)
    with pytest.raises(SpecError, match="one output per stream"):
        Generator(fusion=OneMap()).infer(PAIR)


def plan(streams: tuple[str, ...] = ("rgb", "depth"), optional: bool = False, **recipe: Any) -> Any:
    graph = toy_graph(streams)
    if optional:
        graph["modalities"]["depth"]["optional"] = True
    small = {"type": "physttd.polysemantic", "epochs": 2, "scales": [32, 16], "discriminator_width": 0.1}
    data = {"train": [{"dataset": ToyFaces(), "split": "train"}]}
    return check(validate(RunSpec, {"name": "toy", "seed": 3, "data": data, **graph, "recipe": {**small, **recipe}}))


def batch(labels: str = "llss", seed: int = 0) -> Batch:
    random = torch.Generator().manual_seed(seed)
    live = torch.tensor([letter == "l" for letter in labels])
    tensors = {
        "face": torch.rand(len(labels), 3, SIZE, SIZE, generator=random),
        "depth": torch.rand(len(labels), 1, SIZE, SIZE, generator=random),
    }
    columns = {"label": tuple(live.long().tolist()), "task": ("spoof",) * len(labels)}
    return Batch(
        tuple(f"{letter}{i}" for i, letter in enumerate(labels)), tensors, dict.fromkeys(tensors, live | True), columns
    )


def state(*modules: nn.Module) -> dict[str, Tensor]:
    return {
        f"{place}.{name}": value.clone()
        for place, module in enumerate(modules)
        for name, value in module.state_dict().items()
    }


class Watching(Engine):
    """Notes what each optimiser's step changes, weights and buffers."""

    def optimize(self, name: str, closure: Callable[[], Tensor]) -> Tensor:
        before = state(self.model, self.own)
        loss = super().optimize(name, closure)
        after = state(self.model, self.own)
        self.touched = [
            *getattr(self, "touched", []),
            (name, {key for key, value in before.items() if not torch.equal(value, after[key])}),
        ]
        return loss


def made(precision: str = "fp32", **recipe: Any) -> tuple[Watching, PolysemanticTraining]:
    planned = plan(**recipe)
    graph = ModelGraph.build(planned, 3)
    torch.manual_seed(3)
    training: Any = planned.spec.recipe.build(graph, 4)
    engine = Watching(graph, training, device=torch.device("cpu"), precision=precision, seed=3)
    engine.train()
    return engine, training


def steps(engine: Engine, training: PolysemanticTraining, which: range) -> dict[str, Tensor]:
    losses: dict[str, Tensor] = {}
    for step in which:
        engine.begin(0, step)
        losses = dict(training.step(engine, batch(seed=step)))
        engine.finish()
    return losses


def test_each_optimizer_touches_only_its_own_weights_and_buffers() -> None:
    engine, training = made()
    steps(engine, training, range(1))
    names = [name for name, _ in engine.touched]
    assert names == ["generator", "discriminator_rgb", "discriminator_depth", "generator"]
    touched = [
        {key.split(".sets")[0] if key.startswith("1.") else key.split(".")[1] for key in keys}
        for _, keys in engine.touched
    ]
    # The centres begin at the first records' means inside the forward pass; nothing else of the objectives is a weight.
    assert touched == [{"nodes", "heads", "objectives"}, {"1.rgb"}, {"1.depth"}, {"nodes"}]


def test_the_generators_loss_is_the_weighted_sum_of_its_parts() -> None:
    engine, training = made(adversarial=0.0, mixing=0)
    losses = steps(engine, training, range(1))
    parts = [value for name, value in losses.items() if name.partition(".")[0] in ("head", "objective")]
    assert losses["adversarial"] == 0
    assert torch.isclose(losses["generator"], torch.stack(parts).sum())


def test_mixing_takes_u_of_one_trace_and_the_rest_of_the_next() -> None:
    trace = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 2, 2)
    pairs = Pairs(torch.tensor([0, 1]), torch.tensor([2, 3]), torch.tensor([3, 2]), torch.tensor([0.25, 1.0]))
    assert pairs.mixed(trace)[:, 0, 0, 0].tolist() == pytest.approx([0.25 * 2 + 0.75 * 3, 3.0])


def test_losses_of_discriminators_are_equations_6_and_7_term_by_term() -> None:
    engine, training = made(mixing=0, scales=[16], d_recon_set="LuS")
    data = batch("llsss")
    engine.begin(0, 0)
    pairs = training.pairs(engine, data)
    with torch.no_grad():
        images = training.images(data, engine.graph(data).values, pairs)["rgb"]
        assert torch.equal(images.synthetic, images.image[[0, 1, 0]] + images.trace)
        ((live, spoof),) = training.judged("rgb", images)
        zero = [torch.stack([(m**2).mean() for m in maps]).mean() for maps in (live[5:10], spoof[10:])]
        real = [torch.stack([(m**2).mean() for m in maps]).mean() for maps in (live[:2], spoof[2:5])]
        fake = [torch.stack([((m - 1) ** 2).mean() for m in maps]).mean() for maps in (live[5:10], spoof[10:])]
        assert torch.isclose(training.adversarial("rgb", images, data), sum(zero), rtol=1e-4)
        assert torch.isclose(training.discrimination("rgb", images, data), sum(real) + sum(fake), rtol=1e-4)


def test_consistency_compares_the_trace_of_the_synthetic_attack_with_the_trace_that_was_added() -> None:
    engine, training = made(mixing=0)
    data = batch()
    engine.begin(0, 0)
    pairs = training.pairs(engine, data)
    engine.model.eval()  # so that the batch's other half has no say
    with torch.no_grad():
        held = training.images(data, engine.graph(data).values, pairs)
        loss = training.consistency(engine, data, pairs, held)
        again = engine.graph(
            data.take(pairs.host).replace(face=held["rgb"].synthetic, depth=held["depth"].synthetic), nodes=["gen"]
        )
    wanted = sum(((again[f"gen.{name}_trace"] - held[name].trace) ** 2).mean() for name in ("rgb", "depth"))
    assert torch.isclose(loss, torch.as_tensor(wanted), rtol=1e-4)


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, training = made()
    steps(whole, training, range(3))
    first, training = made()
    steps(first, training, range(1))
    checkpoint.save_last(tmp_path / "last.safetensors", first, Counters(step=1))
    second, training = made()
    checkpoint.load_last(tmp_path / "last.safetensors", second)
    steps(second, training, range(1, 3))
    ended, wanted = state(second.model, second.own), state(whole.model, whole.own)
    assert all(torch.equal(value, ended[name]) for name, value in wanted.items())


def test_bf16_losses_are_finite_float32() -> None:
    engine, training = made("bf16", streams=("rgb",), separate=True)
    losses = steps(engine, training, range(2))
    assert all(loss.dtype == torch.float32 and bool(loss.isfinite()) for loss in losses.values())


def test_what_cannot_be_trained_is_refused() -> None:
    engine, training = made(streams=("rgb",))
    engine.begin(0, 0)
    with pytest.raises(FascoreError, match=r"of s0, s1 has no bona fide record.*physttd\.paired"):
        training.step(engine, batch("ss"))
    with pytest.raises(SpecErrors, match="multiples of 8, 32 at most"):
        plan(scales=[64])
    with pytest.raises(SpecErrors, match="leave 'optional' out"):
        plan(optional=True)


def test_discriminators_have_a_rate_of_their_own() -> None:
    _, training = made(
        streams=("rgb",), discriminator={"name": "adam", "lr": 0.01}, optimizer={"name": "adam", "lr": 0.002}
    )
    rates = {name: part.optimizer.param_groups[0]["lr"] for name, part in training.optimizers().items()}
    assert rates == {"generator": 0.002, "discriminator_rgb": 0.01}


def test_scales_may_add_up_and_norms_stay_unsquared() -> None:
    found = {}
    for reduction, norm in (("mean", "mean_square"), ("sum", "mean_square"), ("mean", "norm")):
        engine, training = made(streams=("rgb",), mixing=0, scale_reduction=reduction, norm=norm)
        engine.begin(0, 0)
        data = batch()
        with torch.no_grad():
            images = training.images(data, engine.graph(data).values, training.pairs(engine, data))["rgb"]
            found[reduction, norm] = training.adversarial("rgb", images, data), training.judged("rgb", images)
    assert torch.isclose(found["sum", "mean_square"][0], 2 * found["mean", "mean_square"][0])
    loss, maps = found["mean", "norm"]
    wanted = (
        sum(live[4:8].flatten(1).norm(dim=1).mean() + spoof[8:].flatten(1).norm(dim=1).mean() for live, spoof in maps)
        / 2
    )
    assert torch.isclose(loss, torch.as_tensor(wanted), atol=1e-3)
