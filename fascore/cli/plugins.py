"""What is installed: components, the packages they come from, and what is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fascore.cli.text import columns, counted
from fascore.contract.errors import FascoreError
from fascore.contract.registry import KINDS, Conflict, index


def listing(kinds: Sequence[str] = ()) -> str:
    """Kind, name and package of every component. Raises FascoreError for a word that is no kind."""
    if wrong := [kind for kind in kinds if kind not in KINDS]:
        raise FascoreError(f"'{wrong[0]}' is no kind of component; there are: {', '.join(KINDS)}")
    rows = [(p.kind, p.name, p.source) for kind in kinds or KINDS for p in index().providers() if p.kind == kind]
    return columns(rows) or f"no {' or '.join(kinds) or 'component'} is installed"


def packages() -> str:
    """Every package with the number of its components, hooks and commands by kind."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for provider in index().providers():
        counts[provider.source][provider.kind] += 1
    rows = [
        (source, ", ".join(counted(n, kind.removesuffix("s")) for kind, n in sorted(table.items())))
        for source, table in sorted(counts.items())
    ]
    return columns(rows)


def complaints(*, load: bool) -> list[str]:
    """Names that two packages claim; with `load`, every provider that cannot be imported."""
    from fascore.cli.app import own_commands

    found = [str(conflict) for conflict in index().conflicts()]
    hidden = [p for p in index().providers() if p.kind == "command" and p.name in own_commands()]
    found += [
        f"command '{p.name}' of {p.source} cannot be called: fascore has one of that name; tell its authors"
        for p in hidden
    ]
    if load:
        found += _broken()
    return found


def _broken() -> list[str]:
    from fascore.contract.component import load  # pydantic, which the listing alone does not need
    from fascore.contract.paper import load_paper

    found = []
    for kind, name in dict.fromkeys((p.kind, p.name) for p in index().providers()):
        try:
            if kind in KINDS:
                load(kind, name)
            elif kind == "paper":
                load_paper(name)
            else:
                index().provider(kind, name).load()
        except Conflict:
            continue  # it is told already
        except FascoreError as error:
            found.append(str(error))
    return found
