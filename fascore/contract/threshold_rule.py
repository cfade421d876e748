"""ThresholdRule: how a decision threshold is chosen on the dev split, as written in specs and score files."""

from __future__ import annotations

import math
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

RULES = {
    "eer": "equal error rates for bona fide and attack presentations, all species pooled",
    "min_hter": "smallest half total error rate, all species pooled",
    "bpcer": "bpcer=0.01: at most this share of bona fide presentations rejected",
    "apcer": "apcer=0.05: at most this share of each attack species accepted",
    "far": "far=0.1: at most this share of all attacks accepted, species pooled",
    "fixed": "fixed=0.5: this number",
}
_BARE = ("eer", "min_hter")


class ThresholdRule(str):
    """A rule as written: `eer`, `min_hter`, `bpcer=0.01`, `apcer=0.05`, `far=0.1`, or `fixed=0.5`."""

    __slots__ = ()

    def __new__(cls, text: str) -> ThresholdRule:
        """Parse a rule. Raises ValueError with a sentence that lists the rules."""
        name, equals, number = text.partition("=")
        listed = ", ".join(name if name in _BARE else meaning.partition(":")[0] for name, meaning in RULES.items())
        if name not in RULES or (name in _BARE) == bool(equals):
            raise ValueError(f"'{text}' is not a threshold rule; the rules are {listed}")
        if equals:
            try:
                level = float(number)
            except ValueError:
                raise ValueError(
                    f"'{text}': '{number}' is not a number; write, for example, '{RULES[name].partition(':')[0]}'"
                ) from None
            if not math.isfinite(level) or (name != "fixed" and not 0 <= level < 1):
                raise ValueError(
                    f"'{text}': a rate must be in [0, 1) and a threshold must be finite; write, for example, '{RULES[name].partition(':')[0]}'"
                )
        return super().__new__(cls, text)

    @property
    def name(self) -> str:
        """The rule without its number."""
        return self.partition("=")[0]

    @property
    def level(self) -> float:
        """The number after `=`: a rate, or the threshold for `fixed`; NaN for a rule without a number."""
        number = self.partition("=")[2]
        return float(number) if number else math.nan

    @property
    def meaning(self) -> str:
        """The rule in plain words, without its example."""
        return RULES[self.name].rpartition(": ")[2]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": r"^(eer|min_hter|(bpcer|apcer|far|fixed)=[-+0-9.eE]+)$",
            "examples": ["eer", "bpcer=0.01", "apcer=0.05"],
        }
