"""`fascore.check`: validate a spec and describe its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fascore.api.frames import data_frame
from fascore.api.paths import SpecLike, document_of

if TYPE_CHECKING:
    import pandas

    from fascore.spec.documents import RunSpec

COLUMNS = ("node", "section", "type", "inputs", "outputs")


@dataclass(frozen=True)
class CheckedSpec:
    """A spec that is valid: `spec` with every default, and `nodes`, one row for each node of its graph.

    Printing it shows the graph as `fascore check` does.
    """

    spec: RunSpec
    nodes: tuple[dict[str, Any], ...]
    text: str

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """`spec` and `nodes`, as JSON carries them."""
        return {"spec": self.spec.model_dump(mode="json", by_alias=True), "nodes": [dict(node) for node in self.nodes]}

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each node. Raises FascoreError without pandas."""
        return data_frame(self.nodes, COLUMNS)

    def _repr_html_(self) -> str:
        from fascore.report.notebook import table

        return table(COLUMNS, [[node[name] for name in COLUMNS] for node in self.nodes], f"{self.spec.name}: valid")


def check(spec: SpecLike, *, overrides: Mapping[str, Any] | None = None) -> CheckedSpec:
    """Check a spec: the path of its JSON, a dict, or a RunSpec. Imports no torch.

    `overrides` changes fields by their paths, such as `{"recipe.epochs": 5}`. Raises SpecErrors with all problems, and
    FascoreError for what is not a spec.
    """
    from fascore.report.graph_text import picture
    from fascore.spec.plan import check as checked

    plan = checked(document_of(spec, overrides)[0])
    tables = (plan.modalities, plan.nodes, plan.heads, plan.objectives)
    nodes = tuple(
        {
            "node": node.name,
            "section": node.section,
            "type": node.component.type,
            "inputs": ", ".join(map(str, node.inputs)),
            "outputs": ", ".join(
                f"{port}: {signal}" if port else str(signal) for port, signal in node.outputs.items() if signal
            ),
        }
        for table in tables
        for node in table.values()
    )
    return CheckedSpec(plan.spec, nodes, picture(plan))
