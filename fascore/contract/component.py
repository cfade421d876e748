"""Component: a frozen, typed config that declares its inputs and outputs statically and builds the implementation.

This module works around three pitfalls of pydantic: defaults are validated (a bare-name default becomes its component),
components are serialized by their own type rather than the field's annotation, and a Slot writes a marker into the JSON
Schema instead of a recursive reference.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from typing import Annotated, Any, ClassVar, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from fascore.contract.errors import FascoreError, Problem, SpecErrors
from fascore.contract.registry import BrokenPlugin, index

NODE_NAME = r"^[a-z][a-z0-9_]*$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
DEVICE = r"^(auto|cpu|cuda(:\d+)?)$"
FORMS = {
    NODE_NAME: "a name is a lowercase letter followed by lowercase letters, digits, and '_'",
    FILE_NAME: "it names a folder: write a letter or digit, then letters (A-Z, a-z), digits, '.', '_', and '-'",
    DEVICE: "write auto, cpu, cuda, or a numbered GPU such as cuda:1",
}
"""Text patterns in a spec, with an explanation of each."""

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Config(BaseModel):
    """A closed, frozen pydantic model: the base of everything in a spec."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    def canonical(self) -> str:
        """The canonical JSON text of this config, including all defaults: its identity."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """Hex SHA-256 of `canonical`."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @classmethod
    def member_for(cls, value: object) -> type[Config]:
        """The class that validates a JSON value: this one, or the union member that the value names."""
        return cls


class Component(Config):
    """Base of all ten kinds. A subclass restricts `type` to a literal that equals the name of its entry point."""

    kind: ClassVar[str]
    type: str

    @classmethod
    def examples(cls) -> list[Any]:
        """Examples for the conformance suite; each kind documents their form. Default: the config without arguments."""
        return [cls.model_validate({})]


