"""Units: how the values of a metric are written."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Unit:
    """A value is written as `factor` times the value with `digits` decimal places, a space, and the symbol.

    `interval_digits` is the number of digits for the ends of an interval; None: `digits`. A plugin may define its own
    units, such as `Unit("dB", digits=1)`. Raises ValueError for arguments out of range.
    """

    symbol: str = ""
    digits: int = 2
    factor: float = 1.0
    interval_digits: int | None = None

    def __post_init__(self) -> None:
        if self.symbol != self.symbol.strip() or not self.symbol.isprintable():
            raise ValueError(
                f"the symbol of a unit must be printable text without surrounding spaces; got {self.symbol!r}"
            )
        if not 0 <= self.digits <= 12 or not 0 <= (self.interval_digits or 0) <= 12:
            raise ValueError(f"a unit must have 0 to 12 digits; got {self.digits} and {self.interval_digits}")
        if not math.isfinite(self.factor) or self.factor <= 0:
            raise ValueError(f"the factor of a unit must be a positive number; got {self.factor}")

    def text(self, value: float | None) -> str:
        """A value with its symbol; a dash if it was not measured."""
        return "–" if value is None else self._signed(f"{self.factor * value:.{self.digits}f}")

    def difference(self, value: float | None) -> str:
        """A difference of two values with its sign but without the symbol; for rates, in percentage points."""
        return "–" if value is None else f"{self.factor * value:+.{self.digits}f}"

    def interval(self, low: float | None, high: float | None) -> str:
        """Both ends with the symbol; empty if there is no interval."""
        if low is None or high is None:
            return ""
        digits = self.digits if self.interval_digits is None else self.interval_digits
        return self._signed(f"{self.factor * low:.{digits}f} – {self.factor * high:.{digits}f}")

    def document(self) -> dict[str, Any]:
        """The unit as written to metrics.json; `Unit(**document)` reads it back."""
        return asdict(self)

    def _signed(self, number: str) -> str:
        return f"{number} {self.symbol}" if self.symbol else number


PERCENT = Unit("%", 2, 100.0, 1)
"""Rates in [0, 1], written in percent."""
NUMBER = Unit("", 4)
"""Numbers without a unit, such as an area under a curve."""
COUNT = Unit("", 0)
"""Whole numbers."""
SECONDS = Unit("s", 3)
"""Durations."""
