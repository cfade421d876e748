"""ModelGraph: the nodes of a Plan as torch modules, run in order on a Batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Dense, Fusion, Objective, protocols
from fascore.contract.kinds.protocols import Batch, NodePlan, Plan
from fascore.contract.random_streams import generator
from fascore.model.rows import as_float32, spread, take
from fascore.model.targets import matching, target_of
from fascore.model.weights import PREFIX, load_weights

Value: TypeAlias = Tensor | list[Tensor]


@dataclass
class Outputs:
    """The results of one pass of the graph. N = B * views rows, record-major.

    `values` maps the text of a Ref (`app`, `gen.trace`) to its value, including modalities; absent rows are zeros.
    `present` is (N,) bool by node and modality. `heads` contains each head's output for its `head_rows` only, (R,)
    int64 indices of the N rows; a head without rows has no output.
    """

    values: dict[str, Value] = field(default_factory=dict)
    present: dict[str, Tensor] = field(default_factory=dict)
    heads: dict[str, Any] = field(default_factory=dict)
    head_rows: dict[str, Tensor] = field(default_factory=dict)

    def __getitem__(self, ref: str) -> Value:
        return self.values[ref]


class ModelGraph(nn.Module):
    """Encoders, fusions, heads, and objectives of one Plan."""

    def __init__(
        self,
        plan: Plan,
        nodes: Mapping[str, nn.Module],
        heads: Mapping[str, nn.Module],
        objectives: Mapping[str, nn.Module],
    ) -> None:
        super().__init__()
        self.plan = plan
        self.nodes, self.heads, self.objectives = (
            nn.ModuleDict({PREFIX + name: module for name, module in table.items()})
            for table in (nodes, heads, objectives)
        )

    @classmethod
    def build(cls, plan: Plan, seed: int, *, pretrained: bool = True) -> ModelGraph:
        """Build every node from torch seeded with (seed, "init", path), so that no node affects the weights of another.

        `pretrained=False` skips `weights` and pretrained models, for a graph that then loads a checkpoint. Raises
        FascoreError if weights cannot be loaded.
        """

        def build_one(node: NodePlan) -> nn.Module:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(generator(seed, "init", node.path).integers(2**63)))
                module = build_node(node)
            if pretrained:
                for submodule in module.modules():
                    if callable(load := getattr(submodule, "adopt_pretrained", None)):
                        load()
                if path := getattr(node.component, "weights", None):
                    load_weights(module, path, f"{node.path}.weights")
            return module

        return cls(
            plan,
            *(
                {name: build_one(node) for name, node in table.items()}
                for table in (plan.nodes, plan.heads, plan.objectives)
            ),
        )

    def node(self, name: str) -> nn.Module:
        """The module of an encoder or fusion."""
        return self.nodes[PREFIX + name]

    def head(self, name: str) -> nn.Module:
        """The module of a head."""
        return self.heads[PREFIX + name]

    def deployed(self) -> list[str]:
        """Keys of the `state_dict` that evaluation needs: all except those of objectives."""
        return [key for key in self.state_dict() if not key.startswith("objectives.")]

    def forward(self, batch: Batch, nodes: Sequence[str] | None = None) -> Outputs:
        """Run the graph. `nodes` names the nodes and heads (`head.<name>`) to run; the nodes that these need run, too.

        Without `nodes`, all heads run, and in training every node. Raises FascoreError for an unknown name.
        """
        chosen, heads = self._chosen(nodes)
        outputs = Outputs(
            dict(batch.tensors),
            {name: present.repeat_interleave(batch.views) for name, present in batch.present.items()},
        )
        for name, node in self.plan.nodes.items():
            if name in chosen:
                self._run_node(node, batch, outputs)
        for name in heads:
            self._run_head(self.plan.heads[name], batch, outputs)
        return outputs

    def losses(self, outputs: protocols.Outputs, batch: Batch) -> dict[str, Tensor]:
        """Weighted losses, float32 scalars: `head.<name>` and, in training, `objective.<name>`.

        Each sums over the rows that are present and match `where`, and divides by all N rows. A head or objective whose
        inputs were not computed is omitted. Raises FascoreError for a target value that is not a class.
        """
        device = next(iter(outputs.present.values())).device.type
        with torch.autocast(device, enabled=False):
            learning = [name for name in outputs.head_rows if hasattr(self.head(name), "loss")]
            losses = {f"head.{name}": self._head_loss(self.plan.heads[name], outputs, batch) for name in learning}
            for name, node in self.plan.objectives.items() if self.training else ():
                if all(ref in outputs.values for ref in node.inputs):
                    losses[f"objective.{name}"] = self._objective_loss(node, outputs, batch)
        return losses

    def scores(self, outputs: protocols.Outputs, batch: Batch) -> dict[str, Tensor]:
        """(B,) float32 by head, and its other numbers by `<head>.<name>`: means over views, NaN without input."""
        scores = {}
        for name, rows in outputs.head_rows.items():
            for key, values in self._numbers(name, outputs, rows).items():
                by_row = torch.full((len(batch) * batch.views,), torch.nan, device=rows.device)
                by_row[rows] = values.float()
                scores[key] = by_row.view(len(batch), batch.views).mean(1)
        return scores

    def _numbers(self, name: str, outputs: protocols.Outputs, rows: Tensor) -> dict[str, Tensor]:
        """The score and the other numbers of a head for these rows, float32 (R,)."""
        head, component = cast(Any, self.head(name)), self.plan.heads[name].component
        keys = [*([name] if component.scores else []), *(f"{name}.{number}" for number in component.numbers)]
        if name not in outputs.heads:
            return {key: torch.empty(0, device=rows.device) for key in keys}
        with torch.autocast(rows.device.type, enabled=False):
            output = as_float32(outputs.heads[name])
            numbers = head.numbers(output) if component.numbers else {}
            return {key: head.score(output) if key == name else numbers[key.removeprefix(f"{name}.")] for key in keys}

    @torch.no_grad()
    def update(self, reduce: Callable[[Tensor], Tensor]) -> None:
        """Update the state of objectives, once after an optimizer step; `reduce` sums over processes."""
        for module in self.objectives.values():
            if callable(step := getattr(module, "update", None)):
                step(reduce)

    def _chosen(self, names: Sequence[str] | None) -> tuple[set[str], list[str]]:
        """Nodes and heads to run for these names."""
        if names is None:
            heads = list(self.plan.heads)
            return (set(self.plan.nodes) if self.training else self._needed(heads, ())), heads
        heads = [name for name in self.plan.heads if f"head.{name}" in names]
        if unknown := [n for n in names if n not in self.plan.nodes and n.removeprefix("head.") not in heads]:
            available = [*self.plan.nodes, *(f"head.{name}" for name in self.plan.heads)]
            raise FascoreError(f"there is no node '{unknown[0]}' to run; available: {', '.join(available)}")
        return self._needed(heads, [name for name in names if name in self.plan.nodes]), heads

    def _needed(self, heads: Iterable[str], nodes: Iterable[str]) -> set[str]:
        """These nodes, the inputs and targets of these heads, and all nodes that they depend on."""
        sinks = [self.plan.heads[name] for name in heads]
        pending = [*nodes, *(ref.node for sink in sinks for ref in (*sink.inputs, sink.component.target))]
        needed: set[str] = set()
        while pending:
            name = pending.pop()
            if name in self.plan.nodes and name not in needed:
                needed.add(name)
                pending += [ref.node for ref in self.plan.nodes[name].inputs]
        return needed

    def _run_node(self, node: NodePlan, batch: Batch, outputs: Outputs) -> None:
        mask = torch.stack([outputs.present[ref.node] for ref in node.inputs], dim=1)
        masked = isinstance(node.component, Fusion) and node.component.honours_mask
        outputs.present[node.name] = present = mask.any(1) if masked else mask.all(1)
        # Only an optional node can lack rows; skipping the others saves a device synchronization.
        rows = present.nonzero()[:, 0] if node.optional and not bool(present.all()) else None
        output: Any = None
        if rows is None or len(rows):
            inputs = [take(outputs.values[ref], rows) for ref in node.inputs]
            with _allowing_one_row(self.node(node.name), len(present) if rows is None else len(rows)) as module:
                output = module(*inputs, **self._context(node, batch, mask, rows))
        by_port = output if isinstance(output, Mapping) else dict.fromkeys(node.outputs, output)
        for port, signal in node.outputs.items():
            assert signal is not None
            outputs.values[f"{node.name}.{port}" if port else node.name] = spread(by_port[port], rows, present, signal)

    def _run_head(self, head: NodePlan, batch: Batch, outputs: Outputs) -> None:
        present = torch.stack([outputs.present[ref.node] for ref in head.inputs], dim=1).all(1)
        rows = present.nonzero()[:, 0] if head.optional else torch.arange(len(present), device=present.device)
        outputs.head_rows[head.name] = rows
        if len(rows):
            selected = rows if len(rows) < len(present) else None
            inputs = [take(outputs.values[ref], selected) for ref in head.inputs]
            with _allowing_one_row(self.head(head.name), len(rows)) as module:
                outputs.heads[head.name] = module(*inputs, **self._context(head, batch, None, selected))

    def _context(
        self, node: NodePlan, batch: Batch, mask: Tensor | None, rows: Tensor | None
    ) -> dict[str, Tensor | None]:
        """The values named in the component's `context`, for these rows; the label is None outside training."""
        context: dict[str, Tensor | None] = {}
        for name in node.component.context:
            if name == "label" and not self.training:
                context[name] = None
                continue
            values = mask if name == "mask" else getattr(batch, name).repeat_interleave(batch.views)
            context[name] = take(values, rows)
        return context

    def _head_loss(self, head: NodePlan, outputs: protocols.Outputs, batch: Batch) -> Tensor:
        rows = outputs.head_rows[head.name]
        positions = self._learned(head, rows, outputs, batch)
        count = len(batch) * batch.views
        if head.name not in outputs.heads or (positions is not None and not len(positions)):
            return torch.zeros((), device=rows.device)
        output = as_float32(take(outputs.heads[head.name], positions))
        target = target_of(head, batch, outputs.values, take(rows, positions))
        loss: Tensor = cast(Any, self.head(head.name)).loss(output, target)
        return _weighted(loss, count, head)

    def _objective_loss(self, node: NodePlan, outputs: protocols.Outputs, batch: Batch) -> Tensor:
        mask = torch.stack([outputs.present[ref.node] for ref in node.inputs], dim=1)
        present = mask.any(1) if isinstance(node.component, Objective) and node.component.honours_mask else mask.all(1)
        rows = present.nonzero()[:, 0] if node.optional else torch.arange(len(present), device=present.device)
        rows = cast(Tensor, take(rows, self._learned(node, rows, outputs, batch)))
        # If processes gather, one without rows must take part, too, or the others would wait forever.
        if not len(rows) and not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            return torch.zeros((), device=rows.device)
        features = [as_float32(take(outputs.values[ref], rows)) for ref in node.inputs]
        target = target_of(node, batch, outputs.values, rows)
        loss: Tensor = self.objectives[PREFIX + node.name](
            *features, target=target, **self._context(node, batch, mask, rows)
        )
        return _weighted(loss, len(present), node)

    def _learned(self, node: NodePlan, rows: Tensor, outputs: protocols.Outputs, batch: Batch) -> Tensor | None:
        """Positions in `rows` of those that match `where` and have a target; None for all."""
        kept = matching(node.component.where, batch, rows.device)
        if isinstance(node.target, Dense):
            available = outputs.present[node.component.target.node]
            kept = available if kept is None else kept & available
        return None if kept is None else kept[rows].nonzero()[:, 0]


@contextmanager
def _allowing_one_row(module: nn.Module, rows: int) -> Iterator[nn.Module]:
    """Let batch norms use running statistics for a single row: torch cannot compute batch statistics of one row."""
    norms = (
        [
            submodule
            for submodule in module.modules()
            if isinstance(submodule, _BatchNorm) and submodule.training and submodule.track_running_stats
        ]
        if rows == 1
        else []
    )
    for norm in norms:
        norm.training = False
    try:
        yield module
    finally:
        for norm in norms:
            norm.training = True


def _weighted(loss: Tensor, count: int, node: NodePlan) -> Tensor:
    return loss.float().sum() / count * float(node.component.weight)


def build_node(node: NodePlan) -> nn.Module:
    """The module of one node, from torch's current seed and on torch's current device."""
    signals = list(node.signals)
    module: nn.Module = (
        node.component.build(signals) if node.target is None else node.component.build(signals, node.target)
    )
    return module


def every_node(plan: Plan) -> Iterable[NodePlan]:
    """Encoders, fusions, heads, and objectives of a plan."""
    return chain(plan.nodes.values(), plan.heads.values(), plan.objectives.values())
