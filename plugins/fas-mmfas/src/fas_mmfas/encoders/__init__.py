"""The token encoder of mmFAS (Chen et al. 2025, section 4). Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from fascore import Encoder, Image, Plane, Signal, SpecError, Tokens

if TYPE_CHECKING:
    from torch import nn


class VitTokens(Encoder):
    """A small vision transformer that keeps its tokens. One Image or Plane -> Tokens(H W / patch^2, width).

    Consists of a layer norm of each patch, a linear layer, a layer norm, fixed sine and cosine position codes of both
    axes (SimpleViT, Beyer et al. 2022), and pre-norm blocks without a class token or a final norm. Intensities are not
    normalized beforehand: the norm of the patch scales them.
    """

    type: Literal["mmfas.vit_tokens"] = "mmfas.vit_tokens"
    patch: PositiveInt = Field(
        16, description="side of a patch in pixels; height and width of the input must be multiples of it"
    )
    width: int = Field(
        270, ge=8, description="width of a token; the remainder after division by four (2 for 270) has no position code"
    )
    depth: PositiveInt = Field(3, description="transformer blocks")
    heads: PositiveInt = Field(6, description="attention heads; the width must be a multiple of their number")
    ratio: PositiveFloat = Field(
        4.0, description="ratio of the feed-forward network's hidden width to the width of a token; 4: 1080"
    )
    channels: PositiveInt | None = Field(
        3,
        description="number of channels to which a single-channel input is repeated (all inputs of the paper "
        "have three); none: do not repeat",
    )

    def picture(self, signals: Sequence[Signal]) -> Image | Plane:
        """The only input. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Image | Plane):
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(
                f"{self.type} accepts one Image or Plane; got {got}: write one encoder per input, and use "
                "single frames, not a clip"
            )
        picture = signals[0]
        if picture.h % self.patch or picture.w % self.patch:
            size = f"{picture.h} x {picture.w}"
            raise SpecError(
                f"{self.type}: {size} pixels cannot be divided into patches of {self.patch}; change 'patch', "
                "or 'size' of the modality"
            )
        if self.width % self.heads:
            raise SpecError(
                f"{self.type}: a width of {self.width} is not a multiple of {self.heads} heads; change "
                "'heads' or 'width'"
            )
        return picture

    def infer(self, signals: Sequence[Signal]) -> Tokens:
        picture = self.picture(signals)
        grid = (picture.h // self.patch, picture.w // self.patch)
        return Tokens(grid[0] * grid[1], self.width, 0, grid)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_mmfas.encoders.vit_tokens import VitTokensEncoder

        return VitTokensEncoder(
            self.picture(signals),
            patch=self.patch,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            ratio=self.ratio,
            channels=self.channels,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"patch": 8, "width": 12, "depth": 2, "heads": 2}
        return [
            (cls.model_validate(small), [Image(3, 16, 24)]),
            (cls.model_validate({**small, "width": 10}), [Image(1, 16, 16)]),
            (cls.model_validate({**small, "channels": None}), [Plane(1, 16, 16)]),
        ]


__all__ = ["VitTokens"]
