"""Objectives of the appearance baselines. Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, NonNegativeFloat

from fascore import Labels, Objective, Signal, SpecError, Target, Tokens

if TYPE_CHECKING:
    from torch import nn


class RegionalIndependence(Objective):
    """Regional independence loss (Zhao et al. 2021, eq. 1 and 2). Accepts Tokens.

    Each attention map is pulled toward its own center, and the centers are kept apart. The input is the port `regions`
    of `joint.multi_attention`. The centers are not parameters: after each step they move toward the mean of the batch
    over all processes. With `form` release it follows the authors' code, which differs: only bona fide records move the
    centers, distances are computed over all M vectors together, a negative margin pushes away, and pairs have the
    weight 1 / (M rate).
    """

    type: Literal["joint.regional_independence"] = "joint.regional_independence"
    weight: NonNegativeFloat = Field(0.5, description="weight of this loss in the total, lambda 2 of eq. 3")
    form: Literal["equation", "release"] = Field("equation", description="equation: eq. 1; release: the authors' code")
    bona_fide: float = Field(
        0.05, description="margin around the centers for bona fide; the release uses 0.1, and 0.2 in its run on FF++"
    )
    attack: float = Field(
        0.1, description="margin around the centers for attacks; the release uses -2, and -0.8 in its run on FF++"
    )
    between: NonNegativeFloat = Field(
        0.2, description="margin between two centers; the release uses 0.5, and 0.8 in its run on FF++"
    )
    rate: float = Field(0.05, gt=0, le=1, description="update rate of the centers, alpha of eq. 2")

    def _size(self, signals: Sequence[Signal]) -> tuple[int, int]:
        """M and N. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Tokens):
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(
                "joint.regional_independence accepts the port regions of joint.multi_attention with "
                f'"ports": true; got {got}'
            )
        return signals[0].n, signals[0].d

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self._size(signals)
        if not (isinstance(target, Labels) and target.column == "label"):
            raise SpecError(f"joint.regional_independence learns record.label, not {target}")
        if self.form == "equation" and min(self.bona_fide, self.attack) < 0:
            raise SpecError(
                "joint.regional_independence: the margins of eq. 1 must not be negative; for the margins of "
                "the authors' code, "
                'set "form": "release"'
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
