"""Plain configs inside a component: their paths, and whether they accept an unknown key."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

from fascore.contract.component import Component
from fascore.contract.errors import FascoreError

UNKNOWN = "no_such_field"
"""A key that no config has."""
Path: TypeAlias = tuple[str | int, ...]
_SAMPLES: Mapping[type, Any] = {str: "x", bool: True, int: 1, float: 1.0, tuple: (), list: [], dict: {}}
"""A sample value of each type, for required fields."""


def configs_inside(config: BaseModel) -> Iterator[tuple[Path, BaseModel]]:
    """Yield the plain configs in the values of a component, each with its path in the dump.

    Other components are skipped.
    """
    for name, field in type(config).model_fields.items():
        key = field.serialization_alias or field.alias or name
        yield from _inside_value(getattr(config, name), (key,))


def _inside_value(value: Any, path: Path) -> Iterator[tuple[Path, BaseModel]]:
    if isinstance(value, RootModel):
        yield from _inside_value(value.root, path)
    elif isinstance(value, BaseModel) and not isinstance(value, Component):
        yield path, value
        for deeper, inner in configs_inside(value):
            yield path + deeper, inner
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _inside_value(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _inside_value(item, (*path, place))


def models_inside(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The plain configs in the types of a component's fields, at any depth. Other components are skipped."""
    models: list[type[BaseModel]] = []
    waiting = [model]
    while waiting:
        fields = waiting.pop().model_fields.values()
        for inner in (inner for field in fields for inner in _inside_type(field.annotation)):
            if inner not in models and not issubclass(inner, Component):
                models.append(inner)
                waiting.append(inner)
    return models


def _inside_type(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inside_type(argument)


def with_unknown_key(dump: Any, path: Path) -> Any:
    """A copy of a dump with a key that no config has, added at a path."""
    changed = copy.deepcopy(dump)
    owner = changed
    for step in path:
        owner = owner[step]
    owner[UNKNOWN] = 1
    return changed


def accepts(model: type[BaseModel], value: Any) -> bool:
    """Whether a config accepts a value."""
    try:
        model.model_validate(value)
    except (ValueError, FascoreError):
        return False
    return True


def can_change(config: BaseModel) -> bool:
    """Whether any of its fields can be reassigned."""
    for name in type(config).model_fields:
        try:
            setattr(config, name, getattr(config, name))
        except (ValueError, AttributeError, TypeError):
            return False
        return True
    return False


def open_to_unknown_keys(model: type[BaseModel]) -> bool:
    """Whether a config of this type, with made-up values for its required fields, accepts an unknown key.

    If the made-up values are rejected too, the config counts as open if no error names the key and the config declares
    that it ignores or allows such keys.
    """
    if issubclass(model, RootModel):
        return False  # it has no keys of its own; its contents are checked separately
    fields = _made_up(model)
    if accepts(model, fields):
        return accepts(model, {**fields, UNKNOWN: 1})
    return not _complains(model, {**fields, UNKNOWN: 1}) and model.model_config.get("extra") != "forbid"


def _complains(model: type[BaseModel], value: Any) -> bool:
    """Whether the error for a value names the unknown key."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        return any(UNKNOWN in line["loc"] or UNKNOWN in line["msg"] for line in error.errors(include_url=False))
    except ValueError as error:
        return UNKNOWN in str(error)
    return False


def _made_up(model: type[BaseModel]) -> dict[str, Any]:
    """Values for the required fields of a config."""
    required = {name: field for name, field in model.model_fields.items() if field.is_required()}
    return {field.alias or name: _sample(field.annotation) for name, field in required.items()}


def _sample(annotation: Any) -> Any:
    """A value that is likely to be valid for a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _made_up(annotation)
    origin = get_origin(annotation) or annotation
    if origin is Literal:
        return get_args(annotation)[0]
    if origin in _SAMPLES:
        return _SAMPLES[origin]
    inner = [argument for argument in get_args(annotation) if argument is not type(None)]
    return _sample(inner[0]) if inner and len(inner) == len(get_args(annotation)) else None
