"""The engine against sums written out by hand."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn
from training_toys import batch_of, records, spec_of

from fascore import generator
from fascore.components.recipes import Optimizer, Schedule
from fascore.model import ModelGraph
from fascore.spec.plan import check
from fascore.training.ema import Ema
from fascore.training.engine import Engine
from fascore.training.optim import ManagedOptimizer, make_optimizer

CPU = torch.device("cpu")


class Bare:
    """A training that only has optimizers."""

    def __init__(self, own: nn.Module, **parts: ManagedOptimizer) -> None:
        self.own, self.parts = nn.ModuleDict({"own": own}), parts

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self.parts

    def step(self, engine: Engine, batch: Any) -> Mapping[str, Tensor]:
        raise NotImplementedError


def engine_of(own: nn.Module, *, ema: float | None = None, **settings: Any) -> Engine:
    """An engine whose one optimizer `it` is plain gradient descent over `own`."""
    part = make_optimizer(
        own.parameters(), Optimizer(name="sgd", lr=0.1), Schedule(), epochs=1, steps_per_epoch=100, **settings
    )
    spec = spec_of("classification")
    return Engine(
        ModelGraph.build(check(spec), spec.seed), Bare(own, it=part), device=CPU, precision="fp32", seed=5, ema=ema
    )


def regress(model: nn.Module, inputs: Tensor) -> Tensor:
    return (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()


def test_accumulation_over_equal_batches_is_one_batch_of_them_all() -> None:
    torch.manual_seed(0)
    whole = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    parts, inputs = copy.deepcopy(whole), torch.randn(12, 3, dtype=torch.float64)
    one, four = engine_of(whole), engine_of(parts, accumulate=4)
    one.optimize("it", lambda: regress(whole, inputs))
    for piece in inputs.split(3):
        assert not one.optimizers["it"].pending
        four.optimize("it", lambda piece=piece: regress(parts, piece))
    assert four.settled
    for mine, other in zip(parts.parameters(), whole.parameters()):
        # The engine takes losses in float32, so gradients agree to its precision.
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-7)


def test_batches_left_over_at_the_end_of_an_epoch_are_stepped_by_their_own_mean() -> None:
    torch.manual_seed(0)
    whole = nn.Linear(3, 1)
    parts, inputs = copy.deepcopy(whole), torch.randn(6, 3)
    engine_of(whole).optimize("it", lambda: regress(whole, inputs))
    engine = engine_of(parts, accumulate=4)
    for piece in inputs.split(3):
        engine.optimize("it", lambda piece=piece: regress(parts, piece))
    assert not engine.settled
    engine.flush()
    assert engine.settled
    torch.testing.assert_close(parts.weight, whole.weight)


def test_clipping_bounds_the_norm_of_the_whole_gradient() -> None:
    model = nn.Linear(3, 1)
    before = torch.cat([p.detach().clone().flatten() for p in model.parameters()])
    engine_of(model, clip=0.25).optimize("it", lambda: 1000 * regress(model, torch.ones(2, 3)))
    moved = torch.cat([p.detach().flatten() for p in model.parameters()]) - before
    assert moved.norm().item() == pytest.approx(0.1 * 0.25, rel=1e-4)


def test_optimize_gives_gradients_to_its_own_parameters_only() -> None:
    inner, outer = nn.Linear(3, 3), nn.Linear(3, 1)
    engine_of(outer).optimize("it", lambda: regress(nn.Sequential(inner, outer), torch.randn(4, 3)))
    assert inner.weight.grad is None
    assert outer.weight.grad is not None


def test_a_parameter_without_gradient_stays_as_it_is_even_under_weight_decay() -> None:
    used, unused = nn.Linear(3, 1), nn.Linear(3, 1)
    both, before = nn.ModuleList([used, unused]), unused.weight.detach().clone()
    part = make_optimizer(
        both.parameters(), Optimizer(name="adamw", lr=0.1, weight_decay=0.5), Schedule(), epochs=1, steps_per_epoch=9
    )
    engine = engine_of(nn.Linear(1, 1))
    engine.optimizers["it"] = part
    for _ in range(3):
        engine.optimize("it", lambda: regress(used, torch.randn(4, 3)))
    assert torch.equal(unused.weight, before)


def test_the_share_of_a_process_weighs_its_gradient_and_not_its_reported_loss() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    doubled, inputs = copy.deepcopy(model), torch.randn(4, 3)
    start = model.weight.detach().clone()
    plain, heavy = engine_of(model), engine_of(doubled)
    heavy.begin(0, 0, share=2.0)
    assert plain.optimize("it", lambda: regress(model, inputs)) == heavy.optimize(
        "it", lambda: regress(doubled, inputs)
    )
    torch.testing.assert_close(doubled.weight - start, 2 * (model.weight - start))


def test_frozen_stops_gradients_and_running_statistics_and_nothing_else() -> None:
    torch.manual_seed(0)
    frozen = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4)), nn.BatchNorm1d(4), nn.Linear(4, 1))
    outer, inputs = nn.Linear(3, 3), torch.randn(8, 3)
    expected = copy.deepcopy(frozen)(outer(inputs)).detach()
    before = copy.deepcopy(frozen.state_dict())
    engine = engine_of(outer)
    with engine.frozen(frozen):
        got = frozen(outer(inputs))
    got.square().mean().backward()
    torch.testing.assert_close(got, expected)
    assert all(torch.equal(value, before[key]) for key, value in frozen.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in frozen.parameters())
    assert outer.weight.grad is not None
    frozen(inputs).sum().backward()
    assert frozen[2].weight.grad is not None
    assert not torch.equal(frozen[1].running_mean, before["1.running_mean"])


def test_frozen_inside_a_closure_lets_the_generator_learn_through_the_critic() -> None:
    torch.manual_seed(0)
    generator, critic = nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    start, statistics = generator.weight.detach().clone(), critic[1].running_mean.clone()
    engine = engine_of(generator)

    def fool() -> Tensor:
        with engine.frozen(critic), engine.frozen(critic[1]):
            return critic(generator(torch.randn(5, 3))).square().mean() + generator.weight.square().sum()

    engine.optimize("it", fool)
    assert not torch.equal(generator.weight, start)
    assert torch.equal(critic[1].running_mean, statistics)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in critic.parameters())


@settings(deadline=None, max_examples=20)
@given(ids=st.lists(st.text("abc", min_size=1), min_size=1, max_size=6, unique=True), step=st.integers(0, 99))
def test_draws_belong_to_the_record_and_not_to_its_batch(ids: list[str], step: int) -> None:
    engine = engine_of(nn.Linear(1, 1))
    engine.begin(2, step)
    together = engine.rand("noise", ids, (2, 3))
    torch.rand(7)
    assert all(torch.equal(engine.rand("noise", [identity], (2, 3))[0], row) for identity, row in zip(ids, together))
    assert ((together >= 0) & (together < 1)).all()
    assert not torch.equal(engine.rand("other", ids, (2, 3)), together)
    assert engine.rand("noise", [], (2, 3)).shape == (0, 2, 3)
    engine.begin(2, step + 1)
    assert not torch.equal(engine.rand("noise", ids, (2, 3)), together)


def test_torch_is_seeded_by_the_step_whatever_was_drawn_before() -> None:
    engine = engine_of(nn.Linear(1, 1))
    engine.begin(0, 4)
    first = torch.rand(3)
    torch.rand(100)
    engine.begin(1, 4)
    assert torch.equal(torch.rand(3), first)
    engine.begin(1, 5)
    assert not torch.equal(torch.rand(3), first)


def test_streams_are_named_by_seed_purpose_epoch_step_and_record() -> None:
    engine = engine_of(nn.Linear(1, 1))  # of seed 5
    engine.begin(2, 7)
    assert (engine.epoch, engine.step_number) == (2, 7)
    seeded = torch.rand(3)
    stream = generator(5, "noise", 2, 7, "a").random((4,), dtype="float32")
    assert torch.equal(engine.rand("noise", ["a"], (4,))[0], torch.from_numpy(stream))
    torch.manual_seed(int(generator(5, "step", 7, 0).integers(2**63)))
    assert torch.equal(torch.rand(3), seeded)


def test_losses_are_float32_under_bfloat16() -> None:
    spec = spec_of("classification")
    model = ModelGraph.build(check(spec), spec.seed)
    part = make_optimizer(model.parameters(), Optimizer(name="sgd", lr=0.1), Schedule(), epochs=1, steps_per_epoch=9)
    engine = Engine(model, Bare(nn.Linear(1, 1), it=part), device=CPU, precision="bf16", seed=0)
    batch = batch_of(records(6), ("face",))
    outputs = engine.graph(batch)
    assert outputs.values["all"].dtype == torch.bfloat16
    assert {loss.dtype for loss in engine.losses(outputs, batch).values()} == {torch.float32}
    assert engine.optimize("it", lambda: sum(engine.losses(engine.graph(batch), batch).values())).dtype == torch.float32
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


def test_the_moving_average_follows_its_formula_and_lends_its_weights_for_a_while() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).double()
    weights = [model[0].weight.detach().clone()]
    ema, decay = Ema(model, 0.8), 0.8
    for step in range(5):
        with torch.no_grad():
            model[0].weight.add_(step - 1.5)
        weights.append(model[0].weight.detach().clone())
        model(torch.randn(4, 2, dtype=torch.float64))
        ema.update()
    closed = decay**5 * weights[0] + sum((1 - decay) * decay ** (5 - i) * weights[i] for i in range(1, 6))
    torch.testing.assert_close(ema.values["0.weight"], closed)
    assert ema.values["1.num_batches_tracked"] == 5
    with ema.applied():
        torch.testing.assert_close(model[0].weight.detach(), closed)
    assert torch.equal(model[0].weight, weights[5])
