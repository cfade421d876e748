"""Regions where attacks of a species may be inpainted. Importing this module does not import torch."""

from __future__ import annotations

from typing import Literal, TypeAlias

Region: TypeAlias = Literal["nowhere", "anywhere", "face", "upper", "lower"]
"""Region where an attack may be inpainted: a part of the face or of the picture."""
REGIONS: dict[str, Region] = {
    "print": "nowhere",
    "replay": "nowhere",
    "partial": "upper",
    "partial.mouth": "lower",
    "glasses": "upper",
}
"""Region by prefix of the species."""
