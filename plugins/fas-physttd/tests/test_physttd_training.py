"""PhySTD's generator and its training step, on random pictures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from fas_physttd.patchgan import PatchGan
from fas_physttd.physttd.components import Generator
from fas_physttd.physttd.recipes import EXAMPLE
from fas_physttd.physttd.training import Moved, Pairs, ThreeStepsTraining
from fas_physttd.warp import offsets, warp
from torch import Tensor, nn

from fascore import Clip, FascoreError, Image, RunSpec, SpecError, SpecErrors, validate
from fascore.data.batch import Batch
from fascore.model import ModelGraph
from fascore.spec.plan import check
from fascore.testing import ToyFaces
from fascore.training import checkpoint
from fascore.training.checkpoint import Counters
from fascore.training.engine import Engine

SIZE = 128
RECIPE = {"type": "physttd.three_steps", "epochs": 2, "discriminator_width": 0.06, "schedule": {"name": "none"}}


def plan(**recipe: Any) -> Any:
    data = {"train": [{"dataset": ToyFaces(), "split": "train"}]}
    return check(validate(RunSpec, {"name": "toy", "seed": 3, "data": data, **EXAMPLE, "recipe": {**RECIPE, **recipe}}))


def batch(labels: str = "llss", seed: int = 0) -> Batch:
    random = torch.Generator().manual_seed(seed)
    count = len(labels)
    live = torch.tensor([letter == "l" for letter in labels])
    points = torch.tensor([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.4, 0.7], [0.6, 0.7]]) + 0.04 * torch.rand(
        count, 5, 2, generator=random
    )
    height = torch.rand(count, 1, 16, 16, generator=random)
    tensors = {
        "face": torch.rand(count, 3, SIZE, SIZE, generator=random),
        "face.points": points,
        "depth": height,
        "outline": height,
    }
    columns = {
        "label": tuple(live.long().tolist()),
        "task": ("spoof",) * count,
        "species": tuple(None if x else "mask.rigid" for x in live.tolist()),
    }
    return Batch(
        tuple(f"{letter}{i}" for i, letter in enumerate(labels)),
        tensors,
        dict.fromkeys(("face", "depth", "outline"), live | True),
        columns,
    )


def made(precision: str = "fp32", engine: type[Engine] = Engine, **recipe: Any) -> tuple[Engine, ThreeStepsTraining]:
    planned = plan(**recipe)
    graph = ModelGraph.build(planned, 3)
    torch.manual_seed(3)
    training: Any = planned.spec.recipe.build(graph, 4)
    found = engine(graph, training, device=torch.device("cpu"), precision=precision, seed=3)
    found.train()
    return found, training


def steps(engine: Engine, training: ThreeStepsTraining, which: range) -> dict[str, Tensor]:
    losses: dict[str, Tensor] = {}
    for step in which:
        engine.begin(0, step)
        losses = dict(training.step(engine, batch(seed=step)))
        engine.finish()
    return losses


def state(*modules: nn.Module) -> dict[str, Tensor]:
    return {
        f"{place}.{name}": value.clone()
        for place, module in enumerate(modules)
        for name, value in module.state_dict().items()
    }


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


class Watching(Engine):
    """Notes what each optimiser's step changes."""

    def optimize(self, name: str, closure: Callable[[], Tensor]) -> Tensor:
        before = state(self.model, self.own)
        loss = super().optimize(name, closure)
        self.touched = {**getattr(self, "touched", {}), name: changed(before, state(self.model, self.own))}
        return loss


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_generator_has_the_papers_parameters_part_by_part() -> None:
    module: Any = Generator().build([Image(3, 256, 256)])
    assert [parameters(part) for part in (module.encoder, module.decoder, module.depth)] == [670_528, 448_621, 480_457]
    assert parameters(module) == 1_599_606


def test_features_have_the_published_sizes() -> None:
    signals = Generator().infer([Image(3, 256, 256)])
    assert {name: str(signals[name]) for name in ("f1", "f2", "f3", "depth", "p")} == {
        "f1": "Plane(64, 128, 128)",
        "f2": "Plane(96, 64, 64)",
        "f3": "Plane(128, 32, 32)",
        "depth": "Plane(1, 32, 32)",
        "p": "Plane(1, 256, 256)",
    }


