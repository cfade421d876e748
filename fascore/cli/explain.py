"""`fascore explain`: one component in words."""

from __future__ import annotations

from typing import Annotated

import typer

Kind = Annotated[
    str, typer.Argument(metavar="KIND", help="dataset, modality, encoder, fusion, head, …", show_default=False)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="the component's name", show_default=False)]


def explain(kind: Kind, name: Name) -> None:
    """Explain a component: what it does, its fields, what it takes and gives, where it stands."""
    from fascore.cli.component_text import explanation

    print(explanation(kind, name))
