"""Add sections to the report of a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fascore.contract.component import replaced
from fascore.contract.errors import FascoreError, SpecErrors
from fascore.contract.hooks import Hooks, RunFacts
from fascore.running.conclude import add_sections
from fascore.running.folder import RunFolder
from fascore.running.open_trained import open_trained
from fascore.spec.plan import check


def further_sections(folder: RunFolder, trackers: Mapping[str, Mapping[str, Any]], device: str = "auto") -> list[str]:
    """Let hook plugins add sections to the report of a finished run; return the titles.

    `trackers` maps the names of the plugins to their options. Raises FascoreError for an unfinished run, invalid
    options, or a plugin that fails or adds nothing.
    """
    if not folder.finished():
        raise FascoreError(f"{folder.root}: the run is not finished; continue it with fascore run {folder.spec}")
    try:
        check(replaced(folder.run_spec(), trackers=dict(trackers)))
    except SpecErrors as error:
        raise FascoreError(
            "\n".join(f"{problem.path.removeprefix('trackers.')}: {problem.message}" for problem in error.problems)
        ) from error
    failures: list[str] = []
    hooks = Hooks.named(trackers, failures.append)
    with open_trained(folder.root, device=device) as trained:
        returned = hooks.call(
            "report_sections", run=RunFacts(trained.spec.name, folder.root, trained.spec), trained=trained
        )
    if failures:
        raise FascoreError(failures[0])
    sections = [section for plugin_sections in returned for section in plugin_sections]
    if not sections:
        raise FascoreError(
            f"{', '.join(trackers)}: does not add a section to a report; embedding, gallery, and saliency do"
        )
    add_sections(folder, sections)
    return [section.title for section in sections]