def test_the_input_is_the_three_bands_amplified() -> None:
    module: Any = Generator(width=0.1).build([Image(3, SIZE, SIZE)])
    image = batch().tensors["face"]
    b, c, t = module.decomposed(image).split(3, dim=1)
    assert torch.allclose(b + c / 15 + t / 25, image, atol=1e-6)


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (Image(3, 64, 64), "no fine band"),
        (Image(3, 128, 160), "need a square"),
        (Image(3, 132, 132), "multiple of 8"),
        (Clip(4, 3, 128, 128), "not a clip"),
        (Image(1, 128, 128), "three channels"),
    ],
)
def test_pictures_that_it_cannot_use_are_refused_in_words(signal: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Generator().infer([signal])


def test_each_optimizer_changes_its_own_weights_and_buffers_to_the_bit_and_nothing_else() -> None:
    engine, training = made(engine=Watching)
    steps(engine, training, range(1))
    touched: dict[str, set[str]] = engine.touched  # type: ignore[attr-defined]
    generator = {name for name in state(engine.model) if "num_batches" not in name}
    discriminators = {f"1.{name}" for name in engine.own.state_dict()}
    assert touched["discriminator"] == discriminators
    assert not touched["generator"] & discriminators
    assert len(touched["generator"] & generator) > 0.9 * len(generator)


def test_what_is_made_for_step_three_has_no_gradient_and_is_made_of_drawn_shares() -> None:
    engine, training = made(keep_inpainting=0.0)
    engine.begin(0, 0)
    drawn = batch()
    parts = {name: torch.rand(2, 3, SIZE, SIZE, requires_grad=True) for name in "bct"}
    moved = Moved(parts, torch.rand(2, 1, SIZE, SIZE, requires_grad=True), torch.rand(2, 3, SIZE, SIZE))
    pairs = Pairs(torch.tensor([0, 1]), torch.tensor([2, 3]))
    hard = training._harder(engine, moved, drawn, pairs)
    assert not hard.requires_grad
    shares = engine.rand("physttd.harder", ["s2", "s3"], (4,))
    wanted = drawn.tensors["face"][:2] + sum(
        shares[:, place].reshape(2, 1, 1, 1) * part for place, part in enumerate(parts.values())
    )
    assert torch.allclose(hard, wanted, atol=1e-6)


def test_the_traces_of_step_one_get_no_gradient_from_step_three() -> None:
    engine, training = made(
        depth_weight=0, gan_weight=0, prior_weight=0, size_live=0, size_spoof=0, hard_weight=0, trace_of_live=False
    )
    gradients = []
    for weight in (10.0, 20.0):
        training.settings = replace(training.settings, trace_weight=weight)
        engine.begin(0, 0)
        part = engine.optimizers["generator"]
        part.accumulate = 2  # the gradient is kept, nothing is stepped
        part.pending, part.begun = 0, False
        training.step(engine, batch())
        gradients.append({name: p.grad.clone() for name, p in engine.model.named_parameters() if p.grad is not None})
    flat = [torch.cat([g.flatten() for g in found.values()]) for found in gradients]
    assert float(flat[0].abs().max()) > 0
    # All of it comes through the one loss of step 3, whose input and target are data: twice the weight is twice the gradient.
    assert torch.allclose(2 * flat[0], flat[1], rtol=1e-3, atol=1e-6)


def test_losses_are_finite_float32_in_bf16_and_bear_every_variant() -> None:
    for recipe in (
        {},
        {"steps": 2},
        {"prior": False, "size": "sum", "discriminator_colours": "rgb_yuv", "polarity": "real_is_zero"},
    ):
        engine, training = made("bf16", **recipe)
        losses = steps(engine, training, range(1))
        assert all(value.dtype == torch.float32 and bool(torch.isfinite(value)) for value in losses.values())
        assert set(losses) == {"loss", "discriminator", "depth", "gan", "size"} | (
            {"prior"} if recipe.get("prior", True) else set()
        ) | ({"hard", "trace"} if recipe.get("steps", 3) == 3 else set())


def test_step_one_alone_trains_depth_without_discriminators() -> None:
    engine, training = made(steps=1)
    assert set(steps(engine, training, range(1))) == {"loss", "depth"}
    assert not training.own
    assert set(training.optimizers()) == {"generator"}


def test_a_training_that_goes_on_from_a_checkpoint_ends_in_the_same_bits(tmp_path: Path) -> None:
    whole = made()
    steps(*whole, range(3))
    broken = made()
    steps(*broken, range(1))
    checkpoint.save_last(tmp_path / "last", broken[0], Counters(step=1))
    fresh = made()
    checkpoint.load_last(tmp_path / "last", fresh[0])
    losses = steps(*fresh, range(1, 3))
    assert not changed(state(whole[0].model, whole[0].own), state(fresh[0].model, fresh[0].own))
    assert set(losses) > {"discriminator", "trace"}


def test_a_batch_without_live_faces_or_without_attacks_is_an_error_that_names_records() -> None:
    engine, training = made()
    for labels, words in (
        ("ssss", r"\(s0, s1, s2, …\) has no bona fide record"),
        ("ll", r"\(l0, l1, …\) has no attack"),
    ):
        engine.begin(0, 0)
        with pytest.raises(FascoreError, match=words):
            training.step(engine, batch(labels))


def test_the_smaller_class_comes_round_again() -> None:
    engine, training = made()
    engine.begin(0, 0)
    losses = training.step(engine, batch("lsss"))
    assert all(bool(torch.isfinite(value)) for value in losses.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"generator": "face"}, "trains a physttd.generator"),
        ({"landmarks": "face"}, "'landmarks' names 'face'"),
        ({"depth": "face.points"}, "use Plane"),
    ],
)
def test_a_recipe_that_lacks_what_it_needs_is_refused_before_torch(change: dict[str, str], words: str) -> None:
    with pytest.raises(SpecErrors, match=words):
        plan(**change)


