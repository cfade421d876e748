"""Checks of what a run measures and tracks: the score rule, metrics and trackers, before any Signal is known."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError, Problem, SpecErrors
from fascore.contract.registry import index
from fascore.spec.documents import Json, RunSpec, heads_of


def no_such(name: str, names: Collection[str]) -> str:
    """Message for a name that is not in `names`: it suggests the nearest one, or lists them all."""
    near = difflib.get_close_matches(name, names, 1, 0.5)
    return f"there is no '{name}'. " + (f"Did you mean '{near[0]}'?" if near else f"Available: {', '.join(names)}.")


def score_problems(spec: RunSpec) -> Iterator[Problem]:
    """Check that every head of the score rule exists and produces a score."""
    heads = spec.model.heads
    for name in heads_of(spec.model.score):
        if name not in heads:
            yield Problem("model.score", no_such(name, heads))
        elif not heads[name].scores:
            yield Problem("model.score", f"head '{name}' ({heads[name].type}) produces no score; name a head that does")


def metric_problems(spec: RunSpec) -> Iterator[Problem]:
    """Check before training that no metric is listed twice and that the run writes the column of each."""
    heads = spec.model.heads.items()
    columns = ["score", *(f"{name}.score" for name, head in heads if head.scores)]
    columns += [f"{name}.{number}" for name, head in heads for number in head.numbers]
    written = {f"metrics.{place}": metric for place, metric in enumerate(spec.metrics)}
    seen: dict[str, str] = {}
    for path, metric in written.items():
        if (first := seen.setdefault(metric.canonical(), path)) != path:
            yield Problem(path, f"{metric.type} is listed twice, first as {first}; remove one of them")
    for path, metric in {**written, "recipe.select": spec.recipe.select}.items():
        if lacks := metric.lacks(columns):
            yield Problem(path if metric.column in columns else f"{path}.column", lacks)


def tracker_options(trackers: Mapping[str, Mapping[str, Json]]) -> tuple[dict[str, Config], list[Problem]]:
    """Validated options of the trackers that declare them, and the problems. Every tracker must be installed.

    If a tracker declares no options, the start of the run reports the ones it does not accept.
    """
    options: dict[str, Config] = {}
    problems: list[Problem] = []
    for name, written in trackers.items():
        try:
            declared = getattr(index().provider("hooks", name).load(), "Options", None)
            if declared is not None:
                options[name] = validate(declared, written)
        except SpecErrors as error:
            problems += [Problem(f"trackers.{name}.{path}".rstrip("."), message) for path, message in error.problems]
        except FascoreError as error:
            problems.append(Problem(f"trackers.{name}", str(error)))
    return options, problems
