"""Layers of classification heads."""

from __future__ import annotations

from torch import nn


def classifier(width: int, outputs: int, *, hidden: int | None, dropout: float) -> nn.Sequential:
    """Dropout, Linear, ReLU, Dropout, Linear as in the authors' release; without `hidden`, only the last two.

    Shapes: (B, width) -> (B, outputs).
    """
    first = [] if hidden is None else [nn.Dropout(dropout), nn.Linear(width, hidden), nn.ReLU()]
    return nn.Sequential(*first, nn.Dropout(dropout), nn.Linear(hidden or width, outputs))
