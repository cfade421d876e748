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
    """Decode the records of a spec and store what its model reads, once for all runs.

    `fascore run` prepares whatever is missing; prepare first to separate this from training.
    """
    changes = overrides(settings, extra, unset)
    with problems_of(spec):
        from fascore.running.prepare import prepare_spec

        prepare_spec(spec, changes, processes=processes, strict=strict)
