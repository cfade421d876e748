"""Engine: the tool with which a recipe trains. It uses plain torch.distributed and never wraps modules.

A wrapped module synchronizes only the gradients of its own `forward`, so a recipe that calls part of a graph, or calls
one network twice, would train each process separately. Here gradients are averaged when a parameter is updated and when
a recipe requests them.
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
    """One graph and one training, on the device of one of `world` processes."""

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
        """Back-propagate the scalar that `closure` returns, and step one optimizer; return the detached loss.

        This is `backward`, then `step`. Gradients are averaged over processes, weighted by the number of records; with
        accumulation, the update follows the last batch; only this optimizer's parameters get gradients.
        """
        loss = self.backward(name, closure)
        self.step(name)
        return loss

    def backward(self, name: str, loss: Tensor | Callable[[], Tensor]) -> Tensor:
        """Add the gradients of a scalar loss to those of one optimizer's parameters; return the detached float32 loss.

        A function is called under autocast. Gradients accumulate over calls since the last update; no other parameters
        get any. Each process has its own gradients until `step` averages them.
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
        """Finish a batch: average gradients over processes, clip, update, advance the schedule; return if it updated.

        With accumulation, only the last of `accumulate` calls updates, with the mean over their batches. Raises
        FascoreError if nothing has been back-propagated since the last update.
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
        """The gradients of a scalar loss for one optimizer's parameters, averaged over processes by number of records.

        All processes get the same gradients. They are not part of any update: what `backward` has collected is
        unchanged. A parameter on which the loss does not depend in any process is omitted. A function is called under
        autocast.
        """
        value = self._value(loss)
        trained = _trained(self.optimizers[name])
        own: Sequence[Tensor | None] = [None] * len(trained)
        if value.requires_grad and trained:
            own = torch.autograd.grad([value.float() * self._share], trained, allow_unused=True)
        # Copies, because autograd may return one tensor for two parameters, or one number for a whole tensor.
        averaged = distributed.averaged([None if gradient is None else _copied(gradient) for gradient in own], trained)
        return {parameter: gradient for parameter, gradient in zip(trained, averaged) if gradient is not None}

    @contextmanager
    def frozen(self, *modules: nn.Module | Graph, statistics_only: bool = False) -> Iterator[None]:
        """Inside the block, these modules get no parameter gradients; at its end, their buffers are restored.

        With `statistics_only`, parameters get their gradients, and only the buffers (running statistics) are restored.
        The forward pass is unchanged: batch norm in training mode still normalizes by the batch.
        """
        with ExitStack() as stack:
            for module in dict.fromkeys(chain.from_iterable(module.modules() for module in modules)):
                stack.callback(module._buffers.update, dict(module._buffers))
                for parameter in () if statistics_only else module._parameters.values():
                    if parameter is not None and parameter.requires_grad:
                        parameter.requires_grad_(False)
                        stack.callback(parameter.requires_grad_, True)
                # Copies, because autograd rejects tensors that are changed in place after the forward pass.
                module._buffers.update(
                    {key: value.clone() for key, value in module._buffers.items() if value is not None}
                )
            yield

    def rand(self, purpose: str, ids: Sequence[str], shape: Sequence[int]) -> Tensor:
        """Uniform draws in [0, 1), (len(ids), *shape) float32: a function of seed, purpose, epoch, step and record id."""
        drawn = np.empty((len(ids), *shape), dtype=np.float32)
        for position, identity in enumerate(ids):
            drawn[position] = generator(self.seed, purpose, self.epoch, self.step_number, identity).random(
                tuple(shape), dtype=np.float32
            )
        return torch.from_numpy(drawn).to(self.device)

    def reduce(self, tensor: Tensor) -> Tensor:
        """Sum over processes, as a new tensor without gradients."""
        return distributed.total(tensor)

    def autocast(self) -> torch.autocast:
        """bfloat16 if the run's precision is bf16; otherwise no effect."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def train(self) -> None:
        """Switch to training mode."""
        self.model.train()
        self.own.train()

    def begin(self, epoch: int, step: int, share: float = 1.0) -> None:
        """Before each step: seed torch and set the weight of this process's records relative to an even split."""
        self.epoch, self.step_number, self._share = epoch, step, share
        torch.manual_seed(int(generator(self.seed, "step", step, self.rank).integers(2**63)))

    def finish(self) -> None:
        """After each step: if any optimizer was updated, update objectives with state, then the moving average."""
        if self._updated:
            with torch.no_grad():
                self.model.update(self.reduce)
            if self.ema is not None:
                self.ema.update()
        self._updated = False

    @property
    def settled(self) -> bool:
        """Whether no gradient waits for an update; only then is a checkpoint complete."""
        return not any(optimizer.begun for optimizer in self.optimizers.values())

    def flush(self) -> None:
        """At the end of an epoch, apply updates that still wait for further batches."""
        for optimizer in self.optimizers.values():
            if optimizer.begun:
                self._update(optimizer)
        self.finish()

    def average_buffers(self) -> None:
        """Average floating buffers, also the moving average's, over processes; integer buffers are equal everywhere."""
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
    """The optimizers of a recipe. Raises FascoreError for one that was not built by `make_optimizer`."""
    managed = {name: optimizer for name, optimizer in optimizers.items() if isinstance(optimizer, ManagedOptimizer)}
    if unmanaged := [name for name in optimizers if name not in managed]:
        raise FascoreError(
            f"the recipe's optimizer '{unmanaged[0]}' is a {type(optimizers[unmanaged[0]]).__name__}; build it with fascore.make_optimizer"
        )
    return managed


def _copied(tensor: Tensor) -> Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)


def _state(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
