"""What `fascore explain` prints of one component."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from fascore.cli.text import WIDTH
from fascore.contract.component import Component, Config, load
from fascore.contract.errors import FascoreError
from fascore.contract.registry import KINDS, index
from fascore.report.plain_text import columns
from fascore.spec.schema import Schema

_REQUIRED = object()


def explanation(kind: str, name: str) -> str:
    """Docstring, fields, what it takes and gives, package and place. Raises FascoreError for unknown or broken ones."""
    if kind not in KINDS:
        raise FascoreError(f"'{kind}' is not a kind of component; available: {', '.join(KINDS)}")
    component = load(kind, name)
    provider = index().provider(kind, name)
    blocks = [f"{kind} {name}", inspect.cleandoc(component.__doc__ or ""), _fields(component), _signals(component)]
    return "\n\n".join([*filter(None, blocks), f"from {provider.source}, {_place(component)}"])


def _fields(component: type[Component]) -> str:
    rows = list(_rows(component, component.model_json_schema()))
    heads = columns([row[:3] for row in rows], "  ").split("\n")
    place = max(map(len, heads)) + 2
    lines = [_hanging(head.ljust(place), row[3]) for head, row in zip(heads, rows)]
    return "\n".join(["fields", *lines]) if rows else "no fields"


def _rows(
    model: type[BaseModel], schema: Schema, prefix: str = "", values: object = None
) -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and description of every field; those of a config inside follow it, with a dot.

    `values` is a config that is the default where `model` is the type of a field: its values are the defaults then.
    """
    for name, field in model.model_fields.items():
        if name == "type":
            continue
        shown = field.alias or name
        inner = next(
            (
                a
                for a in (field.annotation, *get_args(field.annotation))
                if isinstance(a, type) and issubclass(a, Config)
            ),
            None,
        )
        nested = inner is not None and not issubclass(inner, Component)
        kind = (
            "object" if nested else textwrap.shorten(_type(schema, schema["properties"][shown]), 40, placeholder=" …")
        )
        default = getattr(values, name) if values is not None else _REQUIRED if field.is_required() else _default(field)
        shown_default = "required" if default is _REQUIRED else "" if nested else f"= {_shown(default)}"
        yield prefix + shown, kind, shown_default, field.description or ""
        if nested and inner is not None:
            inside = default if isinstance(default, Config) else None
            member = inner if inside is None else type(inside)  # of a union, such as optimizers, the default's
            yield from _rows(member, member.model_json_schema(), f"{prefix}{shown}.", inside)


def _hanging(head: str, text: str) -> str:
    """A line whose text, where it is long, goes on below itself."""
    return textwrap.fill(text, max(WIDTH, len(head) + 30), initial_indent=head, subsequent_indent=" " * len(head))


def _type(schema: Schema, node: Schema) -> str:
    """A JSON Schema in a few words: `integer > 0`, `list of fusion`, `"a" | "b"`."""
    if "$ref" in node:
        return _type(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        return " | ".join(_type(schema, option) for option in node["anyOf"])
    if "const" in node or "enum" in node:
        return " | ".join(map(json.dumps, node.get("enum", [node.get("const")])))
    if "x-slot" in node:
        return str(node["x-slot"])
    if node.get("type") == "array":
        items: Schema = node.get("items") or next(iter(node.get("prefixItems", [])), {})
        return f"list of {_type(schema, items)}"
    if node.get("type") == "object":
        values = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
        return next(
            (f"{{name: {_type(schema, value)}}}" for value in values if isinstance(value, dict) and value), "object"
        )
    limits = (("exclusiveMinimum", ">"), ("minimum", ">="), ("exclusiveMaximum", "<"), ("maximum", "<="))
    return " ".join([node.get("type", "any"), *(f"{sign} {node[key]:g}" for key, sign in limits if key in node)])


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True, validated_data={})


def _shown(value: Any) -> str:
    """A default as it would stand in a spec, cut short."""
    if isinstance(value, Component):
        value = value.type
    plain = json.loads(TypeAdapter(Any).dump_json(value, by_alias=True))
    return textwrap.shorten(json.dumps(plain, ensure_ascii=False), 40, placeholder=" …")


def _signals(component: type[Component]) -> str:
    """`takes -> gives` of the component's own examples, for kinds whose examples carry Signals."""
    if component.kind not in ("encoder", "fusion", "head", "objective"):
        return ""
    lines = []
    for example in component.examples():
        made, signals = example[0], list(example[1])
        takes = ", ".join(map(str, signals))
        lines.append(f"  {takes} -> {_gives(made, signals) if hasattr(made, 'infer') else f'learns {example[2]}'}")
    return "takes -> gives, in its examples\n" + "\n".join(dict.fromkeys(lines))


def _gives(component: Any, signals: list[Any]) -> str:
    outputs = component.infer(signals)
    return (
        ", ".join(f".{port} {signal}" if port else str(signal) for port, signal in outputs.items())
        if isinstance(outputs, dict)
        else str(outputs)
    )


def _place(component: type[Component]) -> str:
    path = Path(inspect.getsourcefile(component) or "?")
    line = inspect.getsourcelines(component)[1]
    return f"{path}:{line}"
