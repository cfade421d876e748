"""Parameters and FLOPs of each node, counted on torch's meta device: nothing is computed."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fascore.contract.kinds.protocols import NodePlan, Plan
from fascore.contract.signals import Pyramid, Signal
from fascore.model.graph import build_node, every_node


class Cost(NamedTuple):
    """One node: path, type, parameters, and FLOPs for one view (a multiply-add counts as two; None: unknown)."""

    path: str
    type: str
    parameters: int
    flops: int | None


def costs(plan: Plan) -> list[Cost]:
    """One row per node, in the plan's order. Objectives have no FLOPs, because evaluation does not run them."""
    rows = []
    for node in every_node(plan):
        with torch.device("meta"):
            module = build_node(node).eval()
        flops = None if node.section == "objective" else _flops(node, module)
        rows.append(Cost(node.path, node.component.type, sum(p.numel() for p in module.parameters()), flops))
    return rows


def describe_cost(plan: Plan) -> str:
    """The table that `fascore check --cost` prints."""
    rows = costs(plan)
    total = Cost("total", "", sum(row.parameters for row in rows), sum(row.flops or 0 for row in rows))
    path, kind = (max(map(len, column)) for column in ([row.path for row in rows], [row.type for row in rows]))
    lines = [f"{'node':{path}}  {'type':{kind}}  {'parameters':>12}  {'FLOPs per view':>14}"]
    for row in [*rows, total]:
        flops = "" if row.flops is None else f"{row.flops:,}"
        lines.append(f"{row.path:{path}}  {row.type:{kind}}  {row.parameters:>12,}  {flops:>14}".rstrip())
    return "\n".join(lines)


def _flops(node: NodePlan, module: torch.nn.Module) -> int | None:
    with torch.device("meta"):
        context = {
            "task": torch.zeros(1, dtype=torch.long),
            "label": None,
            "mask": torch.ones(1, len(node.signals), dtype=torch.bool),
        }
    counter = FlopCounterMode(display=False)
    try:
        with counter, torch.no_grad():
            module(*map(_zeros, node.signals), **{name: context[name] for name in node.component.context})
    except Exception:
        # A module that reads values cannot run on the meta device; this is not an error in the spec.
        return None
    return int(counter.get_total_flops())


def _zeros(signal: Signal | None) -> Tensor | list[Tensor]:
    assert signal is not None
    tensors: list[Any] = [torch.empty(1, *shape, device="meta") for shape in signal.shapes]
    return tensors if isinstance(signal, Pyramid) else tensors[0]
