"""`fascore check`: validate a spec and print its graph."""

from __future__ import annotations

from typing import Annotated

from fascore.cli.help import OUTPUT, option
from fascore.cli.options import Set, Spec, Unset, With, overrides, problems_of


def check(
    spec: Spec,
    settings: Set = [],  # noqa: B006  Typer copies it
    unset: Unset = [],  # noqa: B006
    extra: With = [],  # noqa: B006
    cost: Annotated[
        bool, option("--cost", None, "add the parameters and FLOPs of each node; imports torch", OUTPUT)
    ] = False,
) -> None:
    """Check a spec and print its graph: the inputs and outputs of each node.

    All errors are reported in one pass.
    """
    from fascore.report.graph_text import picture
    from fascore.spec.documents import read_spec
    from fascore.spec.plan import check as check_graph

    with problems_of(spec):
        plan = check_graph(read_spec(spec, overrides(settings, extra, unset))[0])
    print(picture(plan))
    if cost:
        from fascore.model import describe_cost

        print(f"\n{describe_cost(plan)}")
