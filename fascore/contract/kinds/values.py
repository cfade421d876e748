"""The type of the values that a metric computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Value: TypeAlias = float | int | str | Mapping[str, "Value"] | None
"""A number, a note such as `not measurable`, or named parts of the same."""
