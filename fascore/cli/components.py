"""`fascore components`: the installed components by kind and name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from fascore.contract.errors import FascoreError
from fascore.contract.registry import KINDS, index
from fascore.report.plain_text import columns

Kinds = Annotated[
    list[str] | None,
    typer.Argument(metavar="KIND", help="list only these kinds, for example encoder", show_default=False),
]


def components(kinds: Kinds = None) -> None:
    """List the installed components without importing them."""
    print(listing(kinds or ()))


def listing(kinds: Sequence[str] = ()) -> str:
    """Kind, name and package of every component. Raises FascoreError for a word that is not a kind."""
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise FascoreError(f"'{unknown[0]}' is not a kind of component; available: {', '.join(KINDS)}")
    rows = [
        (provider.kind, provider.name, provider.source)
        for kind in kinds or KINDS
        for provider in index().providers()
        if provider.kind == kind
    ]
    return columns(rows) or f"no {' or '.join(kinds) or 'component'} is installed"
