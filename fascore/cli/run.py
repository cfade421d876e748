"""`fascore run`: train, choose the threshold, evaluate, report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fascore.cli.help import EXECUTION, option
from fascore.cli.options import Runs, Set, Spec, Strict, Trainers, Unset, With, overrides, problems_of

RUNS = Path("runs")


def run(
    spec: Spec,
    settings: Set = [],  # noqa: B006  Typer copies it
    unset: Unset = [],  # noqa: B006
    fresh: Annotated[
        bool, option("--fresh/--resume", None, "start over, or resume an interrupted run", EXECUTION, show_default=True)
    ] = False,
    processes: Trainers = 1,
    extra: With = [],  # noqa: B006
    strict: Strict = False,
    runs: Runs = RUNS,
) -> None:
    """Train a model from a spec, evaluate it, and write a report.

    The threshold is chosen on the dev set, and every test set is evaluated. If a run is interrupted, repeat the
    command: training resumes and gives identical results.
    """
    document = _checked(spec, overrides(settings, extra, unset))
    with problems_of(spec):
        from fascore.running.run import execute_document

        execute_document(document, fresh=fresh, processes=processes, strict=strict, runs=runs)


def _checked(spec: Path, changes: Mapping[str, Any]) -> Any:
    """The document of a spec that passes the check. Errors are reported at once, before torch is imported."""
    from fascore.spec.documents import read_spec
    from fascore.spec.plan import check

    with problems_of(spec):
        checked, document = read_spec(spec, changes)
        check(checked)
    return document
