"""Checks of what a run measures and tracks: the score rule, metrics and trackers, before any Signal is known."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError, Problem, SpecErrors
from fascore.contract.registry import index
from fascore.spec.documents import Json, RunSpec, heads_of


def no_such(name: str, names: Collection[str]) -> str:
    """Sentence for a name that is not among `names`: the nearest, or all of them."""
    near = difflib.get_close_matches(name, names, 1, 0.5)
    return f"there is no '{name}'. " + (f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(names)}.")


def score_problems(spec: RunSpec) -> Iterator[Problem]:
    """Every head of the score rule exists, and gives a score."""
    heads = spec.model.heads
    for name in heads_of(spec.model.score):
        if name not in heads:
            yield Problem("model.score", no_such(name, heads))
        elif not heads[name].scores:
            yield Problem("model.score", f"head '{name}' ({heads[name].type}) gives no score")


def metric_problems(spec: RunSpec) -> Iterator[Problem]:
    """Each metric stands once, on a column that the run will write: found here, not at the end of training."""
    heads = spec.model.heads.items()
    columns = ["score", *(f"{name}.score" for name, head in heads if head.scores)]
    columns += [f"{name}.{number}" for name, head in heads for number in head.numbers]
    written = {f"metrics.{place}": metric for place, metric in enumerate(spec.metrics)}
    seen: dict[str, str] = {}
    for path, metric in written.items():
        if (first := seen.setdefault(metric.canonical(), path)) != path:
            yield Problem(path, f"{metric.type} stands twice, as {first} too; leave one out")
    for path, metric in {**written, "recipe.select": spec.recipe.select}.items():
        if lacks := metric.lacks(columns):
            yield Problem(path if metric.column in columns else f"{path}.column", lacks)


def tracker_options(trackers: Mapping[str, Mapping[str, Json]]) -> tuple[dict[str, Config], list[Problem]]:
    """Validated options of the trackers that declare them, and what is wrong: a tracker must be installed.

    Options of a tracker that declares none are reported where the run begins.
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
