"""Pooled features of a batch and their similarity."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import normalize

from fascore import Tokens, Vector


def prefixes(signals: Sequence[Vector | Tokens]) -> list[int]:
    """The number of tokens of each input that do not represent a position."""
    return [signal.prefix if isinstance(signal, Tokens) else 0 for signal in signals]


def pooled(features: Sequence[Tensor], prefix: Sequence[int]) -> list[Tensor]:
    """Vectors of all inputs, float32: (B, D) unchanged; (B, N, D) averaged over positions."""
    return [(f if f.ndim == 2 else f[:, skipped:].mean(1)).float() for f, skipped in zip(features, prefix, strict=True)]


def similarity(first: Tensor, other: Tensor, *, unit: bool = True) -> Tensor:
    """s_ij = F_first(i)^T F_other(j), eq. 1; with `unit`, of features normalized to length 1.

    Shapes: (B, D) x 2 -> (B, B).
    """
    if unit:
        first, other = normalize(first, dim=1), normalize(other, dim=1)
    return first @ other.T
