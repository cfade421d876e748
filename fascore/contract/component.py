"""Component: a frozen, typed config that says statically what it takes and gives, and builds the real thing.

pydantic's traps are solved here once: defaults are validated (a bare-name default becomes its component), components
serialise by what they are and not by the field's annotation, and a Slot leaves a marker in the JSON Schema instead of a
reference that would loop.
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
    NODE_NAME: "a name is a small letter, then small letters, digits and _",
    FILE_NAME: "it names a folder: write a letter or digit, then letters (A-Z, a-z), digits, '.', '_' and '-'",
    DEVICE: "write auto, cpu, cuda, or cuda:1 and so on",
}
"""Patterns of text in a spec, and what they mean."""

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Config(BaseModel):
    """A closed, frozen pydantic model: the base of everything that stands in a spec."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    def canonical(self) -> str:
        """The one JSON text of this config, every default written out: its identity."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """Hex SHA-256 of `canonical`."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @classmethod
    def member_for(cls, value: object) -> type[Config]:
        """The class that a JSON value is validated as: this one, or the member of a union that the value names."""
        return cls


class Component(Config):
    """Base of all ten kinds. A subclass fixes `type` to a literal, equal to its entry point's name."""

    kind: ClassVar[str]
    type: str

    @classmethod
    def examples(cls) -> list[Any]:
        """Examples for the conformance suite; each kind says of what form. Default: the config without arguments."""
        return [cls.model_validate({})]


class SlotMarker:
    """Makes a field accept `{"type": …}`, a bare name, or a Python object of one kind."""

    def __init__(self, *, node: bool = False) -> None:
        self.node = node

    def __get_pydantic_core_schema__(self, source: type[Component], handler: GetCoreSchemaHandler) -> CoreSchema:
        def resolve(value: object) -> Component:
            return self._resolve(source, value)

        serialise = core_schema.plain_serializer_function_ser_schema(self._dump, info_arg=True)
        return core_schema.no_info_plain_validator_function(
            resolve, serialization=serialise, metadata={"kind": source.kind}
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        marker = {"x-slot": cast("dict[str, Any]", schema["metadata"])["kind"]}
        return {**marker, "x-node": True} if self.node else marker

    def _resolve(self, base: type[Component], value: object) -> Component:
        if isinstance(value, base):
            return value
        if isinstance(value, Component):
            raise PydanticCustomError(
                "component", "{message}", {"message": f"takes {_a(base.kind)}; '{value.type}' is {_a(value.kind)}"}
            )
        fields = {"type": value} if isinstance(value, str) else value
        if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
            message = f'takes {_a(base.kind)}: {{"type": "<name>", …}}, or a bare name'
            raise PydanticCustomError("component", "{message}", {"message": message})
        if not self.node and "inputs" in fields:
            message = "'inputs' belongs to a graph's node; here the owner wires it: leave it out"
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
"""A component inside another: `Slot[Fusion]`. The owner wires its inputs, and may build it many times."""
Node = Annotated[T, SlotMarker(node=True)]
"""A component that stands in a graph under a name, with `inputs` of its own."""


def _a(kind: str) -> str:
    """A kind with its article."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def named(name: str) -> Any:
    """A bare name as the default of a Slot; validation turns it into the component."""
    return name


def load(kind: str, name: str) -> type[Component]:
    """Import the component class of a name. Raises UnknownComponent, Conflict or BrokenPlugin."""
    provider = index().provider(kind, name)
    component = provider.load()
    who = f"{kind} '{name}' from {provider.source}: {provider.target}"
    if not (isinstance(component, type) and issubclass(component, Component)) or component.kind != kind:
        raise BrokenPlugin(f"{who} is not {_a(kind)} component; tell the authors of {provider.distribution}")
    declared = get_args(component.model_fields["type"].annotation)
    if declared != (name,):
        raise BrokenPlugin(f"{who} calls itself {declared}; its entry point and its `type` must agree")
    return component


def validate_lines(model: type[M], value: object) -> M:
    """`model_validate` whose complaint about an unknown key names the nearest field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = [_with_nearest(model, line) for line in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(model.__name__, lines) from None


def validate(model: type[M], value: object) -> M:
    """Validate outside input. Raises SpecErrors with every problem of the pass, each with its JSON path."""
    try:
        return validate_lines(model, value)
    except ValidationError as error:
        raise SpecErrors(problems(error)) from None


def problems(error: ValidationError) -> list[Problem]:
    """pydantic's errors as paths and sentences."""
    lines = error.errors(include_url=False)
    deeper = {line["loc"][:depth] for line in lines for depth in range(len(line["loc"]))}
    # A list loses the items that are wrong: that it is then too short is not a second mistake.
    kept = [line for line in lines if line["type"] != "too_short" or line["loc"] not in deeper]
    return [Problem(".".join(str(step) for step in line["loc"] if step != "[key]"), _sentence(line)) for line in kept]


def _sentence(line: Any) -> str:
    if line["type"] == "missing":
        return "is missing"
    if line["type"] in ("component", "unknown_field"):
        return str(line["msg"])
    if line["type"] == "too_short":
        return f"{'has too few entries' if line['input'] else 'is empty'}; at least {line['ctx']['min_length']} must stand here"
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
    """The plain nested model at a path below `model`; None where it is not one."""
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
    """A changed copy, validated again (`model_copy(update=…)` would not)."""
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
