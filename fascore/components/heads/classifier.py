"""The layers that classifying heads share."""

from __future__ import annotations

from torch import nn


def classifier(width: int, outputs: int, *, hidden: int | None, dropout: float) -> nn.Sequential:
    """[Linear, ReLU,] Dropout, Linear. Shapes: (B, width) -> (B, outputs)."""
    hidden_layers = [] if hidden is None else [nn.Linear(width, hidden), nn.ReLU()]
    return nn.Sequential(*hidden_layers, nn.Dropout(dropout), nn.Linear(hidden or width, outputs))
