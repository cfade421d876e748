"""How many presentations, subjects, and instruments a claim needs, to plan a test before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

from pydantic import Field, NonNegativeInt, PositiveInt
from scipy.special import bdtr

from fascore.contract.component import Config
from fascore.contract.errors import FascoreError

Which: TypeAlias = Literal["apcer", "bpcer"]

MOST = 10**9
"""A claim that needs more presentations than this cannot be tested in practice."""


class Claim(Config):
    """`<rate> <= limit` with a confidence, tested with `each` presentations per subject (bona fide) or per instrument
    (attacks).

    `correlation` is the intra-class correlation of errors within a subject or an instrument. At 0, all presentations
    are independent; at 1, those of one subject always agree.
    """

    rate: Which = Field(description="apcer, of each species, or bpcer")
    limit: float = Field(description="the rate is at most this", gt=0, lt=1)
    confidence: float = Field(0.95, description="of the exact one-sided bound", gt=0, lt=1)
    species: PositiveInt = Field(1, description="how many species the claim is about; bpcer has none")
    each: PositiveInt = Field(1, description="presentations per subject, and per instrument")
    correlation: float = Field(0.0, description="intra-class correlation within a subject or an instrument", ge=0, le=1)

    @property
    def design_effect(self) -> float:
        """Factor by which more presentations are needed than if they were independent: 1 + (each - 1) * correlation
        (Kish 1965).
        """
        return 1 + (self.each - 1) * self.correlation


class Plan(Config):
    """What a pass requires, for one species or for bona fide, if `errors` out of `independent` presentations are
    tolerated.

    The test needs `presentations` with `groups` instruments or subjects, and `total` presentations over all species. It
    passes with up to `tolerated` errors: the same share, on an effective sample of presentations / design effect (Korn
    and Graubard 1998). `passes` is the probability of passing by true rate, for all species at once.
    """

    errors: NonNegativeInt = Field(description="errors that are tolerated among the independent presentations")
    tolerated: NonNegativeInt = Field(description="errors that are tolerated among the presentations of each species")
    at_once: bool = Field(description="whether the claim holds for all species at once: alpha / species (Bonferroni)")
    independent: PositiveInt = Field(description="presentations, if all were independent")
    presentations: PositiveInt = Field(description="presentations, with the design effect")
    groups: PositiveInt = Field(description="instruments (apcer) or subjects (bpcer)")
    total: PositiveInt = Field(description="presentations of all species")
    passes: dict[str, float] = Field(description="chance to pass, by true rate")


def needed(limit: float, alpha: float, errors: int) -> int:
    """The smallest n for which `errors` errors put the exact upper bound (Clopper-Pearson, one-sided 1 - alpha) at
    `limit` or below.

    That is the smallest n with P(X <= errors) <= alpha for X ~ Binomial(n, limit). Without errors it is ceil(log alpha
    / log(1 - limit)), which the rule of three approximates by 3 / limit at 95 %. Raises FascoreError above `MOST`.
    """
    low, high = errors, errors + 1
    while bdtr(errors, high, limit) > alpha:
        low, high = high, 2 * high
        if high > MOST:
            raise FascoreError(f"a rate of {limit:g} would need more than {MOST:.0e} presentations; claim less")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if bdtr(errors, middle, limit) > alpha else (low, middle)
    return high


def passes(n: int, errors: int, true: float, species: int = 1) -> float:
    """The probability that none of `species` independent tests of n presentations shows more than `errors` errors at
    this true rate.
    """
    return float(bdtr(errors, n, true)) ** species


def plans(claim: Claim, errors: Sequence[int], true: Sequence[float]) -> Iterator[Plan]:
    """Yield a plan for each number of tolerated errors. If there are several species, each alone and all at once."""
    for at_once in (False, True) if claim.species > 1 else (False,):
        alpha = (1 - claim.confidence) / (claim.species if at_once else 1)
        for tolerated in errors:
            n = needed(claim.limit, alpha, tolerated)
            groups = math.ceil(_exact(n * claim.design_effect) / claim.each)
            presentations = groups * claim.each
            yield Plan(
                errors=tolerated,
                at_once=at_once,
                independent=n,
                presentations=presentations,
                groups=groups,
                total=presentations * claim.species,
                tolerated=presentations * tolerated // n,
                passes={f"{rate:g}": passes(n, tolerated, rate, claim.species) for rate in true},
            )


def _exact(number: float) -> int:
    """Round up, ignoring floating-point error: 149 x 1.1 = 163.9 gives 164, and 150 x 1.1 gives exactly 165."""
    return math.ceil(number - 1e-9)


def document(claim: Claim, computed: Sequence[Plan]) -> dict[str, Any]:
    """A claim and its plans as JSON."""
    return {
        **claim.model_dump(mode="json"),
        "design_effect": claim.design_effect,
        "plans": [plan.model_dump(mode="json") for plan in computed],
    }
