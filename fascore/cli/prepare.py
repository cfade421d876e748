"""`fascore prepare`: decode and store the data of a spec, once."""

from __future__ import annotations

from fascore.cli.options import Processes, Set, Spec, Strict, Unset, With, overrides, problems_of


def prepare(
    spec: Spec,
    settings: Set = [],  # noqa: B006  Typer copies it
    unset: Unset = [],  # noqa: B006
    processes: Processes = None,
    extra: With = [],  # noqa: B006
    strict: Strict = False,
) -> None:
    """Decode and store what a spec needs of every record, once for all runs; a run does it too where it is missing."""
    changes = overrides(settings, extra, unset)
    with problems_of(spec):
        from fascore.running.prepare import prepare_spec

        prepare_spec(spec, changes, processes=processes, strict=strict)
