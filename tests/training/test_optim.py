"""Optimisers and schedules against torch itself and closed forms."""

import json
import math
from typing import Any

import pytest
import torch
from torch import nn

from fascore import FascoreError
from fascore.components.recipes import Optimizer, Schedule, Supervised
from fascore.contract.component import validate
from fascore.training.optim import ManagedOptimizer, make_optimizer

NAMES = (
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "asgd",
    "nadam",
    "radam",
    "rmsprop",
    "rprop",
    "sgd",
)


def built(name: str, model: nn.Module, schedule: Schedule | None = None, **arguments: object) -> ManagedOptimizer:
    config = validate(Optimizer, {"name": name, "lr": 0.01, **arguments})
    return make_optimizer(model.parameters(), config, schedule or Schedule(), epochs=2, steps_per_epoch=5)


def model_of(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))


def steps(model: nn.Module, part: ManagedOptimizer, first: int, last: int) -> None:
    for step in range(first, last):
        part.clear()
        model(torch.randn(8, 4, generator=torch.Generator().manual_seed(step))).square().mean().backward()
        part.update()


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_goes_on_from_its_saved_state_to_the_same_bits(name: str) -> None:
    whole, part = model_of(), model_of()
    unbroken, broken = built(name, whole, Schedule(name="cosine")), built(name, part, Schedule(name="cosine"))
    steps(whole, unbroken, 0, 8)
    steps(part, broken, 0, 3)
    tensors, facts = broken.state()
    again = model_of(1)
    again.load_state_dict(part.state_dict())
    resumed = built(name, again, Schedule(name="cosine"))
    resumed.restore({key: value.clone() for key, value in tensors.items()}, json.loads(json.dumps(facts)))
    steps(again, resumed, 3, 8)
    assert resumed.rate == unbroken.rate
    for mine, other in zip(again.parameters(), whole.parameters()):
        assert torch.equal(mine, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_named_optimizer_steps_as_that_class_of_torch(name: str) -> None:
    mine, theirs = model_of(), model_of()
    by_name = {key.lower(): value for key, value in vars(torch.optim).items() if isinstance(value, type)}
    reference = by_name[name](theirs.parameters(), lr=0.01)
    part = built(name, mine)
    steps(mine, part, 0, 3)
    for step in range(3):
        reference.zero_grad()
        theirs(torch.randn(8, 4, generator=torch.Generator().manual_seed(step))).square().mean().backward()
        reference.step()
    for one, other in zip(mine.parameters(), theirs.parameters()):
        assert torch.equal(one, other)


def test_a_state_of_other_parameters_is_refused() -> None:
    tensors, facts = built("sgd", model_of()).state()
    with pytest.raises(FascoreError, match="different parameters"):
        built("sgd", nn.Linear(2, 2)).restore(tensors, facts)


def test_what_torch_refuses_is_a_sentence() -> None:
    with pytest.raises(FascoreError, match=r"torch rejects the optimizer muon: Muon only supports 2D parameters"):
        built("muon", model_of())


def test_a_model_that_is_wholly_frozen_is_refused() -> None:
    with pytest.raises(FascoreError, match="no parameters to train"):
        built("sgd", model_of().requires_grad_(False))


def rates(schedule: Schedule, epochs: int, updates: int) -> list[float]:
    """Learning rate that each step uses."""
    model = nn.Linear(1, 1)
    part = make_optimizer(
        model.parameters(), Optimizer(name="sgd", lr=0.5), schedule, epochs=epochs, steps_per_epoch=updates
    )
    found = []
    for _ in range(epochs * updates):
        found.append(part.rate)
        model.weight.grad = torch.zeros(1, 1)
        part.update()
    return found


def test_cosine_follows_its_formula() -> None:
    expected = [0.1 + 0.4 * (1 + math.cos(math.pi * t / 20)) / 2 for t in range(20)]
    assert rates(Schedule(name="cosine", minimum=0.1), 4, 5) == pytest.approx(expected)


def test_poly_follows_its_formula() -> None:
    expected = [0.5 * (1 - t / 20) ** 2 for t in range(20)]
    assert rates(Schedule(name="poly", power=2), 4, 5) == pytest.approx(expected)


def test_step_and_multistep_decay_at_their_epochs() -> None:
    assert rates(Schedule(name="step", decay_epochs=2, decay_rate=0.1), 4, 3) == pytest.approx([0.5] * 6 + [0.05] * 6)
    assert rates(Schedule(name="multistep", milestones=(1, 3), decay_rate=0.5), 4, 2) == pytest.approx(
        [0.5] * 2 + [0.25] * 4 + [0.125] * 2
    )


def test_none_is_constant_after_a_linear_warm_up() -> None:
    warm = [0.1 + 0.4 * t / 4 for t in range(4)]
    assert rates(Schedule(warmup_epochs=2, warmup_lr=0.1), 3, 2) == pytest.approx([*warm, 0.5, 0.5])
    assert rates(Schedule(warmup_steps=4, warmup_lr=0.1), 3, 2) == pytest.approx([*warm, 0.5, 0.5])


def test_tanh_ends_near_its_minimum() -> None:
    course = rates(Schedule(name="tanh", minimum=0.01), 10, 4)
    assert course == sorted(course, reverse=True)
    assert course[-1] < 0.03


@pytest.mark.parametrize(
    "wrong",
    [{"warmup_epochs": 1, "warmup_steps": 2}, {"name": "multistep"}, {"name": "multistep", "milestones": [3, 1]}],
)
def test_a_schedule_whose_fields_disagree_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(FascoreError, match=r"remove one of them|multistep needs milestones in increasing order"):
        validate(Schedule, wrong)


@pytest.mark.parametrize("name", ["adamw", "adam"])
def test_decay_of_matrices_leaves_biases_and_norms_and_single_numbers_alone(name: str) -> None:
    """With no gradient of the loss, one step of AdamW shrinks a decaying tensor by lr * decay and moves no other."""

    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.norm, self.scale = nn.Linear(3, 2), nn.LayerNorm(2), nn.Parameter(torch.tensor(0.5))

    for decay, moving in (
        ("all", {"linear.weight", "linear.bias", "norm.weight", "scale"}),
        ("matrices", {"linear.weight"}),
    ):
        graph: Any = Graph()
        nn.init.ones_(graph.linear.bias)
        recipe = validate(Supervised, {"optimizer": {"name": name, "lr": 0.1, "weight_decay": 0.5}, "decay": decay})
        part = recipe.build(graph, 10).optimizers()["graph"]
        before = {key: p.detach().clone() for key, p in graph.named_parameters()}
        for parameter in graph.parameters():
            parameter.grad = torch.zeros_like(parameter)
        part.update()
        assert {key for key, p in graph.named_parameters() if not torch.equal(p, before[key])} == moving
        if name == "adamw":
            torch.testing.assert_close(graph.linear.weight.detach(), before["linear.weight"] * (1 - 0.1 * 0.5))
