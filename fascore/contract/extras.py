"""Packages that an extra of fascore brings, and the sentence for one that is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from fascore.contract.errors import FascoreError

TRAIN = frozenset({"av", "cv2", "einops", "safetensors", "timm", "torch", "torchvision"})
"""Top-level modules of the extra `train`: whatever reads media, trains a model or scores with one."""


class MissingExtra(FascoreError):
    """A package of an extra is needed and not installed."""


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """The sentence for an import that failed; None where the module belongs to no extra."""
    module = (error.name or "").partition(".")[0]
    return _missing(module) if module in TRAIN else None


def require_train() -> None:
    """Refuse to begin without the packages of `train`, before worker processes look for them. Raises MissingExtra."""
    if absent := sorted(module for module in TRAIN if find_spec(module) is None):
        raise _missing(absent[0])


def _missing(module: str) -> MissingExtra:
    return MissingExtra(
        f"reading media, training and scoring need '{module}', which is not installed: pip install 'fascore[train]'"
    )
