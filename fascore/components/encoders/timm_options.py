"""The options of a timm model. Both the table of models and the models themselves read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fascore.contract.errors import SpecError

Output: TypeAlias = Literal["vector", "tokens", "pyramid"]
DEFAULT_LEVELS = 4


@dataclass(frozen=True, kw_only=True)
class TimmOptions:
    """A timm model by name, and how it is built: the fields of the component `timm` except the one for a Clip."""

    name: str
    pretrained: bool | str
    output: Output
    levels: tuple[int, ...] | None
    img_size: int | tuple[int, int] | None
    drop: float
    drop_path: float

    def chosen_levels(self, count: int) -> tuple[int, ...]:
        """Indices of the selected maps among `count` feature maps, from 0, in order. Raises SpecError."""
        selected = self.levels if self.levels is not None else range(-min(DEFAULT_LEVELS, count), 0)
        if invalid := [i for i in selected if not -count <= i < count]:
            raise SpecError(
                f"'{self.name}' has {count} feature maps, so 'levels' are 0 to {count - 1} or -{count} to -1; got {invalid[0]}"
            )
        return tuple(sorted({i % count for i in selected}))


__all__ = ["Output", "TimmOptions"]
