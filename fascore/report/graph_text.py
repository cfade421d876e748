"""A checked graph, drawn as text."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.report.plain_text import columns, counted
from fascore.spec.documents import heads_of
from fascore.spec.plan import NodePlan, Plan


def picture(plan: Plan) -> str:
    """Both graphs, one line per node in computable order: name, type, inputs, outputs, notes."""
    tables = {"modalities": plan.modalities, **_model(plan), "heads": plan.heads, "objectives": plan.objectives}
    rows = {title: [_row(plan, node) for node in table.values()] for title, table in tables.items() if table}
    aligned = iter(columns([row for table in rows.values() for row in table], "  ").split("\n"))
    blocks = ["\n".join([title, *(next(aligned) for _ in table)]) for title, table in rows.items()]
    return "\n\n".join([_headline(plan), *blocks, _training(plan)])


def _model(plan: Plan) -> dict[str, Mapping[str, NodePlan]]:
    sections = (("encoders", "encoder"), ("fusions", "fusion"))
    return {
        title: {name: node for name, node in plan.nodes.items() if node.section == section}
        for title, section in sections
    }


def _headline(plan: Plan) -> str:
    model = plan.spec.model
    parts = (
        (len(plan.modalities), "modality"),
        (len(model.encoders), "encoder"),
        (len(model.fusions), "fusion"),
        (len(model.heads), "head"),
    )
    return f"{plan.spec.name} is a valid spec: {', '.join(counted(number, word) for number, word in (*parts, (plan.views, 'view')))}"


def _row(plan: Plan, node: NodePlan) -> tuple[str, str, str, str, str]:
    return node.name, node.component.type, ", ".join(node.inputs), _gives(node), _notes(plan, node)


def _gives(node: NodePlan) -> str:
    if node.target is not None:
        return f"learns {node.component.target}"
    parts = [f"{f'.{port} ' if port else ''}{signal}" for port, signal in node.outputs.items() if signal is not None]
    return f"-> {', '.join(parts)}" if parts else "-> read by modalities only"


def _notes(plan: Plan, node: NodePlan) -> str:
    notes = []
    if node.section == "modality" and node.views > 1:
        notes.append(f"{node.views} views")
    if node.optional:
        notes.append("may be missing")
    if node.target is not None:
        notes.append(f"weight {node.component.weight:g}")
        notes += [f"where {column} = {value}" for column, value in node.component.where.items()]
    if node.section == "head" and node.name in heads_of(plan.spec.model.score):
        notes.append("score")
    return "; ".join(notes)


def _training(plan: Plan) -> str:
    spec, data = plan.spec, plan.spec.data
    sets = {"train": data.train, "dev": data.dev, **{f"test {name}": entries for name, entries in data.test.items()}}
    carved = f"carved from train: {data.carve:.0%} of the subjects"
    rows = [
        (title, " + ".join(f"{entry.dataset.type} {entry.split}" for entry in entries) or carved)
        for title, entries in sets.items()
    ]
    rows += [
        ("sampler", f"{spec.sampler.type}, {spec.sampler.batch_size} records a batch"),
        ("recipe", f"{spec.recipe.type}, {spec.recipe.epochs} epochs"),
        ("threshold", f"{spec.threshold} on dev"),
        ("metrics", ", ".join(metric.type for metric in spec.metrics)),
    ]
    return columns(rows)
