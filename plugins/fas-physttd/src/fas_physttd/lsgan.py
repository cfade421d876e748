"""Least-squares adversarial losses with explicit polarity and norm (Mao et al. 2017)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

Polarity: TypeAlias = Literal["real_is_one", "real_is_zero"]
"""Target output of a discriminator for a real image; the target for a fake image is the opposite one of 0 and 1."""
Norm: TypeAlias = Literal["mean_square", "sum_square", "norm"]
"""How the distance of a map is computed: mean of squares; sum of squares, ||.||^2; or its root, ||.||, which has no gradient at 0."""


def distance(difference: Tensor, norm: Norm) -> Tensor:
    """Mean over records of the norm, (B, ...) -> a float32 scalar. The root adds 1e-8 to the sum, so that the gradient at 0 is 0."""
    squares = difference.float().square().reshape(len(difference), -1)
    if norm == "mean_square":
        return squares.mean()
    return squares.sum(1).mean() if norm == "sum_square" else (squares.sum(1) + 1e-8).sqrt().mean()


def answer(maps: Tensor, *, real: bool, polarity: Polarity, norm: Norm = "mean_square") -> Tensor:
    """Distance of a discriminator's maps (B, ...) from their target for real or fake images; a float32 scalar."""
    return distance(maps.float() - float(real == (polarity == "real_is_one")), norm)


def discriminator_loss(real: Tensor, fake: Tensor, polarity: Polarity, norm: Norm = "mean_square") -> Tensor:
    """Loss that moves maps of real images toward real and maps of fake images toward fake."""
    return answer(real, real=True, polarity=polarity, norm=norm) + answer(
        fake, real=False, polarity=polarity, norm=norm
    )


def generator_loss(fake: Tensor, polarity: Polarity, norm: Norm = "mean_square") -> Tensor:
    """Loss that moves maps of fake images toward real."""
    return answer(fake, real=True, polarity=polarity, norm=norm)
