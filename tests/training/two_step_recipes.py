"""Two-step optimization as an author of a plugin writes it, from public names only: SAM, and critics with a gradient penalty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from fascore import Optimizer, Recipe, Ref, Schedule, Training, make_optimizer

if TYPE_CHECKING:
    from fascore import Batch, Engine, Graph, ManagedOptimizer


class ToySam(Recipe):
    """Sharpness-aware minimization (Foret et al. 2021, eq. 2 and 3): the gradient at w + rho g / ||g|| updates w."""

    type: Literal["toy.sam"] = "toy.sam"
    optimizer: Optimizer = Field(default_factory=lambda: Optimizer(name="sgd", lr=0.1), description="of all weights")
    rho: PositiveFloat = Field(0.05, description="length of the step up")
    accumulate: PositiveInt = Field(1, description="batches an update")

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        managed = make_optimizer(
            graph.parameters(),
            self.optimizer,
            Schedule(),
            epochs=self.epochs,
            steps_per_epoch=steps_per_epoch,
            accumulate=self.accumulate,
        )
        return SamTraining(graph, managed, self.rho)


class SamTraining:
    """Two passes a batch; running statistics, and the centers of objectives, see the second only."""

    def __init__(self, graph: Graph, managed: ManagedOptimizer, rho: float) -> None:
        self.own = nn.ModuleDict()
        self.graph, self.managed, self.rho = graph, managed, rho

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return {"graph": self.managed}

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        losses: dict[str, Tensor] = {}

        def closure() -> Tensor:
            losses.update(engine.losses(engine.graph(batch), batch))
            return torch.stack(list(losses.values())).sum()

        with engine.frozen(self.graph, statistics_only=True):
            gradients = engine.gradients("graph", closure)
        loss = sharp_backward(engine, "graph", gradients, self.rho, closure)
        engine.step("graph")
        return {"loss": loss, **losses}


def sharp_backward(
    engine: Engine, name: str, gradients: Mapping[nn.Parameter, Tensor], rho: float, closure: Callable[[], Tensor]
) -> Tensor:
    """Back-propagate at w + rho g / ||g||, and come back to the bits of w."""
    norm = torch.stack([gradient.norm() for gradient in gradients.values()]).norm()
    weights = {parameter: parameter.detach().clone() for parameter in gradients}
    with torch.no_grad():
        for parameter, gradient in gradients.items():
            parameter.add_(gradient * (rho / (norm + 1e-12)))
    loss = engine.backward(name, closure)
    with torch.no_grad():
        for parameter, weight in weights.items():
            parameter.copy_(weight)
    return loss


class ToyCritic(Recipe):
    """A generator node against a critic: WGAN-GP (Gulrajani et al. 2017, eq. 3), or least squares with R1 (Mescheder et al. 2018, eq. 9)."""

    type: Literal["toy.critic"] = "toy.critic"
    generator: Ref = Field(Ref("gen"), description="the node that makes traces")
    optimizer: Optimizer = Field(default_factory=lambda: Optimizer(name="sgd", lr=0.05), description="of both sides")
    penalty: Literal["wgan_gp", "r1"] = Field("wgan_gp", description="which penalty")
    weight: PositiveFloat = Field(10.0, description="of the penalty")

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        return CriticTraining(self, graph, steps_per_epoch)


class CriticTraining:
    """The critic's loss and its penalty are back-propagated one after the other, then stepped once."""

    def __init__(self, config: ToyCritic, graph: Graph, steps: int) -> None:
        self.config = config
        self.critic = nn.Sequential(nn.Linear(6, 8), nn.Softplus(), nn.Linear(8, 1))
        self.own = nn.ModuleDict({"critic": self.critic})
        settings = {"epochs": config.epochs, "steps_per_epoch": steps}
        self.managed = {
            "generator": make_optimizer(graph.parameters(), config.optimizer, Schedule(), **settings),
            "critic": make_optimizer(self.own.parameters(), config.optimizer, Schedule(), **settings),
        }

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self.managed

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        real = batch.tensors["face"]
        fakes: list[Tensor] = []

        def generate() -> Tensor:
            trace = engine.graph(batch, [str(self.config.generator)]).values[f"{self.config.generator}.trace"]
            assert isinstance(trace, Tensor)
            fakes.append((real - trace).detach())
            with engine.frozen(self.own):
                return -self.critic(real - trace).float().mean()

        losses = {"generator": engine.optimize("generator", generate)}
        share = engine.rand("mix", batch.ids, (1,))
        losses["critic"] = engine.backward("critic", lambda: self.told_apart(real, fakes[0]))
        losses["penalty"] = engine.backward("critic", lambda: self.penalty(real, fakes[0], share))
        engine.step("critic")
        return losses

    def told_apart(self, real: Tensor, fake: Tensor) -> Tensor:
        on_real, on_fake = self.critic(real).float(), self.critic(fake).float()
        if self.config.penalty == "wgan_gp":
            return on_fake.mean() - on_real.mean()
        return (on_real - 1).square().mean() + on_fake.square().mean()

    def penalty(self, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
        if self.config.penalty == "wgan_gp":
            norm = slope(self.critic, share * real + (1 - share) * fake).norm(dim=1)
            return self.config.weight * (norm - 1).square().mean()
        return self.config.weight / 2 * slope(self.critic, real).square().sum(1).mean()


def slope(critic: nn.Module, at: Tensor) -> Tensor:
    """(B, D): the gradient of the critic's answer by its input, itself with a gradient."""
    at = at.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(at).float().sum(), at, create_graph=True)
    return gradient
