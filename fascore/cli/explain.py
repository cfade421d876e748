"""`fascore explain`: describe one component."""

from __future__ import annotations

from typing import Annotated

import typer

Kind = Annotated[
    str,
    typer.Argument(
        metavar="KIND", help="kind of the component, for example fusion; see fascore components", show_default=False
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="name of the component", show_default=False)]


def explain(kind: Kind, name: Name) -> None:
    """Describe a component: its purpose, fields, inputs, outputs, and source file."""
    from fascore.cli.component_text import explanation

    print(explanation(kind, name))
