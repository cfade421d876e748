"""Units: how the figures of a metric are written."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Unit:
    """A figure is written as `factor` times its value with `digits` decimal places, and the symbol after a blank.

    `interval_digits` are those of the ends of an interval; none: `digits`. A plugin has units of its own, such as `Unit("dB", digits=1)`.
    Raises ValueError for what cannot be written.
    """

    symbol: str = ""
    digits: int = 2
    factor: float = 1.0
    interval_digits: int | None = None

    def __post_init__(self) -> None:
        if self.symbol != self.symbol.strip() or not self.symbol.isprintable():
            raise ValueError(f"the symbol of a unit is a short text without blanks around it; got {self.symbol!r}")
        if not 0 <= self.digits <= 12 or not 0 <= (self.interval_digits or 0) <= 12:
            raise ValueError(f"a unit has 0 to 12 digits; got {self.digits} and {self.interval_digits}")
        if not math.isfinite(self.factor) or self.factor <= 0:
            raise ValueError(f"the factor of a unit is a positive number; got {self.factor}")

    def text(self, value: float | None) -> str:
        """A figure with its symbol; a dash where it was not measured."""
        return "–" if value is None else self._signed(f"{self.factor * value:.{self.digits}f}")

    def difference(self, value: float | None) -> str:
        """A difference of two figures with its sign, without the symbol: of rates in percentage points."""
        return "–" if value is None else f"{self.factor * value:+.{self.digits}f}"

    def interval(self, low: float | None, high: float | None) -> str:
        """Both ends with the symbol; empty where there are none."""
        if low is None or high is None:
            return ""
        digits = self.digits if self.interval_digits is None else self.interval_digits
        return self._signed(f"{self.factor * low:.{digits}f} – {self.factor * high:.{digits}f}")

    def document(self) -> dict[str, Any]:
        """The unit as it stands in metrics.json; `Unit(**document)` reads it back."""
        return asdict(self)

    def _signed(self, number: str) -> str:
        return f"{number} {self.symbol}" if self.symbol else number


PERCENT = Unit("%", 2, 100.0, 1)
"""Rates in [0, 1], written in per cent."""
NUMBER = Unit("", 4)
"""Numbers without a unit, such as an area under a curve."""
COUNT = Unit("", 0)
"""Whole numbers."""
SECONDS = Unit("s", 3)
"""Durations."""
