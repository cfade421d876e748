"""`fascore fill`: a spec with every default written out."""

from __future__ import annotations

from typing import Any

from fascore.cli.options import Out, Set, Spec, Unset, With, overrides, problems_of
from fascore.cli.text import print_or_write, to_json


def fill(
    spec: Spec,
    settings: Set = [],  # noqa: B006  Typer copies it
    unset: Unset = [],  # noqa: B006
    extra: With = [],  # noqa: B006
    out: Out = None,
) -> None:
    """Print a spec with every default filled in.

    Fields keep the order of the file.
    """
    from fascore.spec.documents import read_spec

    with problems_of(spec):
        checked, document = read_spec(spec, overrides(settings, extra, unset))
    full = checked.model_dump(mode="json", by_alias=True, exclude={"schema_"} if checked.schema_ is None else None)
    print_or_write(to_json(_in_order_of(document, full)), out)


def _in_order_of(document: Any, full: Any) -> Any:
    """`full` with its keys in the order of `document`, followed by the keys that it adds."""
    if isinstance(document, dict) and isinstance(full, dict):
        keys = [*(key for key in document if key in full), *(key for key in full if key not in document)]
        return {key: _in_order_of(document.get(key), full[key]) for key in keys}
    if isinstance(document, list) and isinstance(full, list):
        return [_in_order_of(entry, filled) for entry, filled in zip(document, full, strict=True)]
    return full
