"""A paper's printed numbers, as a plugin ships them: two files and what they are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources.abc import Traversable

from fascore.contract.registry import BrokenPlugin, index


@dataclass(frozen=True)
class Paper:
    """The printed tables of a paper; an entry point of the group `fascore.v1.paper` names one, under its `name`.

    `numbers` is a CSV with a row for each printed cell: `paper,table,row,column,task,metric,unit,value,deviation,flag,reason`.
    Values and deviations stand as they are printed. `unit` is percent, count or million; `flag` says why a cell is no target
    (contradicted, copied, inferred, mislabelled, not printed), `reason` the same in words.

    `mapping` is a JSON object: by the paper's name of a metric `{"said": sentence, "ours": [{"name", "metric", "part"}]}`,
    which metrics of fascore correspond (`metric` as in a spec, `part` a key of what it computes), and how. Both files are
    read when a table is asked for, never before::

        FILES = files(__name__)
        JOINT = Paper("joint", "Joint face spoofing …", "Yu et al., 2024", FILES / "joint.csv", FILES / "joint.json")
    """

    name: str
    title: str
    citation: str
    numbers: Traversable
    mapping: Traversable


def load_paper(name: str) -> Paper:
    """The paper of a name; neither of its files is read. Raises UnknownComponent, Conflict or BrokenPlugin."""
    provider = index().provider("paper", name)
    paper = provider.load()
    who = f"paper '{name}' from {provider.source}: {provider.target}"
    if not isinstance(paper, Paper):
        raise BrokenPlugin(f"{who} is not a fascore.Paper; tell the authors of {provider.distribution}")
    if paper.name != name:
        raise BrokenPlugin(f"{who} calls itself '{paper.name}'; its entry point and its name must agree")
    return paper
