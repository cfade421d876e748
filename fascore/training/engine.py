"""Engine: what a recipe trains with. Plain torch.distributed; modules are never wrapped.

A wrapped module synchronizes the gradients of its own `forward` only, so a recipe that calls part of a graph, or one
network twice, would train each process on its own. Here gradients are averaged where a parameter is stepped, and where a
recipe asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from fascore.contract.errors import FascoreError
from fascore.contract.kinds.protocols import Batch, Graph, Outputs
from fascore.contract.random_streams import generator
from fascore.training import distributed
from fascore.training.ema import Ema
from fascore.training.optim import ManagedOptimizer

if TYPE_CHECKING:
    from fascore.contract.kinds import Training
    from fascore.model import ModelGraph


class Engine:
    """One graph, one training, on one device of one of `world` processes."""

    def __init__(
        self,
        model: ModelGraph,
        training: Training,
        *,
        device: torch.device,
        precision: str,
        seed: int,
        ema: float | None = None,
    ) -> None:
        self.model = model
        self.own = training.own
        self.device = device
        self.bf16 = precision == "bf16"
        self.seed = seed
        self.rank, self.world = distributed.rank(), distributed.world()
        model.to(device)
        self.own.to(device)
        distributed.broadcast_([*_state(model), *_state(self.own)])
        self.optimizers = _managed(training.optimizers())
        self.ema = Ema(model, ema) if ema is not None else None
        self.epoch = self.step_number = 0
        self._share = 1.0
        self._updated = False

    def graph(self, batch: Batch, nodes: Sequence[str] | None = None) -> Outputs:
        """The model graph's outputs for a batch; with `nodes`, only these and what they need."""
        with self.autocast():
            outputs: Outputs = self.model(batch, nodes)
        return outputs

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Weighted float32 losses of heads (`head.<name>`) and objectives (`objective.<name>`)."""
        return self.model.losses(outputs, batch)

    def optimize(self, name: str, closure: Callable[[], Tensor]) -> Tensor:
        """Back-propagate the scalar that `closure` gives into the parameters of one optimizer, and step it; the loss, detached.

        This is `backward`, then `step`: gradients are averaged over processes, by the number of records each has; with
        accumulation the update comes with the last of its batches; only this optimizer's parameters get gradients.
        """
        loss = self.backward(name, closure)
        self.step(name)
        return loss

    def backward(self, name: str, loss: Tensor | Callable[[], Tensor]) -> Tensor:
        """Add the gradients of a scalar loss to those of one optimizer's parameters; the loss, detached, float32.

        A function is called under autocast. Gradients of earlier calls since the last update stay and add up; no other
        parameters get any. Each process has its own until `step` averages them.
        """
        optimizer = self.optimizers[name]
        if not optimizer.begun:
            optimizer.clear()
            optimizer.begun = True
        value = self._value(loss)
        trained = _trained(optimizer)
        if value.requires_grad and trained:
            torch.autograd.backward([value.float() * self._share], inputs=trained)
        return value.detach().float()

    def step(self, name: str) -> bool:
        """A batch is done: average its gradients over processes, clip, update and move the schedule on; whether it was an update.

        With accumulation only the last of `accumulate` calls is, by the mean over their batches. Raises FascoreError where
        nothing has been back-propagated since the last update.
        """
        optimizer = self.optimizers[name]
        if not optimizer.begun:
            raise FascoreError(
                f"engine.step('{name}') has no gradients; call engine.backward('{name}', loss) first, or engine.optimize for both"
            )
        optimizer.pending += 1
        if optimizer.pending < optimizer.accumulate:
            return False
        self._update(optimizer)
        return True

    def gradients(self, name: str, loss: Tensor | Callable[[], Tensor]) -> dict[nn.Parameter, Tensor]:
        """The gradients of a scalar loss by one optimizer's parameters, averaged over processes by the number of records.

        All processes get the same. They are not part of any update: what `backward` has collected stays as it is. A parameter
        that the loss does not depend on, on any process, is left out. A function is called under autocast.
        """
        value = self._value(loss)
        trained = _trained(self.optimizers[name])
        own: Sequence[Tensor | None] = [None] * len(trained)
        if value.requires_grad and trained:
            own = torch.autograd.grad([value.float() * self._share], trained, allow_unused=True)
        # Copies, because autograd may give one tensor for two parameters, or one number for a whole tensor.
        averaged = distributed.averaged([None if gradient is None else _copied(gradient) for gradient in own], trained)
        return {parameter: gradient for parameter, gradient in zip(trained, averaged) if gradient is not None}

    @contextmanager
    def frozen(self, *modules: nn.Module | Graph, statistics_only: bool = False) -> Iterator[None]:
        """Inside the block these modules get no parameter gradients, and their buffers (running statistics) end as they began.

        With `statistics_only` parameters get their gradients, and only the buffers are held. The forward pass is unchanged:
        batch norm in training mode still normalizes by the batch.
        """
        with ExitStack() as stack:
            for module in dict.fromkeys(chain.from_iterable(module.modules() for module in modules)):
                stack.callback(module._buffers.update, dict(module._buffers))
                for parameter in () if statistics_only else module._parameters.values():
                    if parameter is not None and parameter.requires_grad:
                        parameter.requires_grad_(False)
                        stack.callback(parameter.requires_grad_, True)
                # Copies, not values put back in place: autograd would refuse tensors changed after the forward pass.
                module._buffers.update(
                    {key: value.clone() for key, value in module._buffers.items() if value is not None}
                )
            yield

    def rand(self, purpose: str, ids: Sequence[str], shape: Sequence[int]) -> Tensor:
        """Uniform draws in [0, 1), (len(ids), *shape) float32: a function of seed, purpose, epoch, step and record id."""
        drawn = np.empty((len(ids), *shape), dtype=np.float32)
        for place, identity in enumerate(ids):
            drawn[place] = generator(self.seed, purpose, self.epoch, self.step_number, identity).random(
                tuple(shape), dtype=np.float32
            )
        return torch.from_numpy(drawn).to(self.device)

    def reduce(self, tensor: Tensor) -> Tensor:
        """Sum over processes, a new tensor, without gradient."""
        return distributed.total(tensor)

    def autocast(self) -> torch.autocast:
        """bfloat16 where the run's precision is bf16; otherwise nothing."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def train(self) -> None:
        """Training mode."""
        self.model.train()
        self.own.train()

    def begin(self, epoch: int, step: int, share: float = 1.0) -> None:
        """Before each step: seed torch, and say what weight this process's records have against an even split."""
        self.epoch, self.step_number, self._share = epoch, step, share
        torch.manual_seed(int(generator(self.seed, "step", step, self.rank).integers(2**63)))

    def finish(self) -> None:
        """After each step: objectives with state, then the moving average, if any optimizer was updated."""
        if self._updated:
            with torch.no_grad():
                self.model.update(self.reduce)
            if self.ema is not None:
                self.ema.update()
        self._updated = False

    @property
    def settled(self) -> bool:
        """Whether no gradient waits for its update; only then a checkpoint is whole."""
        return not any(optimizer.begun for optimizer in self.optimizers.values())

    def flush(self) -> None:
        """Update what waits for batches that do not come, at the end of an epoch."""
        for optimizer in self.optimizers.values():
            if optimizer.begun:
                self._update(optimizer)
        self.finish()

    def average_buffers(self) -> None:
        """Average floating buffers over processes, and the moving average's; integer buffers count the same everywhere."""
        if self.world == 1:
            return
        buffers = [*self.model.buffers(), *self.own.buffers()]
        if self.ema is not None:
            parameters = dict(self.model.named_parameters())
            buffers += [value for name, value in self.ema.values.items() if name not in parameters]
        distributed.average_(buffer for buffer in buffers if buffer.is_floating_point())

    def _value(self, loss: Tensor | Callable[[], Tensor]) -> Tensor:
        """The scalar loss; a function is called under autocast."""
        if isinstance(loss, Tensor):
            return loss
        with self.autocast():
            return loss()

    def _update(self, optimizer: ManagedOptimizer) -> None:
        if optimizer.pending > 1:
            for gradient in (parameter.grad for parameter in optimizer.parameters if parameter.grad is not None):
                gradient.div_(optimizer.pending)
        distributed.average_gradients(optimizer.parameters)
        optimizer.update()
        self._updated = True


def _trained(optimizer: ManagedOptimizer) -> list[nn.Parameter]:
    """The parameters that get gradients."""
    return [parameter for parameter in optimizer.parameters if parameter.requires_grad]


def _managed(optimizers: Mapping[str, object]) -> dict[str, ManagedOptimizer]:
    """The optimizers of a recipe. Raises FascoreError for one that `make_optimizer` has not built."""
    managed = {name: optimizer for name, optimizer in optimizers.items() if isinstance(optimizer, ManagedOptimizer)}
    if foreign := [name for name in optimizers if name not in managed]:
        raise FascoreError(
            f"the recipe's optimizer '{foreign[0]}' is a {type(optimizers[foreign[0]]).__name__}; build it with fascore.make_optimizer"
        )
    return managed


def _copied(tensor: Tensor) -> Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)


def _state(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
