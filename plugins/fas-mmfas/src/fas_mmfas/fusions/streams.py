"""Streams of tokens that may be absent."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fascore import Tokens

DEVIATION = 0.02
"""Of a learned token before training, as of ViT's learned tokens."""


class Streams(nn.Module):
    """Puts the learned token of a stream in all places of a row where the stream is absent.

    Only optional streams have a token, but for those that `unread` says it would change nothing for; zeros would stand for the others.
    Shapes: streams (B, N, D) each, and mask (B, streams) -> the same.
    """

    def __init__(self, signals: Sequence[Tokens], unread: Sequence[int] = ()) -> None:
        super().__init__()
        optional = {
            str(place): signal.d for place, signal in enumerate(signals) if signal.optional and place not in unread
        }
        self.absent = nn.ParameterDict(
            {place: nn.Parameter(torch.randn(d) * DEVIATION) for place, d in optional.items()}
        )

    def forward(self, streams: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
        return [
            torch.where(mask[:, place, None, None], stream, self._token(place, stream))
            for place, stream in enumerate(streams)
        ]

    def _token(self, place: int, stream: Tensor) -> Tensor:
        return self.absent[str(place)].to(stream.dtype) if str(place) in self.absent else stream.new_zeros(())


def mean_of_present(streams: Sequence[Tensor], mask: Tensor, prefix: int) -> Tensor:
    """Mean of the streams that are present, then of the tokens that stand for a place; zeros where none is. Shape: (B, D)."""
    pooled = torch.stack([stream[:, prefix:].mean(1) for stream in streams], dim=1).masked_fill(~mask[:, :, None], 0)
    return pooled.sum(1) / mask.sum(1, keepdim=True).clamp(min=1).to(pooled.dtype)
