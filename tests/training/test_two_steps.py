"""SAM and gradient penalties through the engine, against closed forms and against plain torch."""

import copy
from typing import Any

import pytest
import torch
from test_engine import CPU, Bare, engine_of, regress
from torch import Tensor, nn
from training_toys import batch_of, records, spec_of
from two_step_recipes import CriticTraining, sharp_backward, slope

from fascore import FascoreError
from fascore.model import ModelGraph
from fascore.spec.plan import check
from fascore.training.engine import Engine


class Scalar(nn.Module):
    """One weight."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([value]))


def test_sam_on_a_parabola_follows_its_closed_form() -> None:
    model, curvature, rho, w = Scalar(0.8), 3.0, 0.05, 0.8
    engine = engine_of(model)
    for _ in range(4):
        parabola = lambda: (curvature / 2 * model.w.square()).sum()
        loss = sharp_backward(engine, "it", engine.gradients("it", parabola), rho, parabola)
        assert loss.item() == pytest.approx(curvature / 2 * (w + rho) ** 2, rel=1e-5)
        assert model.w.item() == pytest.approx(w, rel=1e-6), "the weights are where they were before the step"
        assert engine.step("it")
        w -= 0.1 * curvature * (w + rho)
    assert model.w.item() == pytest.approx(w, rel=1e-5)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_sam_as_a_recipe_equals_plain_torch(accumulate: int) -> None:
    spec = spec_of("sharpness", recipe={"accumulate": accumulate, "rho": 0.3})
    graph = ModelGraph.build(check(spec), spec.seed)
    twin = copy.deepcopy(graph).train()
    training = spec.recipe.build(graph, 4)
    engine = Engine(graph, training, device=CPU, precision="fp32", seed=1)
    engine.train()
    plain = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    for number, rows in enumerate((records(24)[:8], records(24)[8:16], records(24)[16:24], records(24)[4:12])):
        batch = batch_of(rows, ("face",))
        engine.begin(0, number)
        training.step(engine, batch)
        engine.finish()
        sam_by_hand(twin, batch, 0.3, accumulate)
        if (number + 1) % accumulate == 0:
            plain.step()
            plain.zero_grad()
            twin.update(lambda tensor: tensor)
        assert engine.settled == ((number + 1) % accumulate == 0)
    for mine, other in zip(graph.state_dict().values(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, other)


def sam_by_hand(twin: ModelGraph, batch: Any, rho: float, accumulate: int) -> None:
    """Both passes in plain torch; the second gradient is added to `.grad`."""
    loss = lambda: sum(twin.losses(twin(batch), batch).values())
    kept, collected = copy.deepcopy(dict(twin.named_buffers())), [p.grad for p in twin.parameters()]
    twin.zero_grad()
    loss().backward()
    for name, buffer in twin.named_buffers():
        buffer.copy_(kept[name])
    weights = copy.deepcopy(twin.state_dict())
    norm = sum(float(p.grad.square().sum()) for p in twin.parameters()) ** 0.5
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(rho / norm * parameter.grad)
    for parameter, gradient in zip(twin.parameters(), collected):
        parameter.grad = gradient
    (loss() / accumulate).backward()
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            parameter.copy_(weights[name])


def test_penalties_of_a_linear_critic_follow_their_closed_forms() -> None:
    torch.manual_seed(0)
    critic, real = nn.Linear(5, 1), torch.randn(7, 5)
    w = critic.weight.detach().clone()
    engine = engine_of(critic)
    engine.optimize("it", lambda: 3 / 2 * slope(critic, real).square().sum(1).mean())  # R1: 3 / 2 ||w||^2
    torch.testing.assert_close(critic.weight.detach(), w - 0.1 * 3 * w)
    w = critic.weight.detach().clone()
    engine.optimize("it", lambda: 10 * (slope(critic, real).norm(dim=1) - 1).square().mean())  # 10 (||w|| - 1)^2
    torch.testing.assert_close(critic.weight.detach(), w - 0.1 * 20 * (w.norm() - 1) * w / w.norm())


@pytest.mark.parametrize("penalty", ["wgan_gp", "r1"])
def test_a_gradient_penalty_as_a_recipe_equals_plain_torch(penalty: str) -> None:
    spec = spec_of("adversarial", recipe={"type": "toy.critic", "penalty": penalty})
    graph = ModelGraph.build(check(spec), spec.seed)
    torch.manual_seed(4)
    training = spec.recipe.build(graph, 4)
    assert isinstance(training, CriticTraining)
    node, critic = copy.deepcopy(graph.node("gen")).train(), copy.deepcopy(training.critic)
    engine = Engine(graph, training, device=CPU, precision="fp32", seed=1)
    engine.train()
    sides = [torch.optim.SGD(module.parameters(), lr=0.05) for module in (node, critic)]
    for number in range(3):
        batch = batch_of(records(24)[8 * number : 8 * number + 8], ("face",))
        engine.begin(0, number)
        training.step(engine, batch)
        critic_by_hand(node, critic, sides, batch.tensors["face"], engine.rand("mix", batch.ids, (1,)), penalty)
    pairs = [*zip(training.critic.parameters(), critic.parameters())]
    pairs += zip(graph.node("gen").parameters(), node.parameters())
    for mine, other in pairs:
        torch.testing.assert_close(mine, other)


def critic_by_hand(
    node: nn.Module, critic: nn.Module, sides: list[torch.optim.Optimizer], real: Tensor, share: Tensor, penalty: str
) -> None:
    """One step of both sides in plain torch."""
    fake = real - node(real)["trace"]
    (-critic(fake).mean()).backward()
    sides[0].step()
    critic.zero_grad()
    node.zero_grad()
    at = (share * real + (1 - share) * fake if penalty == "wgan_gp" else real).detach().requires_grad_(True)
    gradient = torch.autograd.grad(critic(at).sum(), at, create_graph=True)[0]
    if penalty == "wgan_gp":
        loss = (
            critic(fake.detach()).mean()
            - critic(real).mean()
            + 10 * ((gradient.square().sum(1).sqrt() - 1) ** 2).mean()
        )
    else:
        loss = ((critic(real) - 1) ** 2).mean() + (critic(fake.detach()) ** 2).mean() + 5 * (gradient**2).sum(1).mean()
    loss.backward()
    sides[1].step()
    critic.zero_grad()


def test_optimize_is_backward_and_step_to_the_bit() -> None:
    torch.manual_seed(0)
    whole = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    apart, inputs = copy.deepcopy(whole), torch.randn(6, 4, 3)
    one, two = engine_of(whole, accumulate=2, clip=0.5), engine_of(apart, accumulate=2, clip=0.5)
    stepped = []
    for piece in inputs:
        loss = one.optimize("it", lambda piece=piece: regress(whole, piece))
        assert torch.equal(two.backward("it", regress(apart, piece)), loss)
        stepped.append(two.step("it"))
    assert stepped == [False, True] * 3
    assert two.optimizers["it"].updates == one.optimizers["it"].updates == 3
    assert all(torch.equal(mine, other) for mine, other in zip(apart.parameters(), whole.parameters()))


def test_backward_adds_up_until_the_step_and_begins_anew_after_it() -> None:
    torch.manual_seed(0)
    model, inputs = nn.Linear(3, 1), torch.randn(2, 4, 3)
    engine = engine_of(model)
    expected = [*torch.autograd.grad(regress(model, inputs[0]) + regress(model, inputs[1]), [*model.parameters()])]
    for piece in inputs:
        assert engine.backward("it", regress(model, piece)).requires_grad is False
        assert not engine.settled
    for parameter, gradient in zip(model.parameters(), expected):
        torch.testing.assert_close(parameter.grad, gradient)
    assert engine.step("it") and engine.settled
    again = torch.autograd.grad(regress(model, inputs[0]), [*model.parameters()])
    engine.backward("it", regress(model, inputs[0]))
    for parameter, gradient in zip(model.parameters(), again):
        torch.testing.assert_close(parameter.grad, gradient)


def test_gradients_are_returned_and_change_nothing_that_waits() -> None:
    torch.manual_seed(0)
    used, unused, fixed = nn.Linear(3, 1), nn.Linear(3, 1), nn.Linear(3, 1)
    inputs, other = torch.randn(4, 3), torch.randn(4, 3)
    engine = engine_of(nn.ModuleList([used, unused, fixed]), accumulate=2)
    fixed.requires_grad_(False)
    engine.optimize("it", lambda: regress(used, inputs))
    waiting = used.weight.grad.clone()
    gradients = engine.gradients("it", lambda: regress(used, other))
    assert set(gradients) == {used.weight, used.bias}
    torch.testing.assert_close(gradients[used.weight], torch.autograd.grad(regress(used, other), used.weight)[0])
    gradients[used.weight].zero_()
    assert torch.equal(used.weight.grad, waiting)
    assert engine.optimizers["it"].pending == 1 and unused.weight.grad is None
    assert engine.gradients("it", torch.zeros(())) == {}


def test_gradients_of_parameters_that_share_one_gradient_can_be_changed_one_by_one() -> None:
    first, second = Scalar(1.0), Scalar(2.0)
    engine = engine_of(nn.ModuleList([first, second]))
    gradients = engine.gradients("it", lambda: (first.w + second.w).sum())
    gradients[first.w].mul_(5)
    assert (gradients[first.w].item(), gradients[second.w].item()) == (5, 1)


def test_the_share_of_a_process_weighs_the_gradients_that_it_is_asked_for() -> None:
    model = Scalar(1.0)
    engine = engine_of(model)
    engine.begin(0, 0, share=0.25)
    assert engine.gradients("it", lambda: 2 * model.w.sum())[model.w].item() == 0.5


def test_an_epoch_that_ends_before_the_step_takes_what_was_collected() -> None:
    model = Scalar(1.0)
    engine = engine_of(model, ema=0.5)
    engine.backward("it", lambda: 2 * model.w.sum())
    engine.flush()
    assert model.w.item() == pytest.approx(1 - 0.1 * 2)
    assert engine.settled
    engine.flush()
    assert model.w.item() == pytest.approx(1 - 0.1 * 2)


def test_objectives_and_the_moving_average_follow_updates_and_not_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scalar(1.0)
    engine = engine_of(model, accumulate=2, ema=0.5)
    seen: list[str] = []
    monkeypatch.setattr(engine.model, "update", lambda reduce: seen.append("objectives"))
    monkeypatch.setattr(engine.ema, "update", lambda: seen.append("average"))
    engine.gradients("it", lambda: model.w.sum())
    engine.finish()
    engine.optimize("it", lambda: model.w.sum())
    engine.finish()
    assert seen == []
    engine.optimize("it", lambda: model.w.sum())
    engine.finish()
    assert seen == ["objectives", "average"]
    engine.finish()
    assert seen == ["objectives", "average"]


def test_a_step_without_gradients_says_what_to_call() -> None:
    engine = engine_of(Scalar(1.0))
    for _ in range(2):
        with pytest.raises(
            FascoreError, match=r"engine.step\('it'\) has no gradients; call engine.backward\('it', loss\) first"
        ):
            engine.step("it")
        engine.optimize("it", lambda: engine.optimizers["it"].parameters[0].sum())


def test_an_optimizer_that_the_engine_cannot_manage_is_a_sentence() -> None:
    own = Scalar(1.0)
    bare = Bare(own, it=torch.optim.SGD(own.parameters(), lr=0.1))
    spec = spec_of("classification")
    with pytest.raises(FascoreError, match=r"optimizer 'it' is a SGD; build it with fascore.make_optimizer"):
        Engine(ModelGraph.build(check(spec), spec.seed), bare, device=CPU, precision="fp32", seed=0)


def test_frozen_statistics_leave_gradients_and_hold_buffers() -> None:
    torch.manual_seed(0)
    model, inputs = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)), torch.randn(8, 3)
    free, before = copy.deepcopy(model), copy.deepcopy(dict(model.named_buffers()))
    engine = engine_of(model)
    with engine.frozen(model, model[1], statistics_only=True):
        loss = model(inputs).square().mean()
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())
    engine.optimize("it", lambda: loss)
    free(inputs).square().mean().backward()
    for mine, other in zip(model.parameters(), free.parameters()):
        torch.testing.assert_close(mine.grad, other.grad)
    model(inputs)
    assert not torch.equal(model[1].running_mean, before["1.running_mean"])


def test_a_block_that_fails_gives_parameters_and_statistics_back() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    before = model[1].running_mean.clone()
    with pytest.raises(RuntimeError, match="stop"), engine_of(nn.Linear(1, 1)).frozen(model):
        model(torch.randn(5, 3))
        raise RuntimeError("stop")
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(model[1].running_mean, before)


def test_a_batch_that_teaches_nothing_counts_and_changes_nothing() -> None:
    model = Scalar(1.0)
    engine = engine_of(model, accumulate=2)
    assert engine.backward("it", torch.tensor(3.0)) == 3
    assert not engine.step("it")
    engine.optimize("it", lambda: 4 * model.w.sum())
    assert model.w.item() == pytest.approx(1 - 0.1 * 4 / 2)
    model.w.requires_grad_(False)
    data = torch.ones(1, requires_grad=True)
    assert engine.gradients("it", lambda: data.sum()) == {}
    engine.optimize("it", lambda: data.sum())
    assert data.grad is None