@pytest.mark.parametrize("modality", ["face", "depth", "outline"])
def test_where_a_modality_is_optional_a_batch_with_a_record_that_lacks_it_names_the_record_and_what_to_add(
    modality: str,
) -> None:
    engine, training = made()
    engine.begin(0, 0)
    drawn = batch()
    lacking = replace(drawn, present={**drawn.present, modality: torch.tensor([True, True, False, True])})
    with pytest.raises(
        FascoreError, match=rf"record 's2' has no '{modality}.*add it to the data.*modalities\.{modality}"
    ):
        training.step(engine, lacking)


def test_discriminators_are_four_of_the_published_kind() -> None:
    _, training = made(discriminator_width=1.0)
    assert [parameters(part) for part in training.own.values()] == [242_241] * 4
    assert all(isinstance(part, PatchGan) for part in training.own.values())
    assert [training._seen(torch.rand(1, 3, 256, 256), name).shape[-1] for name in training.own] == [32, 96, 256, 256]


def test_discriminators_may_rest_every_second_step() -> None:
    engine, training = made(discriminator_every=2)
    moved = []
    for step in range(3):
        before = state(engine.own)
        engine.begin(0, step)
        training.step(engine, batch(seed=step))
        engine.finish()
        after = state(engine.own)
        moved.append(any(not torch.equal(value, after[name]) for name, value in before.items()))
    assert moved == [True, False, True]


def drawn_parts() -> tuple[dict[str, Tensor], Moved, Pairs]:
    random = torch.Generator().manual_seed(2)
    parts = {name: torch.rand(2, 3, SIZE, SIZE, generator=random) for name in "bct"}
    return (
        parts,
        Moved(parts, torch.zeros(2, 1, SIZE, SIZE), torch.zeros(2, 3, SIZE, SIZE)),
        Pairs(torch.tensor([0, 1]), torch.tensor([2, 3])),
    )


def test_a_share_of_one_trace_leaves_the_others_whole() -> None:
    engine, training = made(share_of="one", share=(0.1, 0.8))
    engine.begin(0, 0)
    data = batch()
    parts, moved, pairs = drawn_parts()
    added = training._harder(engine, moved, data, pairs) - data.tensors["face"][:2]
    whole = torch.stack(list(parts.values()))
    for row in range(2):
        basis = whole[:, row].flatten(1).T
        shares = sorted(torch.linalg.lstsq(basis, added[row].flatten()[:, None]).solution[:, 0].tolist())
        assert 0.1 <= shares[0] <= 0.8
        assert shares[1:] == pytest.approx([1, 1], abs=1e-3)


def test_the_warp_as_printed_is_the_one_of_swapped_faces() -> None:
    engine, training = made(warp="printed", anchors=False)
    engine.begin(0, 0)
    data = batch()
    pairs = Pairs(torch.tensor([0, 1]), torch.tensor([2, 3]))
    with torch.no_grad():
        found = training._traces(engine.graph(data, ["gen"]))
        moved = training._moved(found, data, pairs)
    points = data.tensors["face.points"]
    delta = offsets(points[:2], points[2:], SIZE, border=False)
    assert torch.allclose(moved.source, warp(data.tensors["face"][2:], delta), atol=1e-5)
    assert not delta[:, 0].any()  # nothing moves outside the landmarks' hull


def test_sizes_of_discriminators_are_eighths_of_the_picture() -> None:
    _, training = made(
        discriminator_eighths=(2, 4, 8, 4), discriminator_layers="seven_and_three", discriminator_output="sigmoid"
    )
    assert [training._seen(torch.rand(1, 3, SIZE, SIZE), name).shape[-1] for name in training.own] == [32, 64, 128, 64]
    assert all(part.bounded for part in training.own.values())


def test_losses_of_other_norms_are_finite_and_reach_the_generator() -> None:
    engine, training = made(adversarial_norm="norm", depth_norm="frobenius", beta_channels="sum", share_of="one")
    before = state(engine.model)
    engine.begin(0, 0)
    losses = training.step(engine, batch())
    assert all(bool(torch.isfinite(value)) for value in losses.values())
    assert any(not torch.equal(value, before[name]) for name, value in state(engine.model).items())
