"""`fascore plan`: the sample sizes that a claim requires."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from fascore.cli.help import OUTPUT, STATISTICS, option
from fascore.report.plain_text import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fascore.evaluation.sample_size import Claim, Plan

CLAIM = "Claim"
Apcer = Annotated[
    float | None, option("--apcer", "RATE", "limit of the claim for the APCER of each species, for example 0.02", CLAIM)
]
Bpcer = Annotated[float | None, option("--bpcer", "RATE", "limit of the claim for the BPCER, for example 0.15", CLAIM)]
Confidence = Annotated[
    float, option("--confidence", "LEVEL", "confidence of the exact one-sided bound", CLAIM, show_default=True)
]
Species = Annotated[
    int, option("--species", "N", "number of species that the claim covers", CLAIM, min=1, show_default=True)
]
Each = Annotated[
    int,
    option(
        "--each",
        "N",
        "number of presentations per instrument or bona fide subject",
        STATISTICS,
        min=1,
        show_default=True,
    ),
]
Correlation = Annotated[
    float | None,
    option(
        "--correlation",
        "RHO",
        "correlation of errors within an instrument or subject [default: both 0 and 1]",
        STATISTICS,
        min=0,
        max=1,
    ),
]
Errors = Annotated[
    int, option("--errors", "N", "maximum number of errors to tolerate", STATISTICS, min=0, show_default=True)
]
True_ = Annotated[
    list[float],
    option(
        "--true",
        "RATE",
        "true rate at which to print the probability of passing; repeatable [default: limit/2, limit/5, and limit/10]",
        STATISTICS,
    ),
]
Json = Annotated[bool, option("--json", None, "print one JSON document instead of tables", OUTPUT)]


def plan(
    apcer: Apcer = None,
    bpcer: Bpcer = None,
    confidence: Confidence = 0.95,
    species: Species = 1,
    each: Each = 1,
    correlation: Correlation = None,
    errors: Errors = 3,
    true: True_ = [],  # noqa: B006  Typer copies it
    as_json: Json = False,
) -> None:
    """Compute the sample sizes that a claim about error rates requires.

    Sizes are given in presentations and in instruments or subjects. They are exact: with the tolerated errors, the
    one-sided Clopper-Pearson bound is at most the limit.
    """
    from fascore.contract.component import validate
    from fascore.contract.errors import FascoreError
    from fascore.evaluation.sample_size import Claim, document, plans

    limits = {name: limit for name, limit in (("apcer", apcer), ("bpcer", bpcer)) if limit is not None}
    if not limits:
        raise FascoreError("there is no claim: add --apcer, --bpcer, or both, for example --apcer 0.02")
    for name, rates in (
        *((name, [limit]) for name, limit in limits.items()),
        ("confidence", [confidence]),
        ("true", true),
    ):
        if wrong := [rate for rate in rates if not 0 < rate < 1]:
            raise FascoreError(f"--{name} {wrong[0]:g}: must be a number between 0 and 1, for example 0.02 for 2 %")
    ends = [correlation] if correlation is not None else [0.0, 1.0] if each > 1 else [0.0]
    answers = []
    for name, limit in limits.items():
        for rho in ends:
            fields = {"rate": name, "limit": limit, "confidence": confidence, "each": each, "correlation": rho}
            claim = validate(Claim, {**fields, "species": species if name == "apcer" else 1})
            answers.append((claim, list(plans(claim, range(errors + 1), true or [limit / 2, limit / 5, limit / 10]))))
    print(
        json.dumps([document(*answer) for answer in answers], indent=2)
        if as_json
        else "\n\n".join(_table(*answer) for answer in answers)
    )


def _table(claim: Claim, plans: Sequence[Plan]) -> str:
    groups = "instruments" if claim.rate == "apcer" else "subjects"
    whom = f", {claim.species} species" if claim.rate == "apcer" else ""
    title = f"{claim.rate.upper()} <= {_percent(claim.limit)} at {_percent(claim.confidence)} confidence{whom}"
    if claim.each > 1:
        title += f"; {claim.each} presentations per {groups.removesuffix('s')}, correlation {claim.correlation:g}"
        title += f": design effect {claim.design_effect:g}"
    several = claim.species > 1
    heading = [
        *(["claim"] if several else []),
        "errors tolerated",
        "presentations",
        groups,
        *(["in all species"] if several else []),
    ]
    rows = [[*heading, *(f"passes at {_percent(float(rate))}" for rate in plans[0].passes)]]
    for plan in plans:
        scope = ["all species at once" if plan.at_once else "each species alone"] if several else []
        total = [str(plan.total)] if several else []
        chances = [f"{100 * chance:.1f} %" for chance in plan.passes.values()]
        rows.append([*scope, str(plan.tolerated), str(plan.presentations), str(plan.groups), *total, *chances])
    return f"{title}\n{columns(rows, indent='  ')}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.4g} %"
