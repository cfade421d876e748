"""Overrides: change or remove fields of a document by path, before validation.

The walk along a path follows both the document and its models. A field that the document omits therefore starts from its
default, and a path to an unknown field is an error that lists the available fields.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from fascore.contract.component import Component, Config, load
from fascore.contract.errors import FascoreError, Problem, SpecError, SpecErrors
from fascore.contract.registry import index

Json: TypeAlias = Any
"""Parsed JSON, not validated yet."""
Annotation: TypeAlias = Any
"""Type of a field as its model declares it; None if there is no such field."""
KEPT_ON_NEW_TYPE = ("inputs", "weight", "target", "where")
UNSET: dict[str, Json] = {"$unset": True}
"""The value of an override that removes its field."""


def apply_overrides(document: Json, overrides: Mapping[str, Json], model: type[Config]) -> Json:
    """A copy of a document of `model` with the overrides applied in order. The value `UNSET` removes a field.

    An override below a field that the document omits starts from the field's default. Setting a `type` creates a new
    object that keeps only `inputs`, `weight`, `target`, and `where`: the other fields belong to the old type. A bare name
    along the path becomes the object that it abbreviates. Raises SpecErrors with every path that names no field.
    """
    problems: list[Problem] = []
    for path, value in _in_order(overrides):
        try:
            document = _Override(path, value, frozenset(overrides)).below(document, model, path.split("."))
        except SpecError as error:
            problems.append(Problem(path, str(error)))
    if problems:
        raise SpecErrors(problems)
    return document


def _in_order(overrides: Mapping[str, Json]) -> list[tuple[str, Json]]:
    """Removals of list items come last and from the back, so that every index means the list as it is written."""

    def removes_item(entry: tuple[str, Json]) -> bool:
        return entry[1] == UNSET and entry[0].rpartition(".")[2].isdecimal()

    items = sorted(filter(removes_item, overrides.items()), key=lambda entry: -int(entry[0].rpartition(".")[2]))
    return [*(entry for entry in overrides.items() if not removes_item(entry)), *items]


def on_command_line(path: str, value: Json) -> str:
    """An override, written as a command-line option."""
    if value == UNSET:
        return f"--unset {path}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"--set {path}={text if len(text) <= 60 else f'{text[:59]}…'}"


@dataclass(frozen=True)
class _Override:
    """One override during its walk down a document; `others` holds the paths of all overrides applied with it."""

    path: str
    value: Json
    others: frozenset[str]

    @property
    def removes(self) -> bool:
        return isinstance(self.value, dict) and "$unset" in self.value

    def below(self, value: Json, annotation: Annotation, steps: list[str]) -> Json:
        """A copy of a value with the override applied at `steps` below it. Raises SpecError."""
        if self.removes and self.value != UNSET:
            raise SpecError(f"only {json.dumps(UNSET)} removes a field; leave out the other keys")
        if isinstance(value, list):
            return self._in_list(value, annotation, steps)
        if isinstance(value, str) and (annotation in (None, Any) or _takes_component(annotation)):
            value = {"type": value}
        if value is None and (_model(annotation, value) or _takes_component(annotation)):
            value = {}
        if not isinstance(value, dict):
            raise SpecError(f"{self._place(steps)} has no fields: it is {json.dumps(value)}")
        return self._in_object(value, annotation, steps)

    def _in_list(self, items: list[Json], annotation: Annotation, steps: list[str]) -> list[Json]:
        step, *rest = steps
        if not re.fullmatch(r"[0-9]+", step) or int(step) >= len(items):
            raise SpecError(
                f"'{step}' is not an index of {self._place(steps)}, a list of length {len(items)}; indices start at 0"
            )
        place = int(step)
        if rest:
            changed = [self.below(items[place], _item(annotation, step), rest)]
        else:
            changed = [] if self.removes else [self.value]
        return [*items[:place], *changed, *items[place + 1 :]]

    def _in_object(self, fields: dict[str, Json], annotation: Annotation, steps: list[str]) -> dict[str, Json]:
        step, *rest = steps
        if rest:
            child = _child(annotation, fields, step)
            inner = fields[step] if step in fields else self._start(fields, annotation, steps)
            return {**fields, step: self.below(inner, child, rest)}
        if self.removes:
            model = _model(annotation, fields)
            if step not in fields and not (model and _field(model, step)):
                raise SpecError(self._no_such(step, _names(model, fields), steps))
            return {key: item for key, item in fields.items() if key != step}
        if step == "type":
            fields = {key: fields[key] for key in KEPT_ON_NEW_TYPE if key in fields}
            return {"type": self.value, **fields}
        return {**fields, step: self.value}

    def _start(self, fields: dict[str, Json], annotation: Annotation, steps: list[str]) -> Json:
        """The starting value for an override below a key that the document omits: the default, or an empty object."""
        step, *rest = steps
        model = _model(annotation, fields)
        if model is not None:
            field = _field(model, step)
            if field is None and self.removes:
                raise SpecError(self._no_such(step, _names(model, fields), steps))
            return {} if field is None else _default(field)
        if annotation is None:
            return {}
        child, whole = _child(annotation, fields, step), self._place(rest)
        if whole == f"trackers.{step}":
            return self._tracker(fields, steps)
        made = whole in self.others or (f"{whole}.type" in self.others and not self._mistyped(fields, child, whole))
        if not made and (_takes_component(child) or _is_list(child)):
            adding = "" if self.removes else f"; to add it, set all of {whole}"
            raise SpecError(self._no_such(step, fields, steps) + adding)
        return {}

    def _mistyped(self, fields: Mapping[str, Json], child: Annotation, whole: str) -> bool:
        """Whether a new node cannot be meant: its kind needs inputs, no override sets them, and a similar name exists."""
        wired = any("inputs" in config.model_fields for config in _configs(child))
        near = difflib.get_close_matches(whole.rpartition(".")[2], fields, 1, 0.5)
        return wired and bool(near) and f"{whole}.inputs" not in self.others

    def _tracker(self, fields: dict[str, Json], steps: list[str]) -> Json:
        """Empty options of an installed tracker: setting one of its options enables it."""
        try:
            index().provider("hooks", steps[0])
        except FascoreError as error:
            raise SpecError(f"{self._no_such(steps[0], fields, steps)}; {error}") from error
        return {}

    def _no_such(self, key: str, fields: Collection[str], steps: list[str]) -> str:
        available = f"available: {', '.join(fields)}" if fields else "it is empty"
        near = difflib.get_close_matches(key, fields, 1, 0.5)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        return f"there is no '{key}' in {self._place(steps)}; {available}{hint}"

    def _place(self, steps: Sequence[str]) -> str:
        """The path of the object that the remaining steps start from."""
        return ".".join(self.path.split(".")[: -len(steps)]) or "the spec"


def _origin(annotation: Annotation) -> Any:
    return get_origin(
        annotation
    )  # typed as Any, because the overloads of get_origin accept no annotation held in a variable


def _kinds(annotation: Annotation) -> Iterator[Annotation]:
    """The alternatives of an annotation, without the metadata that pydantic attaches."""
    origin = _origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for alternative in get_args(annotation):
            yield from _kinds(alternative)
    else:
        yield annotation


def _configs(annotation: Annotation) -> list[type[Config]]:
    return [kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, Config)]


def _takes_component(annotation: Annotation) -> bool:
    """Whether the field accepts any component of a kind, chosen by its `type`."""
    return any(issubclass(config, Component) for config in _configs(annotation))


def _model(annotation: Annotation, value: Json) -> type[Config] | None:
    """The model that validates a value, or None if there is none or its `type` is unknown."""
    for config in _configs(annotation):
        if not issubclass(config, Component) or _tags(config):
            return config.member_for(value)
        name = value.get("type") if isinstance(value, dict) else None
        if isinstance(name, str):
            try:
                return load(config.kind, name)
            except FascoreError:  # validation reports the problem
                return None
    return None


def _names(model: type[Config] | None, fields: Mapping[str, Json]) -> list[str]:
    """The fields that an object can have, or the keys that it has if it has no model."""
    return list(fields) if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[Config], step: str) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if step == (field.alias or name)), None)


def _child(annotation: Annotation, fields: Mapping[str, Json], step: str) -> Annotation:
    """The annotation of a key's value in an object."""
    model = _model(annotation, fields)
    if model is not None:
        field = _field(model, step)
        return None if field is None else field.annotation
    mappings = [kind for kind in _kinds(annotation) if _origin(kind) is dict]
    return get_args(mappings[0])[1] if mappings else None


