"""Rig: one example of a component with a torch module, ready to receive random records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from fascore.contract.kinds import Dense, Labels, Target
from fascore.contract.signals import Signal
from fascore.testing.case import Case, shown
from fascore.testing.tensors import Value, by_port, copied, draw, listed, mismatch, take

ROWS = 6


@dataclass(frozen=True)
class Feed:
    """B random records: the positional and keyword arguments of `forward`, and the target of a head or objective."""

    inputs: Sequence[Value]
    context: Mapping[str, Tensor]
    target: Tensor | None = None

    def take(self, rows: Tensor) -> Feed:
        """Some of the records, in this order."""
        context = {name: value[rows] for name, value in self.context.items()}
        return Feed(
            [take(value, rows) for value in self.inputs], context, None if self.target is None else self.target[rows]
        )

    def copy(self) -> Feed:
        """A copy of the records in new memory, through which gradients pass."""
        context = {name: value.clone() for name, value in self.context.items()}
        return Feed(
            [copied(value) for value in self.inputs], context, None if self.target is None else self.target.clone()
        )

    def differs(self, other: Feed) -> str | None:
        """The first part that differs from another feed, in words; None if all parts are equal."""
        for place, (one, two) in enumerate(zip(self.inputs, other.inputs)):
            if not all(torch.equal(a, b) for a, b in zip(listed(one), listed(two))):
                return f"input {place}"
        for name, value in self.context.items():
            if not torch.equal(value, other.context[name]):
                return f"'{name}'"
        if self.target is not None and other.target is not None and not torch.equal(self.target, other.target):
            return "the target"
        return None


@dataclass(frozen=True)
class Rig:
    """An example: the component, the signals of its inputs, and the target of a head or objective."""

    kind: str
    config: Any
    signals: tuple[Signal, ...]
    target: Target | None = None

    def __str__(self) -> str:
        return f"{shown(self.config)} on {', '.join(map(str, self.signals)) or 'nothing'}"

    def build(self, seed: int, *, training: bool = False) -> nn.Module:
        """Build the module, initialized from a seed."""
        torch.manual_seed(seed)
        module: nn.Module = (
            self.config.build(self.signals) if self.target is None else self.config.build(self.signals, self.target)
        )
        return module.train(training)

    def jittered(self, seed: int, *, training: bool = False) -> nn.Module:
        """Build the module with noise on all parameters, so that no initial zero blocks the gradient of the layers
        below it.
        """
        module = self.build(seed, training=training)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.02)
        return module

    def feed(self, seed: int = 0, rows: int = ROWS, *, absent: bool = False) -> Feed:
        """Random records with both tasks and labels.

        Every input is present, or with `absent`, each record lacks one.
        """
        generator = torch.Generator().manual_seed(seed)
        inputs = [draw(signal, rows, generator) for signal in self.signals]
        mask = torch.ones(rows, len(self.signals), dtype=torch.bool)
        if absent:
            mask[torch.arange(rows), torch.arange(rows) % len(self.signals)] = False
        known = {"task": torch.arange(rows) // 2 % 2, "label": torch.arange(rows) % 2, "mask": mask}
        return Feed(inputs, {name: known[name] for name in self.config.context}, self._targets(rows, generator))

    def _targets(self, rows: int, generator: torch.Generator) -> Tensor | None:
        if isinstance(self.target, Dense):
            drawn = draw(self.target.signal, rows, generator)
            return listed(drawn)[0]
        if isinstance(self.target, Labels):
            classes = getattr(self.config, "classes_of", lambda column: None)(self.target.column)
            return torch.arange(rows) % len(classes or (0, 1))
        return None

    def forward(self, module: nn.Module, feed: Feed) -> Any:
        """The module's output for a copy of the records, so that a module that writes into its inputs is reported only
        once.
        """
        return self.call(module, feed.copy())

    def call(self, module: nn.Module, feed: Feed) -> Any:
        """The module's output for these records themselves."""
        target = {"target": feed.target} if self.kind == "objective" else {}
        return module(*feed.inputs, **target, **feed.context)

    def losses(self, module: nn.Module, feed: Feed) -> list[Tensor]:
        """The tensors that training differentiates: the loss of a head or objective, the outputs of any other module."""
        output = self.forward(module, feed)
        if self.kind == "head":
            loss: Any = getattr(module, "loss", None)
            return [] if loss is None else [loss(output, feed.copy().target)]
        return [output] if self.kind == "objective" else tensors_of(output)

    def results(self, module: nn.Module, feed: Feed) -> list[Tensor]:
        """All outputs, including the score of a head."""
        losses = self.losses(module, feed)
        if self.kind != "head" or not self.config.scores:
            return losses
        score: Any = module.score
        return [*losses, score(self.forward(module, feed))]

    def complaint(self, module: nn.Module, feed: Feed, rows: int = ROWS) -> str | None:
        """The first mismatch between the outputs of an encoder or fusion and the Signals that `infer` declares; None if
        there is none.
        """
        inferred = self.config.infer(self.signals)
        declared = inferred if isinstance(inferred, Mapping) else {"": inferred}
        outputs = by_port(self.forward(module, feed))
        if set(outputs) != set(declared):
            return f"it returns the outputs {sorted(outputs)}, but infer declares {sorted(declared)}"
        for port, signal in declared.items():
            if wrong := mismatch(signal, outputs[port], rows):
                return f"{f'port {port!r}' if port else 'its output'} {wrong}"
        return None


def rigs(case: Case) -> list[Rig]:
    """All examples of an encoder, fusion, head, or objective."""
    return [Rig(case.kind, config, tuple(signals), *rest) for config, signals, *rest in case.examples()]


def tensors_of(output: Any) -> list[Tensor]:
    """All tensors of a module's output, in the order of the ports."""
    return [tensor for _, value in sorted(by_port(output).items()) for tensor in listed(value)]
