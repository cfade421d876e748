"""Parameters that evaluate and compare share, as the evaluation needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fascore.evaluation.evaluate import Depth
    from fascore.evaluation.presentation_level import Level


def rule_of(threshold: str | float | None) -> str | None:
    """A threshold rule as text; a number is a fixed threshold. Raises FascoreError for anything else."""
    if threshold is None or isinstance(threshold, str):
        return threshold
    try:
        return f"fixed={float(threshold)!r}"
    except (TypeError, ValueError):
        raise FascoreError(f"threshold: pass a rule such as 'bpcer=0.01', or a number; this is {threshold!r}") from None


def level_of(name: str, rule: str | None) -> Level:
    """What counts as one presentation. Raises FascoreError for words that name no level or rule."""
    from fascore.evaluation.presentation_level import Level

    for parameter, field, value in (("level", "name", name), ("fold", "rule", rule)):
        allowed = get_args(Level.model_fields[field].annotation)
        if value is not None and value not in allowed:
            raise FascoreError(f"{parameter}: '{value}' is not one of {', '.join(allowed)}; choose one of these")
    if rule is not None and name == "frame":
        raise FascoreError(
            "fold: at level 'frame' each row stays as it is; choose level='clip' or level='attempt', or leave fold out"
        )
    return Level.model_validate({"name": name, **({} if rule is None else {"rule": rule})})


def depth_of(bootstrap: int, seed: int, by: str | Sequence[str] = ()) -> Depth:
    """Resamples and breakdowns; `by` is one column or several. Raises FascoreError for a number of resamples below 0."""
    from fascore.evaluation.evaluate import Depth

    if isinstance(bootstrap, bool) or not isinstance(bootstrap, int) or bootstrap < 0:
        raise FascoreError(f"bootstrap: pass a whole number of at least 0; this is {bootstrap!r}")
    return Depth(bootstrap, seed, (by,) if isinstance(by, str) else tuple(by))
