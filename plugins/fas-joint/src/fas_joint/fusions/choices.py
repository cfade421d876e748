"""The activations and norms that may follow the linear layer of a fusion."""

from __future__ import annotations

from typing import Literal, TypeAlias

Activation: TypeAlias = Literal["none", "relu", "gelu"]
Normalization: TypeAlias = Literal["none", "batch", "layer"]
