"""Token streams that may be absent."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fascore import Tokens

DEVIATION = 0.02
"""Initial standard deviation of a learned token, as for the learned tokens of ViT."""


class Streams(nn.Module):
    """Replaces every token of a row with the learned token of the stream if the stream is absent.

    Only optional streams have a learned token, except those in `unread`, whose tokens would have no effect; the other
    streams would be replaced with zeros. Shapes: streams (B, N, D) each, and mask (B, streams) -> the same.
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
    """Mean over the present streams and their tokens that represent a position; zeros if no stream is present.

    Shape: (B, D).
    """
    pooled = torch.stack([stream[:, prefix:].mean(1) for stream in streams], dim=1).masked_fill(~mask[:, :, None], 0)
    return pooled.sum(1) / mask.sum(1, keepdim=True).clamp(min=1).to(pooled.dtype)
