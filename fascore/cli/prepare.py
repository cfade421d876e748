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
    """Decode the records of a spec and store the inputs of its model.

    All runs share the stored data. `fascore run` prepares whatever is missing; this command separates it from training.
    """
    changes = overrides(settings, extra, unset)
    with problems_of(spec):
        from fascore.running.prepare import prepare_spec

        prepare_spec(spec, changes, processes=processes, strict=strict)
