"""Objectives of the appearance baselines. Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeFloat

from fascore import Labels, Objective, Signal, SpecError, Target, Tokens

if TYPE_CHECKING:
    from torch import nn


class RegionalIndependence(Objective):
    """Regional independence loss (Zhao et al. 2021, eq. 1 and 2): each attention map keeps to its own center, and centers apart. Takes Tokens.

    It learns the port `regions` of `joint.multi_attention`. The centers are not parameters: after each step they move toward
    the mean of the batch, over all processes. `form` release is the authors' code, which differs: centers follow bona fide
    only, distances are those of all M vectors together, a negative margin pushes away, and pairs weigh 1 / (M rate).
    """

    type: Literal["joint.regional_independence"] = "joint.regional_independence"
    weight: NonNegativeFloat = Field(0.5, description="of this loss in the sum, lambda 2 of eq. 3")
    form: Literal["equation", "release"] = Field("equation", description="equation: eq. 1; release: the authors' code")
    bona_fide: float = Field(
        0.05, description="margin around the centers of bona fide; the release has .1, and .2 in its run on FF++"
    )
    attack: float = Field(0.1, description="margin around the centers of attacks; the release has -2, and -.8 on FF++")
    between: NonNegativeFloat = Field(0.2, description="margin between two centers; the release has .5, and .8 on FF++")
    rate: float = Field(0.05, gt=0, le=1, description="how far the centers move, alpha of eq. 2")

    def _size(self, signals: Sequence[Signal]) -> tuple[int, int]:
        """M and N. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Tokens):
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(
                f'joint.regional_independence takes the port regions of joint.multi_attention with "ports": true; got {got}'
            )
        return signals[0].n, signals[0].d

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self._size(signals)
        if not (isinstance(target, Labels) and target.column == "label"):
            raise SpecError(f"joint.regional_independence learns record.label, not {target}")
        if self.form == "equation" and min(self.bona_fide, self.attack) < 0:
            raise SpecError(
                'joint.regional_independence: margins of eq. 1 are not negative; for those of the authors\' code set "form": "release"'
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_joint.objectives.regional_independence import RegionalIndependenceObjective

        margins = (self.attack, self.bona_fide)
        return RegionalIndependenceObjective(
            *self._size(signals), margins=margins, between=self.between, rate=self.rate, form=self.form
        )

    @classmethod
    def examples(cls) -> list[Any]:
        regions = [Tokens(3, 5, 0)]
        return [
            (cls(), regions, Labels("label")),
            (cls(form="release", bona_fide=0.2, attack=-0.8, between=0.8), regions, Labels("label")),
        ]


__all__ = ["RegionalIndependence"]
