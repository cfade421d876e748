"""The printed numbers of a paper, shipped by a plugin as two files with a description."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources.abc import Traversable

from fascore.contract.registry import BrokenPlugin, index


@dataclass(frozen=True)
class Paper:
    """The printed tables of a paper. An entry point of the group `fascore.v1.paper` provides one under its `name`.

    `numbers` is a CSV with one row per printed cell:
    `paper,table,row,column,task,metric,unit,value,deviation,flag,reason`. Values and deviations are exactly as printed.
    `unit` is percent, count, or million. `flag` tells why a cell is not a target (contradicted, copied, inferred,
    mislabelled, not printed); `reason` explains it in words.

    `mapping` is a JSON object from the paper's name of a metric to `{"said": sentence, "ours": [{"name", "metric",
    "part"}]}`: the corresponding metrics of fascore (`metric` as in a spec, `part` a key of its result), and how they
    correspond. Both files are read only when a table is requested::

        FILES = files(__name__)
        JOINT = Paper("joint", "Joint face spoofing …", "Yu et al., 2024", FILES / "joint.csv", FILES / "joint.json")
    """

    name: str
    title: str
    citation: str
    numbers: Traversable
    mapping: Traversable


def load_paper(name: str) -> Paper:
    """The paper with this name, without reading its files. Raises UnknownComponent, Conflict, or BrokenPlugin."""
    provider = index().provider("paper", name)
    paper = provider.load()
    who = f"paper '{name}' from {provider.source}: {provider.target}"
    if not isinstance(paper, Paper):
        raise BrokenPlugin(f"{who} is not a fascore.Paper; report this to the authors of {provider.distribution}")
    if paper.name != name:
        raise BrokenPlugin(f"{who} has the name '{paper.name}'; its entry point and its name must match")
    return paper
