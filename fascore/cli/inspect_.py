"""Commands that look at specs and at what is installed; none of them imports torch, but for `check --cost`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fascore.cli.options import Out, Set, Spec, Unset, With, overrides, problems_of

Kind = Annotated[
    str, typer.Argument(metavar="KIND", help="dataset, modality, encoder, fusion, head, …", show_default=False)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="the component's name", show_default=False)]
Kinds = Annotated[list[str] | None, typer.Argument(metavar="KIND", help="only these kinds", show_default=False)]


def check(
    spec: Spec,
    settings: Set = [],  # noqa: B006  Typer copies it
    unset: Unset = [],  # noqa: B006
    extra: With = [],  # noqa: B006
    cost: Annotated[bool, typer.Option("--cost", help="add parameters and FLOPs of each node; imports torch")] = False,
) -> None:
    """Check a spec and print its graph: what each node reads and gives."""
    from fascore.cli.graph_text import picture
    from fascore.spec.documents import read_spec
    from fascore.spec.plan import check as check_graph

    with problems_of(spec):
        plan = check_graph(read_spec(spec, overrides(settings, extra, unset))[0])
    print(picture(plan))
    if cost:
        from fascore.model import describe_cost

        print(f"\n{describe_cost(plan)}")


def fill(spec: Spec, settings: Set = [], unset: Unset = [], extra: With = [], out: Out = None) -> None:  # noqa: B006
    """Write a spec with every default written out, in the order of the file."""
    from fascore.cli.text import to_json
    from fascore.spec.documents import read_spec

    with problems_of(spec):
        checked, document = read_spec(spec, overrides(settings, extra, unset))
    full = checked.model_dump(mode="json", by_alias=True, exclude={"schema_"} if checked.schema_ is None else None)
    _write(out, to_json(_in_order_of(document, full)))


def schema(out: Out = None) -> None:
    """Write one JSON Schema of everything installed, for editors that complete specs."""
    import json

    from fascore.spec.schema import schema as build

    _write(out, json.dumps(build(), indent=1, ensure_ascii=False))


def explain(kind: Kind, name: Name) -> None:
    """Explain a component: what it does, its fields, what it takes and gives, where it stands."""
    from fascore.cli.explain import explanation

    print(explanation(kind, name))


def components(kinds: Kinds = None) -> None:
    """List the components that are installed, all or those of the kinds named; nothing of them is imported."""
    from fascore.cli.plugins import listing

    print(listing(kinds or ()))


def plugins(
    check: Annotated[
        bool, typer.Option("--check", help="import every component, and end with 1 where one is broken")
    ] = False,
) -> None:
    """List the packages that offer components, and names that two of them claim."""
    from fascore.cli.plugins import complaints, packages

    print(packages())
    found = complaints(load=check)
    for line in found:
        print(line)
    if check:
        print(f"{len(found)} to mend" if found else "every component can be imported")
        raise typer.Exit(1 if found else 0)


def _write(out: Path | None, text: str) -> None:
    from fascore.contract.files import write_whole

    if out is None:
        print(text)
    else:
        write_whole(out, text + "\n")
        print(f"wrote {out}")


def _in_order_of(document: Any, full: Any) -> Any:
    """`full` with its keys in the order of `document`, those that it adds behind."""
    if isinstance(document, dict) and isinstance(full, dict):
        keys = [*(key for key in document if key in full), *(key for key in full if key not in document)]
        return {key: _in_order_of(document.get(key), full[key]) for key in keys}
    if isinstance(document, list) and isinstance(full, list):
        return [_in_order_of(given, item) for given, item in zip(document, full, strict=True)]
    return full
