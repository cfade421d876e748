"""The text that `fascore explain` prints for one component."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from fascore.cli.text import WIDTH
from fascore.contract.component import Component, Config, load
from fascore.contract.errors import FascoreError
from fascore.contract.registry import KINDS, index
from fascore.spec.schema import Schema

_REQUIRED = object()
_CELL = 40
"""Widest type or default; a longer one continues on the next line."""
_DESCRIPTION = 30
"""Narrowest column for descriptions; if there is less room, they go below their fields."""


def explanation(kind: str, name: str) -> str:
    """Docstring, fields, inputs and outputs, package and source file, at the width of the terminal.

    Raises FascoreError for an unknown or broken component.
    """
    if kind not in KINDS:
        raise FascoreError(f"'{kind}' is not a kind of component; available: {', '.join(KINDS)}")
    component = load(kind, name)
    provider = index().provider(kind, name)
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
    docstring = _filled(inspect.cleandoc(component.__doc__ or ""), width)
    blocks = [f"{kind} {name}", docstring, _fields(component, width), _signals(component)]
    return "\n\n".join([*filter(None, blocks), f"from {provider.source}, {_source(component)}"])


def _filled(text: str, width: int) -> str:
    """The paragraphs of a text, wrapped at `width`; lists and indented blocks stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        paragraph if re.search(r"^(\s|[-*] )", paragraph, re.MULTILINE) else "\n".join(_wrapped(paragraph, width))
        for paragraph in paragraphs
    )


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most `width` columns, indented by `first` and `rest`; words stay whole."""
    wrapper = textwrap.TextWrapper(width, first, rest, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text) or [""]


def _fields(component: type[Component], width: int) -> str:
    rows = list(_rows(component, component.model_json_schema()))
    return "\n".join(["fields", *_table(rows, width)]) if rows else "no fields"


def _table(rows: Sequence[tuple[str, str, str, str]], width: int) -> Iterator[str]:
    """One row per field. Long cells continue on the next line, and nothing is truncated."""
    cells = [[_wrapped(cell, _CELL) for cell in row[:3]] for row in rows]
    widths = [max(len(line) for row in cells for line in row[place]) for place in range(3)]
    room = width - sum(widths) - len("  ") * 4
    for row, heads in zip(rows, cells, strict=True):
        if room >= _DESCRIPTION:
            for line in zip_longest(*heads, _wrapped(row[3], room), fillvalue=""):
                yield ("  " + "  ".join(cell.ljust(size) for cell, size in zip(line, (*widths, 0)))).rstrip()
            continue
        head = "  ".join(filter(None, row[:3]))
        yield from _wrapped(head, width, "  ", " " * 6)
        yield from _wrapped(row[3], width, " " * 6, " " * 6)


def _rows(
    model: type[BaseModel], schema: Schema, prefix: str = "", values: object = None
) -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and description of every field; the fields of a nested config follow it, with a dot.

    If `model` is the type of a field whose default is a config, `values` is that config; its values are the defaults.
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
        kind = "object" if nested else _type(schema, schema["properties"][shown])
        default = getattr(values, name) if values is not None else _REQUIRED if field.is_required() else _default(field)
        shown_default = "required" if default is _REQUIRED else "" if nested else f"= {_shown(default)}"
        yield prefix + shown, kind, shown_default, field.description or ""
        if nested and inner is not None:
            inside = default if isinstance(default, Config) else None
            member = inner if inside is None else type(inside)  # the member of a union, for example of optimizers
            yield from _rows(member, member.model_json_schema(), f"{prefix}{shown}.", inside)


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
    """A default in the form of a spec."""
    if isinstance(value, Component):
        value = value.type
    plain = json.loads(TypeAdapter(Any).dump_json(value, by_alias=True))
    return json.dumps(plain, ensure_ascii=False)


def _signals(component: type[Component]) -> str:
    """`inputs -> outputs` of the component's own examples, for kinds whose examples have Signals."""
    if component.kind not in ("encoder", "fusion", "head", "objective"):
        return ""
    lines = []
    for example in component.examples():
        configured, signals = example[0], list(example[1])
        inputs = ", ".join(map(str, signals))
        result = _outputs(configured, signals) if hasattr(configured, "infer") else f"learns {example[2]}"
        lines.append(f"  {inputs} -> {result}")
    return "inputs -> outputs of its examples\n" + "\n".join(dict.fromkeys(lines))


def _outputs(component: Any, signals: list[Any]) -> str:
    outputs = component.infer(signals)
    return (
        ", ".join(f".{port} {signal}" if port else str(signal) for port, signal in outputs.items())
        if isinstance(outputs, dict)
        else str(outputs)
    )


def _source(component: type[Component]) -> str:
    path = Path(inspect.getsourcefile(component) or "?")
    line = inspect.getsourcelines(component)[1]
    return f"{path}:{line}"
