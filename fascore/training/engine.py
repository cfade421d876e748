"""Engine: what a recipe trains with. Plain torch.distributed; modules are never wrapped.

A wrapped module synchronises the gradients of its own `forward` only, so a recipe that calls part of a graph, or one
network twice, would train each process on its own. Here gradients are averaged where a parameter is stepped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from fascore.contract.random_streams import generator
from fascore.training import distributed
from fascore.training.ema import Ema

if TYPE_CHECKING:
    from fascore.contract.kinds import Training
    from fascore.data.batch import Batch
    from fascore.model import ModelGraph, Outputs


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
        self.optimizers = dict(training.optimizers())
        self.ema = Ema(model, ema) if ema is not None else None
        self.epoch = self.step = 0
        self._share = 1.0
        self._updated = False

    def graph(self, batch: Batch, nodes: Sequence[str] | None = None) -> Outputs:
        """The model graph's outputs for a batch; with `nodes`, only these and what they need."""
        with self.autocast():
            outputs: Outputs = self.model(batch, nodes)
        return outputs

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Weighted float32 losses of heads (`head.<name>`) and objectives (`objective.<name>`)."""
        with torch.autocast(self.device.type, enabled=False):
            losses: dict[str, Tensor] = self.model.losses(outputs, batch)
        return losses

    def optimize(self, name: str, closure: Callable[[], Tensor]) -> Tensor:
        """Back-propagate the scalar that `closure` gives into the parameters of one optimiser, and step it; the loss, detached.

        Gradients are averaged over processes, by the number of records each has. With accumulation the step comes with the
        last of its batches. Only this optimiser's parameters get gradients.
        """
        part = self.optimizers[name]
        if not part.pending:
            part.clear()
        with self.autocast():
            loss = closure()
        trained = [parameter for parameter in part.parameters if parameter.requires_grad]
        if loss.requires_grad and trained:
            torch.autograd.backward([loss.float() * self._share], inputs=trained)
        part.pending += 1
        if part.pending >= part.accumulate:
            self._update(name)
        return loss.detach().float()

    @contextmanager
    def frozen(self, *modules: nn.Module) -> Iterator[None]:
        """Inside the block these modules get no parameter gradients, and their buffers (running statistics) end as they began.

        The forward pass is unchanged: batch norm in training mode still normalises by the batch.
        """
        with ExitStack() as stack:
            for module in nn.ModuleList(modules).modules():
                stack.callback(module._buffers.update, dict(module._buffers))
                for parameter in module._parameters.values():
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
            drawn[place] = generator(self.seed, purpose, self.epoch, self.step, identity).random(
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
        self.epoch, self.step, self._share = epoch, step, share
        torch.manual_seed(int(generator(self.seed, "step", step, self.rank).integers(2**63)))

    def finish(self) -> None:
        """After each step: objectives with state, then the moving average, if any optimiser has stepped."""
        if self._updated:
            with torch.no_grad():
                self.model.update(self.reduce)
            if self.ema is not None:
                self.ema.update()
        self._updated = False

    @property
    def settled(self) -> bool:
        """Whether no gradient waits for further batches; only then a checkpoint is whole."""
        return not any(part.pending for part in self.optimizers.values())

    def flush(self) -> None:
        """Step optimisers that wait for batches that do not come, at the end of an epoch."""
        for name, part in self.optimizers.items():
            if part.pending:
                self._update(name)
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

    def _update(self, name: str) -> None:
        part = self.optimizers[name]
        if part.pending > 1:
            for gradient in (parameter.grad for parameter in part.parameters if parameter.grad is not None):
                gradient.div_(part.pending)
        distributed.average_gradients(part.parameters)
        part.update()
        self._updated = True


def _state(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
