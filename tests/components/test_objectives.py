"""Objectives against double loops in float64, alone and over two processes."""

import os
import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file

from fascore import Dense, Labels, Plane, SpecError, Tokens, Vector
from fascore.components.objectives import Center, SupervisedContrastive

LABEL = Labels("label")


def contrastive_by_loops(z, y, tau):
    z = torch.nn.functional.normalize(z.double(), dim=1)
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if y[p] == y[i]]
        below = sum(torch.exp(z[i] @ z[a] / tau) for a in others)
        terms = [torch.log(torch.exp(z[i] @ z[p] / tau) / below) for p in positives]
        losses.append(-sum(terms) / len(terms) if terms else z[i].sum() * 0)
    return torch.stack(losses)


@pytest.mark.parametrize("tau", [0.07, 0.1, 1.0])
def test_supervised_contrastive_is_equation_2(tau):
    z, y = torch.randn(9, 4, requires_grad=True), torch.tensor([0, 1, 0, 2, 1, 0, 3, 1, 0])
    loss = SupervisedContrastive(temperature=tau).build([Vector(4)], LABEL)(z, target=y)
    expected = contrastive_by_loops(z, y, tau)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-5)
    assert loss[3] == 0 and loss[6] == 0
    ours, theirs = (torch.autograd.grad(total, z)[0] for total in (loss.sum(), expected.sum()))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_give_no_loss_and_no_nan(rows):
    z = torch.randn(rows, 4, requires_grad=True)
    loss = SupervisedContrastive().build([Vector(4)], LABEL)(z, target=torch.zeros(rows, dtype=torch.long))
    loss.sum().backward()
    assert loss.shape == (rows,) and (loss == 0).all() and (z.grad == 0).all()


COUNTS = ((4, 3), (7, 0))
"""Rows of each process, in two steps; in the second one process has none."""


def _process(rank, world, port, out):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=world)
    z, y = _drawn()
    for step, counts in enumerate(COUNTS):
        start = sum(counts[:rank])
        mine = slice(start, start + counts[rank])
        feature = z[mine].clone().requires_grad_()
        loss = SupervisedContrastive(temperature=0.5).build([Vector(4)], LABEL)(feature, target=y[mine])
        loss.sum().backward()
        save_file({"loss": loss.detach(), "grad": feature.grad}, f"{out}/{step}{rank}.safetensors")
    dist.destroy_process_group()


def _drawn():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(7, 4, generator=generator), torch.tensor([0, 1, 0, 1, 1, 0, 2])


def test_two_processes_have_the_losses_and_gradients_of_one(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(_process, args=(2, port, str(tmp_path)), nprocs=2)
    z, y = _drawn()
    z.requires_grad_()
    whole = contrastive_by_loops(z, y, 0.5)
    whole.sum().backward()
    for step in range(len(COUNTS)):
        parts = [load_file(tmp_path / f"{step}{rank}.safetensors") for rank in range(2)]
        torch.testing.assert_close(torch.cat([p["loss"] for p in parts]).double(), whole.detach(), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(torch.cat([p["grad"] for p in parts]), z.grad, rtol=1e-4, atol=1e-6)


def test_center_moves_by_equation_4():
    objective = Center(rate=0.25, classes=("a", "b", "c")).build([Vector(3)], Labels("kind"))
    objective.centres.copy_(torch.randn(3, 3))
    before = objective.centres.double().clone()
    x, y = torch.randn(5, 3), [0, 0, 1, 0, 1]
    loss = objective(x, target=torch.tensor(y))
    for i, row in enumerate(x.double()):
        assert loss[i].item() == pytest.approx(float((row - before[y[i]]).square().sum()) / 2, rel=1e-5)
    objective.update(lambda tensor: tensor.clone())
    for j in range(3):
        rows = [x[i].double() for i in range(5) if y[i] == j]
        delta = sum((before[j] - row for row in rows), torch.zeros(3, dtype=torch.float64)) / (1 + len(rows))
        torch.testing.assert_close(objective.centres[j].double(), before[j] - 0.25 * delta, rtol=1e-5, atol=1e-6)


def test_centers_take_the_sums_of_all_processes_and_start_anew_after_each_step():
    whole, half = (Center().build([Vector(3)], LABEL) for _ in range(2))
    x, y = torch.randn(6, 3), torch.tensor([0, 1, 1, 0, 1, 1])
    whole(x, target=y)
    whole.update(lambda tensor: tensor.clone())
    other = Center().build([Vector(3)], LABEL)
    half(x[:3], target=y[:3])
    other(x[3:], target=y[3:])
    rest = iter([other.shift, other.count])
    half.update(lambda tensor: tensor + next(rest))
    torch.testing.assert_close(half.centres, whole.centres)
    moved = half.centres.clone()
    half.update(lambda tensor: tensor)
    assert torch.equal(half.centres, moved)


def test_evaluation_does_not_move_the_centers_and_no_parameter_is_learned():
    objective = Center().build([Vector(3)], LABEL).eval()
    objective(torch.randn(4, 3), target=torch.tensor([0, 1, 0, 1]))
    objective.update(lambda tensor: tensor)
    assert (objective.centres == 0).all() and not list(objective.parameters())
    assert list(objective.state_dict()) == ["centres"]


def test_a_projection_precedes_the_contrast():
    objective = SupervisedContrastive(width=3).build([Vector(5)], LABEL)
    z, y = torch.randn(6, 5), torch.tensor([0, 1, 0, 1, 1, 0])
    torch.testing.assert_close(
        objective(z, target=y).double(), contrastive_by_loops(objective.project(z), y, 0.1), rtol=1e-5, atol=1e-5
    )
    assert objective(z, target=y).isfinite().all()


@pytest.mark.parametrize(
    ("objective", "signals", "target", "says"),
    [
        (Center(), [Tokens(3, 4)], LABEL, "center accepts a Vector"),
        (Center(), [Vector(3)] * 2, LABEL, "reads one input; got 2"),
        (Center(), [Vector(3)], Labels("species"), "center on record.species: set 'classes'"),
        (SupervisedContrastive(), [Vector(3)], Dense(Plane(1, 2, 2)), "groups records by a column"),
    ],
)
def test_what_an_objective_cannot_use_is_refused(objective, signals, target, says):
    with pytest.raises(SpecError, match=says):
        objective.check(signals, target)
