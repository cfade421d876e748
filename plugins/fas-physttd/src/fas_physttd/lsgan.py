"""Least-squares adversarial losses, with the polarity named (Mao et al. 2017)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor
from torch.nn.functional import mse_loss

Polarity: TypeAlias = Literal["real_is_one", "real_is_zero"]
"""What a discriminator answers to a real image; the answer to a fake is the other of 0 and 1."""


def answer(maps: Tensor, *, real: bool, polarity: Polarity) -> Tensor:
    """Mean squared distance of a discriminator's maps from its right answer to real or to fake images; a float32 scalar."""
    target = float(real == (polarity == "real_is_one"))
    return mse_loss(maps.float(), maps.new_full((), target).float().expand_as(maps))


def discriminator_loss(real: Tensor, fake: Tensor, polarity: Polarity) -> Tensor:
    """Real maps towards real, fake ones towards fake."""
    return answer(real, real=True, polarity=polarity) + answer(fake, real=False, polarity=polarity)


def generator_loss(fake: Tensor, polarity: Polarity) -> Tensor:
    """Fake maps towards real."""
    return answer(fake, real=True, polarity=polarity)
