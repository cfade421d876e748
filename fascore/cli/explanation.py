"""What `fascore explain` prints of one component."""

from __future__ import annotations

import inspect
import json
import textwrap
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from fascore.cli.text import WIDTH, columns
from fascore.component import Component, load
from fascore.errors import FascoreError
from fascore.registry import KINDS, index
from fascore.schema import slots_named


def explanation(kind: str, name: str) -> str:
    """Docstring, fields, what it takes and gives, package and place. Raises FascoreError for unknown or broken ones."""
    if kind not in KINDS:
        raise FascoreError(f"'{kind}' is no kind of component; there are: {', '.join(KINDS)}")
    component = load(kind, name)
    provider = index().provider(kind, name)
    blocks = [f"{kind} {name}", inspect.cleandoc(component.__doc__ or ""), _fields(component), _signals(component)]
    return "\n\n".join([*filter(None, blocks), f"from {provider.source}, {_place(component)}"])


def _fields(component: type[Component]) -> str:
    schema = component.model_json_schema()
    rows, told = [], []
    for name, field in component.model_fields.items():
        if name != "type":
            shown = field.alias or name
            rows.append((shown, _type(schema, schema["properties"][shown]), _default(field)))
            told.append(field.description or "")
    if not rows:
        return "no fields"
    heads = columns([*rows], "  ").split("\n")
    place = max(map(len, heads)) + 2
    return "\n".join(["fields", *(_hanging(head.ljust(place), text) for head, text in zip(heads, told))])


def _hanging(head: str, text: str) -> str:
    """A line whose text, where it is long, goes on below itself."""
    return textwrap.fill(text, max(WIDTH, len(head) + 30), initial_indent=head, subsequent_indent=" " * len(head))


def _type(schema: dict[str, Any], part: dict[str, Any]) -> str:
    """A JSON Schema in a few words: `integer > 0`, `list of fusion`, `"a" | "b"`."""
    if "$ref" in part:
        target = schema["$defs"][part["$ref"].rpartition("/")[2]]
        return f"{{{', '.join(target['properties'])}}}" if "properties" in target else _type(schema, target)
    if "anyOf" in part:
        return " | ".join(_type(schema, option) for option in part["anyOf"])
    if "const" in part or "enum" in part:
        return " | ".join(map(json.dumps, part.get("enum", [part.get("const")])))
    if slot := slots_named(part):
        return slot
    if part.get("type") == "array":
        items: dict[str, Any] = part.get("items") or next(iter(part.get("prefixItems", [])), {})
        return f"list of {_type(schema, items)}"
    if part.get("type") == "object":
        values = [*part.get("patternProperties", {}).values(), part.get("additionalProperties")]
        return next((f"{{name: {_type(schema, value)}}}" for value in values if isinstance(value, dict) and value), "object")
    limits = (("exclusiveMinimum", ">"), ("minimum", ">="), ("exclusiveMaximum", "<"), ("maximum", "<="))
    return " ".join([part.get("type", "any"), *(f"{sign} {part[key]:g}" for key, sign in limits if key in part)])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return f"= {_shown(field.get_default(call_default_factory=True, validated_data={}))}"


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
    found = component.infer(signals)
    return ", ".join(f".{port} {signal}" if port else str(signal) for port, signal in found.items()) if isinstance(found, dict) else str(found)


def _place(component: type[Component]) -> str:
    path = Path(inspect.getsourcefile(component) or "?")
    line = inspect.getsourcelines(component)[1]
    return f"{path}:{line}"
