"""The packages of fascore's extras, and the error if one is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from fascore.contract.errors import FascoreError

TRAIN = frozenset({"av", "cv2", "einops", "safetensors", "timm", "torch", "torchvision"})
"""Top-level modules of the extra `train`: reading media, training models, and scoring."""


class MissingExtra(FascoreError):
    """A required package of an extra is not installed."""


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """The error for a failed import; None if the module belongs to no extra."""
    module = (error.name or "").partition(".")[0]
    return _missing(module) if module in TRAIN else None


def require_train() -> None:
    """Check that the packages of `train` are installed, before worker processes import them. Raises MissingExtra."""
    if absent := sorted(module for module in TRAIN if find_spec(module) is None):
        raise _missing(absent[0])


def _missing(module: str) -> MissingExtra:
    return MissingExtra(
        f"reading media, training, and scoring need '{module}', which is not installed: pip install 'fascore[train]'"
    )
