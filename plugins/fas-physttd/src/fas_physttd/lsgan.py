"""Least-squares adversarial losses, with the polarity and the norm named (Mao et al. 2017)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

Polarity: TypeAlias = Literal["real_is_one", "real_is_zero"]
"""What a discriminator answers to a real image; the answer to a fake is the other of 0 and 1."""
Norm: TypeAlias = Literal["mean_square", "sum_square", "norm"]
"""How a map's distance counts: the mean of its squares; their sum, ||.||^2; or its root, ||.||, which has no gradient at 0."""


def distance(difference: Tensor, norm: Norm) -> Tensor:
    """Mean over records of the norm of each, (B, ...) -> a float32 scalar. The root is of the sum and 1e-8, so that 0 has a gradient of 0."""
    squares = difference.float().square().reshape(len(difference), -1)
    if norm == "mean_square":
        return squares.mean()
    return squares.sum(1).mean() if norm == "sum_square" else (squares.sum(1) + 1e-8).sqrt().mean()


def answer(maps: Tensor, *, real: bool, polarity: Polarity, norm: Norm = "mean_square") -> Tensor:
    """Distance of a discriminator's maps (B, ...) from its right answer to real or to fake images; a float32 scalar."""
    return distance(maps.float() - float(real == (polarity == "real_is_one")), norm)


def discriminator_loss(real: Tensor, fake: Tensor, polarity: Polarity, norm: Norm = "mean_square") -> Tensor:
    """Real maps toward real, fake ones toward fake."""
    return answer(real, real=True, polarity=polarity, norm=norm) + answer(
        fake, real=False, polarity=polarity, norm=norm
    )


def generator_loss(fake: Tensor, polarity: Polarity, norm: Norm = "mean_square") -> Tensor:
    """Fake maps toward real."""
    return answer(fake, real=True, polarity=polarity, norm=norm)
