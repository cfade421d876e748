"""`fascore plugins`: the packages that provide components, and their problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Annotated

import typer

from fascore.cli.help import EXECUTION, option
from fascore.contract.errors import FascoreError
from fascore.contract.registry import KINDS, Conflict, index
from fascore.report.plain_text import columns, counted


def plugins(
    context: typer.Context,
    check: Annotated[
        bool, option("--check", None, "import every component; the exit code is 1 if there is a problem", EXECUTION)
    ] = False,
) -> None:
    """List the packages that provide components, and report conflicting names."""
    print(packages())
    own = getattr(context.find_root().command, "commands", {})
    problems = [*map(str, index().conflicts()), *hidden_commands(own)]
    if check:
        problems += broken_providers()
    for problem in problems:
        print(problem)
    if check:
        print(f"{len(problems)} to fix" if problems else "every component can be imported")
        raise typer.Exit(1 if problems else 0)


def packages() -> str:
    """Every package with its number of components, hooks, and commands by kind."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for provider in index().providers():
        counts[provider.source][provider.kind] += 1
    rows = [
        (source, ", ".join(counted(count, kind.removesuffix("s")) for kind, count in sorted(by_kind.items())))
        for source, by_kind in sorted(counts.items())
    ]
    return columns(rows)


def hidden_commands(own: Collection[str]) -> list[str]:
    """One sentence per plugin command that cannot be called because a core command, in `own`, has the same name."""
    return [
        f"command '{provider.name}' of {provider.source} cannot be called: fascore has a command of that name; "
        "report this to the authors of the package"
        for provider in index().providers()
        if provider.kind == "command" and provider.name in own
    ]


def broken_providers() -> list[str]:
    """One sentence per component, hook, and command that cannot be imported."""
    from fascore.contract.component import load  # pydantic, which the listing alone does not need
    from fascore.contract.paper import load_paper

    sentences = []
    for kind, name in dict.fromkeys((provider.kind, provider.name) for provider in index().providers()):
        try:
            if kind in KINDS:
                load(kind, name)
            elif kind == "paper":
                load_paper(name)
            else:
                index().provider(kind, name).load()
        except Conflict:
            continue  # reported already
        except FascoreError as error:
            sentences.append(str(error))
    return sentences