class SlotMarker:
    """Makes a field accept `{"type": …}`, a bare name, or a Python object of one kind."""

    def __init__(self, *, node: bool = False) -> None:
        self.node = node

    def __get_pydantic_core_schema__(self, source: type[Component], handler: GetCoreSchemaHandler) -> CoreSchema:
        def resolve(value: object) -> Component:
            return self._resolve(source, value)

        serialize = core_schema.plain_serializer_function_ser_schema(self._dump, info_arg=True)
        return core_schema.no_info_plain_validator_function(
            resolve, serialization=serialize, metadata={"kind": source.kind}
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        marker = {"x-slot": cast("dict[str, Any]", schema["metadata"])["kind"]}
        return {**marker, "x-node": True} if self.node else marker

    def _resolve(self, base: type[Component], value: object) -> Component:
        if isinstance(value, base):
            return value
        if isinstance(value, Component):
            raise PydanticCustomError(
                "component", "{message}", {"message": f"must be {_a(base.kind)}; '{value.type}' is {_a(value.kind)}"}
            )
        fields = {"type": value} if isinstance(value, str) else value
        if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
            message = f'must be {_a(base.kind)}: {{"type": "<name>", …}}, or a bare name'
            raise PydanticCustomError("component", "{message}", {"message": message})
        if not self.node and "inputs" in fields:
            message = "'inputs' is only for nodes of a graph; the owner of this component wires it: remove 'inputs'"
            raise PydanticCustomError("component", "{message}", {"message": message})
        try:
            component = load(base.kind, fields["type"])
        except FascoreError as error:
            raise PydanticCustomError("component", "{message}", {"message": str(error)}) from error
        return validate_lines(component, fields)

    def _dump(self, value: Component, info: core_schema.SerializationInfo) -> dict[str, Any]:
        fields = value.model_dump(mode=info.mode, by_alias=True)
        if not self.node:
            fields.pop("inputs", None)
        return fields


Slot = Annotated[T, SlotMarker()]
"""A component inside another: `Slot[Fusion]`. The owner wires its inputs and may build it several times."""
Node = Annotated[T, SlotMarker(node=True)]
"""A named component of a graph, with its own `inputs`."""


def _a(kind: str) -> str:
    """A kind with its indefinite article."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def named(name: str) -> Any:
    """A bare name as the default of a Slot; validation replaces it with the component."""
    return name


def load(kind: str, name: str) -> type[Component]:
    """Import the component class with this name. Raises UnknownComponent, Conflict, or BrokenPlugin."""
    provider = index().provider(kind, name)
    component = provider.load()
    who = f"{kind} '{name}' from {provider.source}: {provider.target}"
    if not (isinstance(component, type) and issubclass(component, Component)) or component.kind != kind:
        raise BrokenPlugin(f"{who} is not {_a(kind)} component; report this to the authors of {provider.distribution}")
    declared = get_args(component.model_fields["type"].annotation)
    if declared != (name,):
        raise BrokenPlugin(f"{who} declares the type {declared}; its entry point and its `type` must match")
    return component


def validate_lines(model: type[M], value: object) -> M:
    """`model_validate`, except that the error for an unknown key suggests the nearest field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = [_with_nearest(model, line) for line in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(model.__name__, lines) from None


def validate(model: type[M], value: object) -> M:
    """Validate external input. Raises SpecErrors with every problem found in one pass, each with its JSON path."""
    try:
        return validate_lines(model, value)
    except ValidationError as error:
        raise SpecErrors(problems(error)) from None


def problems(error: ValidationError) -> list[Problem]:
    """pydantic's errors as paths and sentences."""
    lines = error.errors(include_url=False)
    deeper = {line["loc"][:depth] for line in lines for depth in range(len(line["loc"]))}
    # pydantic drops invalid items from a list; that the list is then too short is not a separate problem.
    kept = [line for line in lines if line["type"] != "too_short" or line["loc"] not in deeper]
    return [Problem(".".join(str(step) for step in line["loc"] if step != "[key]"), _sentence(line)) for line in kept]


def _sentence(line: Any) -> str:
    if line["type"] == "missing":
        return "is missing"
    if line["type"] in ("component", "unknown_field"):
        return str(line["msg"])
    if line["type"] == "too_short":
        return f"{'has too few entries' if line['input'] else 'is empty'}; write at least {line['ctx']['min_length']}"
    message = str(line["msg"]).removeprefix("Value error, ")
    if line["type"] == "string_pattern_mismatch":
        message = FORMS.get(line["ctx"]["pattern"], message)
    shown = json.dumps(line["input"], default=str, ensure_ascii=False)
    return message if len(shown) > 60 or line["type"] == "value_error" else f"{message}; got {shown}"


def _with_nearest(model: type[BaseModel], line: Any) -> InitErrorDetails:
    kind: Any = line["type"]
    if kind == "extra_forbidden":
        owner, key = _model_at(model, line["loc"][:-1]), str(line["loc"][-1])
        names = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
        near = difflib.get_close_matches(key, names, 1, 0.6)
        hint = f" Did you mean '{near[0]}'?" if near else f" Fields: {', '.join(names)}." if names else ""
        kind = PydanticCustomError("unknown_field", "{message}", {"message": f"there is no field '{key}'.{hint}"})
    elif kind in ("component", "unknown_field"):
        kind = PydanticCustomError(kind, "{message}", {"message": line["msg"]})
    elif kind == "value_error":
        kind = PydanticCustomError(
            "value_error", "{message}", {"message": str(line["msg"]).removeprefix("Value error, ")}
        )
    return InitErrorDetails(
        type=kind, loc=line["loc"], input=line["input"], ctx=line.get("ctx", {}) if isinstance(kind, str) else {}
    )


def _model_at(model: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The plain nested model at a path below `model`; None if there is no such model."""
    for step in path:
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        if field is None:
            return None
        inner = [
            a
            for a in (field.annotation, *get_args(field.annotation))
            if isinstance(a, type) and issubclass(a, BaseModel)
        ]
        if not inner:
            return None
        model = inner[0]
    return model


def replaced(config: M, **changes: object) -> M:
    """A changed and validated copy (`model_copy(update=…)` does not validate)."""
    return validate(type(config), {**config.model_dump(mode="json", by_alias=True), **changes})


__all__ = [
    "Component",
    "Config",
    "Node",
    "Slot",
    "SlotMarker",
    "load",
    "named",
    "problems",
    "replaced",
    "validate",
    "validate_lines",
]
