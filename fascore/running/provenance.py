"""Provenance of a run: versions, providers, the machine, and whether the run can be reproduced elsewhere."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from pydantic import BaseModel

from fascore.contract.component import Component
from fascore.contract.registry import API, index
from fascore.contract.version import VERSION
from fascore.spec.documents import RunSpec

LIBRARIES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "av",
    "opencv-python-headless",
    "pydantic",
    "safetensors",
    "scikit-learn",
)


def components(value: object) -> list[Component]:
    """Every component inside a value, at any depth."""
    nested: list[Component] = []
    if isinstance(value, Component):
        nested.append(value)
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            nested += components(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            nested += components(item)
    elif isinstance(value, tuple | list):
        for item in value:
            nested += components(item)
    return nested


def provenance(spec: RunSpec) -> dict[str, Any]:
    """Versions of fascore, plugins, and libraries; `not_reproducible` names components loaded with `--with`."""
    providers = {(c.kind, c.type): index().provider(c.kind, c.type) for c in components(spec)}
    return {
        "fascore": VERSION,
        "plugin_api": API,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "components": {f"{kind} {name}": p.source for (kind, name), p in sorted(providers.items())},
        "not_reproducible": sorted(
            f"{kind} {name} ({p.target})" for (kind, name), p in providers.items() if not p.installed
        ),
    }