def _item(annotation: Annotation, step: str) -> Annotation:
    """The annotation of one item of a list."""
    for kind in _kinds(annotation):
        items = get_args(kind)
        if _origin(kind) is tuple and items[-1] is not ...:
            return items[int(step)] if int(step) < len(items) else None
        if _is_list(kind):
            return items[0]
    return None


def _is_list(annotation: Annotation) -> bool:
    return _origin(annotation) in (tuple, list)


def _tags(model: type[Config]) -> list[str]:
    """Fields that allow only one value and thus identify the model."""
    fields = model.model_fields.items()
    return [
        name for name, field in fields if _origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
    ]


def _default(field: FieldInfo) -> Json:
    """A field's default as a document would write it; an empty object if there is none."""
    default = field.get_default(call_default_factory=True, validated_data={})
    return {} if default is PydanticUndefined or default is None else _as_document(default)


def _as_document(value: object) -> Json:
    """A value as JSON, with the fewest fields that keep its meaning."""
    if isinstance(value, Config):
        tags = {name: getattr(value, name) for name in _tags(type(value))}
        return {**tags, **value.model_dump(mode="json", by_alias=True, exclude_unset=True)}
    if isinstance(value, list | tuple):
        return [_as_document(item) for item in value]
    return to_jsonable_python(value, by_alias=True)


__all__ = ["UNSET", "Json", "apply_overrides", "on_command_line"]
